"""What `minyi settings` and `minyi db` do, and how the commands open the store."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from pipeline.errors import InputError
from service.commands.models import table, tell
from service.settings import Settings, source_of
from service.store import Store, current, downgrade, upgrade
from service.store.upgrade import check, newest


@contextmanager
def opened(*, any_version: bool = False) -> Iterator[Store]:
    """Give the store of the office; refuse one whose tables are of another version, unless that is no matter."""
    settings = Settings.read()
    if any_version:
        settings.prepare()
    store = Store.open(settings.url)
    try:
        if not any_version:
            check(store)
        yield store
    finally:
        store.close()


def run_settings() -> int:
    """List the settings; see `service.cli.operation.settings`."""
    settings = Settings.read()
    shown = table("设置", "名称", "值", "来源", "含义")
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        told = "（不显示）" if isinstance(value, SecretStr) else "" if value is None else str(value)
        shown.add_row(name, told, source_of(name), field.description or "")
    tell(shown)
    return 0


def run_upgrade(version: str) -> int:
    """Bring the tables to a version; see `service.cli.operation.db_upgrade`."""
    with opened(any_version=True) as store:
        before = current(store)
        upgrade(store, version)
        tell(f"数据库的版本：{before or '（空）'} → {current(store)}。")
    return 0


def run_downgrade(version: str, *, force: bool) -> int:
    """Take the tables back; see `service.cli.operation.db_downgrade`."""
    if not force:
        raise InputError(f"退回到 {version} 会丢掉新版本才有的数据。请先用 minyi backup 备份，再加 --force。")
    with opened(any_version=True) as store:
        before = current(store)
        downgrade(store, version)
        tell(f"数据库的版本：{before or '（空）'} → {current(store) or '（空）'}。")
    return 0


def run_current() -> int:
    """Show the version; see `service.cli.operation.db_current`."""
    with opened(any_version=True) as store:
        found, needed = current(store), newest()
    sys.stdout.write(f"{found or '（空）'}\n")
    if found != needed:
        tell(f"软件需要 {needed}。请运行 minyi db upgrade。")
    return int(found != needed)
