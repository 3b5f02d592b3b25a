"""`minyi doctor`: what an operator would look at first, each a line with the next step where something is wrong."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from sqlalchemy import func, select, text

from pipeline import __version__
from pipeline.errors import InputError, MinyiError
from pipeline.triage import Triage
from service.desk import atwork, tables
from service.settings import Settings
from service.store import AuditEntry, Store, SubmissionRow
from service.store.upgrade import check, newest

_ROOM = 2_000_000_000
"""Bytes that should be free on the disk."""
_AHEAD = 300.0
"""Seconds by which the clock may be behind what is in the store."""
_QUICK = ("httptools", "orjson", "rjieba", "uvloop")
"""Packages with compiled parts, which have slower stand-ins or none."""

Found = tuple[str, str]
"""What was found, and the next step: empty where all is well."""


def run_doctor() -> int:
    """Look at everything, and tell; see `service.cli.operation.doctor`."""
    settings = Settings.read()
    store = Store.open(settings.url)
    checks: dict[str, Callable[[], Found]] = {
        "软件": _software,
        "数据文件夹": lambda: _folder(settings),
        "磁盘": lambda: _disk(settings),
        "数据库": lambda: _database(store),
        "全文检索": lambda: _search(store),
        "本单位的表": lambda: _tables(store),
        "模型": lambda: _model(store, settings),
        "时钟": lambda: _clock(store),
        "监听": lambda: _listening(settings),
    }
    wrong = 0
    for name, (found, step) in _run(checks):
        wrong += bool(step)
        sys.stdout.write(f"{'!!' if step else 'ok'}  {name}：{found}{f' → {step}' if step else ''}\n")
    store.close()
    return int(bool(wrong))


def _run(checks: dict[str, Callable[[], Found]]) -> Iterator[tuple[str, Found]]:
    for name, look in checks.items():
        try:
            yield name, look()
        except MinyiError as error:
            yield name, ("不行", str(error).replace("\n", "；"))
        except Exception as error:  # a database that is away raises of many kinds
            yield name, (f"查不了（{type(error).__name__}）", "先解决“数据库”一行的问题，再运行一次")


def _software() -> Found:
    version = ".".join(map(str, sys.version_info[:3]))
    lacking = [name for name in _QUICK if importlib.util.find_spec(name) is None]
    found = f"minyi {__version__}，Python {version}" + (f"，缺 {'、'.join(lacking)}" if lacking else "")
    return found, "没有它们会慢很多，请按固定版本的清单装上" if lacking else ""


def _folder(settings: Settings) -> Found:
    folder = settings.data
    if not folder.is_dir():
        return f"{folder}，还没有", "运行 minyi db upgrade 建立"
    mode = stat.S_IMODE(folder.stat().st_mode)
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"{folder}，不能写", "请把它交给运行服务的用户"
    if mode & 0o077:
        return f"{folder}，别的用户也能看（{mode:o}）", f"运行 chmod 700 {folder}"
    return str(folder), ""


def _disk(settings: Settings) -> Found:
    there = next(each for each in (settings.data.absolute(), *settings.data.absolute().parents) if each.exists())
    free = shutil.disk_usage(there).free
    return f"还有 {free / 1e9:.1f} GB", "" if free > _ROOM else "请腾出空间：至少 2 GB"


def _database(store: Store) -> Found:
    name = "PostgreSQL" if store.is_postgresql else "SQLite"
    try:
        with store.engine.connect() as connection:
            version = connection.execute(text("SELECT version()" if store.is_postgresql else "SELECT sqlite_version()"))
            told = str(version.scalar()).removeprefix("PostgreSQL ").split()[0]
    except Exception as error:
        return f"{name}，连不上（{type(error).__name__}）", "请检查 MINYI_DATABASE_URL、数据库是否在运行、口令和权限"
    check(store)
    with store.reading() as session:
        rows = session.scalar(select(func.count()).select_from(SubmissionRow))
    return f"{name} {told}，表的版本 {newest()}，{rows} 件来件", ""


def _search(store: Store) -> Found:
    with store.reading() as session:
        found = session.scalar(text("SELECT count(*) FROM search"))
        rows = session.scalar(select(func.count()).select_from(SubmissionRow))
    step = "" if found == rows else "请从备份恢复，或联系维护人员"
    return f"可用，{found} 件", step


def _tables(store: Store) -> Found:
    with store.reading() as session:
        versions = tables.versions(session)
        router = tables.check(tables.contents(session))
    told = "、".join(f"{kind}（第 {version} 版）" for kind, version in versions.items()) or "都用自带的"
    if not router.members:
        told += "；没有委员表，来件只分到办公室"
    return told, ""


def _model(store: Store, settings: Settings) -> Found:
    try:
        triage = atwork.load(store, settings)
    except InputError:
        triage = Triage.load(model=settings.model, precision=settings.precision)
    return f"{triage.model}，规则 {triage.router.version}", ""


def _clock(store: Store) -> Found:
    told = datetime.now(UTC)
    with store.reading() as session:
        last = session.scalar(select(AuditEntry.at).order_by(AuditEntry.seq.desc()).limit(1))
    behind = (datetime.fromisoformat(last) - told).total_seconds() if last else 0.0
    found = f"{told.astimezone():%Y-%m-%d %H:%M:%S %z}"
    return found, "" if behind < _AHEAD else f"比最近一次写入慢 {behind:.0f} 秒，请校准时钟"


def _listening(settings: Settings) -> Found:
    local = settings.host in ("127.0.0.1", "::1", "localhost")
    step = "" if local or settings.secure_cookies else "对外服务请用 HTTPS 反向代理，并设 MINYI_SECURE_COOKIES=true"
    return f"{settings.host}:{settings.port}", step
