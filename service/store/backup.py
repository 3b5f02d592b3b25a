"""A store as one file and back: the database as of one moment, the data folder's files, the office's models.

SQLite is copied by its own online backup, PostgreSQL by pg_dump on a snapshot, while the service works on. The database
goes first: a file that a row names is there when the files follow. manifest.json names every file with its hash, and
how many rows each table has.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from pipeline.errors import InputError
from service.store.base import now
from service.store.engine import Store
from service.store.upgrade import current

MANIFEST = "manifest.json"
_DUMP = {False: "database.sqlite", True: "database.dump"}
_FORMAT = 1
_NOT_KEPT = ("minyi.db", "minyi.db-wal", "minyi.db-shm")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: the version of its tables, their rows, and each file with its hash."""

    format: int
    made_at: str
    software: str
    database: str
    version: str | None
    rows: dict[str, int]
    files: dict[str, str] = field(default_factory=dict)


def make(store: Store, data: Path, models: Path | None, out: Path, software: str) -> Manifest:
    """Write a backup.

    Parameters
    ----------
    data : the data folder; its subfolder `backups` is left out.
    models : the office's own folder of models, if it has one outside the data folder.

    Raises
    ------
    InputError
        Where the file is there already, or a program of PostgreSQL is missing or fails.
    """
    if out.exists():
        raise InputError(f"{out}：已经有这个文件，不覆盖。请换一个名字。")
    if not out.parent.is_dir():
        raise InputError(f"{out}：没有文件夹 {out.parent}。请先建立，或换一个地方。")
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        dump = Path(folder) / _DUMP[store.is_postgresql]
        rows = _dump_postgresql(store, dump) if store.is_postgresql else _dump_sqlite(store, dump)
        members = {dump.name: dump} | dict(_files(data, models, {out, part, Path(folder)}))
        hashes = {name: _hash(path) for name, path in members.items()}
        told = Manifest(
            _FORMAT,
            now().isoformat(timespec="seconds"),
            software,
            store.engine.dialect.name,
            current(store),
            rows,
            hashes,
        )
        try:
            with tarfile.open(part, "w:gz", compresslevel=3) as archive:
                path = Path(folder) / MANIFEST
                path.write_text(json.dumps(asdict(told), ensure_ascii=False, indent=1), encoding="utf-8")
                for name, source in {MANIFEST: path, **members}.items():
                    archive.add(source, name, recursive=False)
            part.chmod(0o600)
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
    return told


def unpack(file: Path, folder: Path) -> Manifest:
    """Unpack a backup into a folder and check every file against the manifest.

    Raises
    ------
    InputError
        Where it is no backup, is damaged, or is of a later format.
    """
    try:
        with tarfile.open(file) as archive:
            archive.extractall(folder, filter="data")  # refuses paths that lead elsewhere
        told = Manifest(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise InputError(f"{file}：没有这个文件，或不是 minyi 的备份（缺 {MANIFEST}）。") from error
    except (tarfile.TarError, EOFError, OSError, ValueError, TypeError) as error:
        raise InputError(f"{file}：备份读不出来（{type(error).__name__}）。请换一份备份。") from error
    if told.format != _FORMAT:
        raise InputError(f"{file}：备份的格式是 {told.format}，本软件只认 {_FORMAT}。请用写出它的版本恢复。")
    for name, expected in told.files.items():
        path = folder / name
        if not path.is_file() or _hash(path) != expected:
            raise InputError(f"{file}：其中的 {name} 损坏或缺失。请换一份备份。")
    return told


def put_back(store: Store, unpacked: Path) -> None:
    """Let the database be that of an unpacked backup; all of it, or none."""
    if store.is_postgresql:
        _program(
            store, "pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction",
            "--exit-on-error", "--dbname", _conninfo(store), str(unpacked / _DUMP[True]),
        )  # fmt: skip
        return
    target = Path(str(store.engine.url.database))
    store.close()
    for ending in ("-wal", "-shm"):
        target.with_name(target.name + ending).unlink(missing_ok=True)
    shutil.move(unpacked / _DUMP[False], target)
    target.chmod(0o600)


def counts(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    names = [name for name in inspect(connection).get_table_names() if not name.startswith("search_")]
    quote = connection.dialect.identifier_preparer.quote
    return {name: connection.scalar(text(f"SELECT count(*) FROM {quote(name)}")) or 0 for name in sorted(names)}


def faults(connection: Connection) -> list[str]:
    """Return what the database itself finds broken; PostgreSQL has checked its constraints while it restored."""
    if connection.dialect.name == "postgresql":
        return []
    told = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
    return told + [
        f"{row[0]} 第 {row[1]} 行指向没有的 {row[2]}" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
    ]


def _dump_sqlite(store: Store, out: Path) -> dict[str, int]:
    source = Path(str(store.engine.url.database))
    if not source.is_file():
        raise InputError(f"{source}：没有数据库。请检查 MINYI_DATA，或先运行 minyi db upgrade。")
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(out)) as other:
        one.backup(other, pages=2000)
        other.execute("PRAGMA journal_mode=DELETE")
    copy = Store.open(f"sqlite:///{out}")
    try:
        with copy.engine.connect() as connection:
            return counts(connection)
    finally:
        copy.close()
        for ending in ("-wal", "-shm"):
            out.with_name(out.name + ending).unlink(missing_ok=True)


def _dump_postgresql(store: Store, out: Path) -> dict[str, int]:
    with store.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        _program(
            store, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}",
            f"--file={out}", "--dbname", _conninfo(store),
        )  # fmt: skip
        return counts(connection)


def _conninfo(store: Store) -> str:
    """Return the address for PostgreSQL's programs, without the password: others see a program's arguments."""
    return store.engine.url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _program(store: Store, name: str, *arguments: str) -> None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name), reverse=True)
    found = next((str(each / name) for each in folders if (each / name).exists()), None) or shutil.which(name)
    if found is None:
        raise InputError(f"没有 {name}。请装 PostgreSQL 的客户端（Debian：postgresql-client）。")
    password = store.engine.url.password
    environment = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    done = subprocess.run([found, *arguments], capture_output=True, env=environment, check=False, encoding="utf-8")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["没有说原因"])[-1]
        raise InputError(f"{name} 没有成功：{last}。数据库没有改动。")


def _files(data: Path, models: Path | None, without: set[Path]) -> Iterator[tuple[str, Path]]:
    """Yield name and path of what is kept beside the database."""
    left_out = {path.resolve() for path in without} | {(data / "backups").resolve()}
    left_out |= {(data / name).resolve() for name in _NOT_KEPT}
    for top, root in (("data", data), ("models", models)):
        if root is None:
            continue
        for path in sorted(root.rglob("*")):
            told = path.resolve()
            if path.is_file() and not path.is_symlink() and not left_out & {told, *told.parents}:
                yield f"{top}/{path.relative_to(root)}", path


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
