"""What `minyi backup` and `minyi restore` do."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from pipeline import __version__
from pipeline.errors import InputError
from pipeline.knowledge import SHIPPED_MODELS, models_folder
from service.commands.models import tell
from service.commands.operation import opened
from service.desk import audit
from service.settings import Settings
from service.store import Store, backup, current, now
from service.store.upgrade import newest


def run_backup(out: Path) -> int:
    """Write a backup; see `service.cli.operation.backup`."""
    settings = Settings.read()
    with opened(any_version=True) as store:
        told = backup.make(store, settings.data, _own_models(settings), out, f"minyi {__version__}")
    rows = told.rows.get("submissions", 0)
    tell(f"已备份到 {out}：{rows} 件来件，{len(told.files)} 个文件，{out.stat().st_size / 1e6:.1f} MB。")
    return 0


def run_restore(file: Path, *, force: bool) -> int:
    """Put a backup back; see `service.cli.operation.restore`."""
    settings = Settings.read()
    near = settings.data.absolute().parent
    near.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=near, prefix=".minyi-restore-") as name:
        folder = Path(name)
        told = backup.unpack(file, folder)
        store = Store.open(settings.url)
        _fits(store, settings, told, force=force)
        saved = _saved(store, near)
        aside = _aside(settings.data)
        models = _own_models(settings)
        models_aside = _aside(models) if models and (folder / "models").is_dir() else None
        settings.prepare()
        backup.put_back(store, folder)
        if (folder / "data").is_dir():
            shutil.copytree(folder / "data", settings.data, dirs_exist_ok=True)
            settings.data.chmod(0o700)
        if models and (folder / "models").is_dir():
            shutil.copytree(folder / "models", models)
        for kept in filter(None, (saved, aside, models_aside)):
            tell(f"原来的留在 {kept}。")
        return _verified(store, told)


def _fits(store: Store, settings: Settings, told: backup.Manifest, *, force: bool) -> None:
    """Refuse a backup of another database, and to write over data unless told to."""
    if told.database != store.engine.dialect.name:
        raise InputError(
            f"备份是 {told.database} 的，现在设的是 {store.engine.dialect.name}。请改 MINYI_DATABASE_URL 再恢复。"
        )
    there = settings.data.is_dir() and any(settings.data.iterdir())
    if store.is_postgresql:
        there = there or current(store) is not None
    if there and not force:
        raise InputError(f"{settings.data} 或数据库里已有数据。确要恢复，请先停下服务，再加 --force。")


def _saved(store: Store, near: Path) -> Path | None:
    """Back up what a database of PostgreSQL holds before it is written over; a file of SQLite is renamed instead."""
    if not store.is_postgresql or current(store) is None:
        return None
    out = near / f"minyi-before-{now():%Y%m%dT%H%M%S}.tar.gz"
    backup.make(store, near / "none", None, out, f"minyi {__version__}")
    return out


def _aside(folder: Path) -> Path | None:
    """Rename a folder that has something in it, so that nothing of it is lost."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    kept = folder.with_name(f"{folder.name}.before-{now():%Y%m%dT%H%M%S}")
    folder.rename(kept)
    return kept


def _own_models(settings: Settings) -> Path | None:
    """Return the office's folder of models where it lies outside both software and data folder."""
    folder = models_folder()
    inside = folder.absolute().is_relative_to(settings.data.absolute())
    return None if inside or folder == SHIPPED_MODELS or not os.environ.get("MINYI_MODELS") else folder


def _verified(store: Store, told: backup.Manifest) -> int:
    """Compare what was restored with what was backed up, and say so."""
    with store.engine.connect() as connection:
        faults = backup.faults(connection)
        rows = backup.counts(connection)
    faults += [
        f"{name}：应有 {count} 行，实有 {rows.get(name, 0)} 行"
        for name, count in told.rows.items()
        if rows.get(name) != count
    ]
    with store.reading() as session:
        entries, broken = audit.verify(session)
    faults += [f"审计链在第 {broken} 条断了"] if broken else []
    version = current(store)
    store.close()
    tell(f"恢复了 {told.made_at} 的备份：{rows.get('submissions', 0)} 件来件，审计 {entries} 条。")
    tell(*([f"!! {fault}" for fault in faults] or ["已核对：文件、数据库、审计链、各表行数都对。"]))
    if version != newest():
        tell(f"表的版本是 {version}，软件需要 {newest()}。请运行 minyi db upgrade。")
    return int(bool(faults))
