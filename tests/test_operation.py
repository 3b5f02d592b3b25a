"""The commands of operation on both databases: tables made, served, hot-swapped, stopped, backed up and restored."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from desk import COMMAND
from office import LAMPS, ME, MEMBERS, OFFICE, furnish
from sqlalchemy import func, insert, select

from pipeline.errors import MinyiError
from pipeline.records import Submission
from pipeline.triage import Triage
from service.accounts.actor import SCOPES
from service.accounts.sessions import token_hash
from service.cli.program import app
from service.desk.intake import Arrival, Intake
from service.store import AuditEntry, Key, Store, SubmissionRow, now, upgrade
from service.store.upgrade import newest

TOKEN = "a-key-of-the-tests"


@dataclass
class Told:
    """What a command said."""

    out: str
    err: str


Office = Callable[..., Told]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    return tmp_path


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Office:
    """The command in this process, with a data folder of its own."""
    monkeypatch.setenv("MINYI_DATA", str(folder / "data"))

    def run(*arguments: str, code: int = 0, **environment: str) -> Told:
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            try:
                found, error = app(list(arguments), standalone_mode=False), ""
            except MinyiError as raised:
                found, error = 2, str(raised)
        told = capsys.readouterr()
        assert (found or 0) == code, told.err + error
        return Told(told.out, told.err + error)

    return run


@pytest.fixture
def office(here: Office, database: str, monkeypatch: pytest.MonkeyPatch) -> Office:
    """The command, set to one of the databases."""
    for name, value in _url(database).items():
        monkeypatch.setenv(name, value)
    return here


def put(folder: Path, name: str, content: str | bytes) -> None:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def _url(database: str) -> dict[str, str]:
    return {"MINYI_DATABASE_URL": database} if database.startswith("postgresql") else {}


def _opened(database: str, folder: Path) -> Store:
    return Store.open(database if database.startswith("postgresql") else f"sqlite:///{folder / 'data' / 'minyi.db'}")


def fill(store: Store, triage: Triage, rows: int = 5) -> None:
    furnish(store)
    Intake(store, triage).receive([Arrival(Submission("", f"{LAMPS}第{at}盏。")) for at in range(rows)], ME)


def test_tables_go_up_and_down(office: Office) -> None:
    assert "（空）" in office("db", "current", code=1).out
    office("db", "upgrade")
    assert office("db", "current").out.strip() == newest()
    assert "备份" in office("db", "downgrade", "base", code=2).err
    office("db", "downgrade", "base", "--force")
    office("db", "current", code=1)


def test_a_filled_database_goes_down_and_up(office: Office, database: str, folder: Path, triage: Triage) -> None:
    office("db", "upgrade")
    store = _opened(database, folder)
    fill(store, triage)
    store.close()
    office("db", "downgrade", "base", "--force")
    office("db", "upgrade")
    fill(store, triage)
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(SubmissionRow)) == 5
    store.close()


def test_settings_tell_where_they_come_from(here: Office, folder: Path) -> None:
    put(folder, "minyi.toml", "port = 9000\nhsts = 60\n")
    told = here("settings", MINYI_HSTS="90", MINYI_DATABASE_URL="postgresql://u:sesame@h/n").err
    assert re.search(r"port .*9000 .*minyi\.toml", told)
    assert re.search(r"hsts .*90 .*MINYI_HSTS", told)
    assert re.search(r"host .*127\.0\.0\.1 .*默认", told)
    assert "sesame" not in told
    wrong = here("settings", code=2, MINYI_PORT="many").err
    assert "MINYI_PORT" in wrong
    assert "port" in here("settings", code=2, MINYI_PORT="70000").err
    put(folder, "minyi.toml", "prot = 1\n")
    assert "prot" in here("settings", code=2).err


def test_the_doctor(office: Office, folder: Path) -> None:
    told = office("doctor", code=1).out
    assert "!!  数据库" in told
    assert "minyi db upgrade" in told
    office("db", "upgrade")
    told = office("doctor").out
    assert "!!" not in told
    assert "ok  模型：base" in told
    (folder / "data").chmod(0o755)
    assert "chmod 700" in office("doctor", code=1).out


def test_tables_by_command(office: Office, folder: Path) -> None:
    office("db", "upgrade")
    for kind, content in OFFICE.items():
        put(folder, f"{kind}.csv", content)
    assert "新增 3 行" in office("tables", "put", "members.csv", "places.csv", "stations.csv", "--preview").err
    assert "没有 members 表" in office("tables", "show", "members", code=2).err
    office("tables", "put", "members.csv", "places.csv", "stations.csv", "--note", "初次")
    assert office("tables", "show", "members").out == MEMBERS
    put(folder, "名单.csv", MEMBERS.replace("道路照明", "路灯"))
    told = office("tables", "put", "members=名单.csv").err
    assert "speciality “道路照明”→“路灯”" in told
    office("tables", "restore", "members", "1")
    assert "恢复第 1 版" in office("tables", "history", "members").err
    assert "places" in office("tables", "show").err
    put(folder, "members.csv", MEMBERS.replace("甲一,经济,t", "甲一,经济,q"))
    refused = office("tables", "put", "members.csv", code=2).err
    assert "members.csv 第 2 行" in refused
    assert "种类=文件" in office("tables", "put", "名单.csv", code=2).err


def test_backup_and_restore(office: Office, database: str, folder: Path, triage: Triage) -> None:
    office("db", "upgrade")
    store = _opened(database, folder)
    fill(store, triage)
    (folder / "data" / "uploads").mkdir()
    put(folder, "data/uploads/信.csv", "编号,内容\n1,路灯\n")
    assert "5 件" in office("backup", "all.tar.gz").err
    assert "不覆盖" in office("backup", "all.tar.gz", code=2).err
    with store.writing() as session:
        session.execute(insert(SubmissionRow), _row())
    assert "--force" in office("restore", "all.tar.gz", code=2).err
    store.close()
    told = office("restore", "all.tar.gz", "--force").err
    assert "都对" in told
    assert "原来的留在" in told
    assert list(folder.glob("data.before-*"))
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(SubmissionRow)) == 5
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 4
    assert (folder / "data" / "uploads" / "信.csv").read_text(encoding="utf-8").startswith("编号")
    store.close()
    office("doctor")


def _row() -> dict[str, Any]:
    return {
        "reference": "LATE", "external_id": "", "row_hash": "x", "text": "后来的", "likes": 0, "attachments": [],
        "received_at": now(), "received_by": "t",
    }  # fmt: skip


def test_a_damaged_backup_is_refused(office: Office, folder: Path) -> None:
    office("db", "upgrade")
    office("backup", "all.tar.gz")
    whole = (folder / "all.tar.gz").read_bytes()
    put(folder, "torn.tar.gz", whole[: len(whole) // 2])
    put(folder, "other.tar.gz", b"not an archive")
    with tarfile.open(folder / "all.tar.gz") as archive:
        archive.extractall(folder / "open", filter="data")
    [dump] = (folder / "open").glob("database.*")
    dump.write_bytes(dump.read_bytes() + b"x")
    with tarfile.open(folder / "changed.tar.gz", "w:gz") as archive:
        archive.add(folder / "open", ".")
    for name in ("torn", "other", "changed"):
        assert "请换一份备份" in office("restore", f"{name}.tar.gz", "--force", code=2).err
    assert not list(folder.glob("data.before-*"))
    office("db", "current")


@contextmanager
def serving(database: str, folder: Path, *options: str, **environment: str) -> Iterator[tuple[str, Any]]:
    """Run the service; give its address and the process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {**os.environ, "MINYI_DATA": str(folder / "data"), **_url(database), **environment, "PYTHONUTF8": "1"}
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [*COMMAND, "serve", "--upgrade", "--port", str(port), *options], env=told, stderr=log, cwd=folder
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                if httpx2.get(f"{address}/readyz").status_code == 200:
                    break
            except httpx2.TransportError:
                assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        yield address, process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        log.close()


def _key(store: Store) -> None:
    upgrade(store)
    with store.writing() as session:
        told = {"name": "k", "prefix": "k", "hash": token_hash(TOKEN), "scopes": sorted(SCOPES), "created_by": "t",
                "created_at": now()}  # fmt: skip
        session.execute(insert(Key), told)


class Sender(threading.Thread):
    """Sends one submission after the other until it is told to stop, and keeps what was acknowledged."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.acknowledged: list[int] = []
        self.refused: list[int] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        with httpx2.Client(base_url=self.address, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30) as client:
            while not self.stopped.is_set():
                try:
                    answer = client.post("/api/v1/submissions", json={"text": f"{LAMPS}第{time.time_ns()}次。"})
                except httpx2.TransportError:
                    return
                if answer.status_code == 201:
                    self.acknowledged.append(answer.json()["number"])
                else:
                    self.refused.append(answer.status_code)


def test_served_swapped_and_stopped_under_load(database: str, folder: Path) -> None:
    (folder / "data").mkdir(mode=0o700)
    store = _opened(database, folder)
    _key(store)
    with serving(database, folder) as (address, process):
        first = httpx2.get(f"{address}/readyz").json()["rules"]
        sender = Sender(address)
        sender.start()
        furnish(store)
        for _ in range(100):
            if httpx2.get(f"{address}/readyz").json()["rules"] != first:
                break
            time.sleep(0.1)
        else:
            pytest.fail("the tables were not taken up")
        time.sleep(0.5)
        assert not sender.refused
        assert sender.acknowledged
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0
        sender.stopped.set()
        sender.join()
    with store.reading() as session:
        there = set(session.scalars(select(SubmissionRow.number)))
    assert set(sender.acknowledged) <= there
    store.close()
    lines = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    assert any(line["message"] == "exchanged" for line in lines)
    assert "路灯" not in (folder / "log").read_text()


def test_several_processes_need_postgresql(office: Office, folder: Path, database: str) -> None:
    if not database.startswith("postgresql"):
        assert "PostgreSQL" in office("serve", "--workers", "2", "--upgrade", code=2).err
        return
    (folder / "data").mkdir(mode=0o700)
    with serving(database, folder, "--workers", "2") as (address, process):
        assert httpx2.get(f"{address}/healthz").json() == {"status": "ok"}
        process.send_signal(signal.SIGTERM)
        process.wait(40)


def test_it_does_not_serve_without_its_tables(here: Office) -> None:
    assert "minyi db upgrade" in here("serve", code=2).err
