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
from pathlib import Path
from typing import Any

import httpx2
import pytest
from desk import COMMAND, Desk
from office import LAMPS, ME, MEMBERS, OFFICE, furnish
from sqlalchemy import func, insert, select

from pipeline.records import Submission
from pipeline.triage import Triage
from service.accounts.actor import SCOPES
from service.accounts.doors import token_hash
from service.desk.intake import Arrival, Intake
from service.store import AuditEntry, Key, Store, SubmissionRow, now, upgrade
from service.store.upgrade import newest

TOKEN = "a-key-of-the-tests"


@pytest.fixture
def office(minyi: Desk, database: str) -> Callable[..., Any]:
    """The command, set to one of the databases and a data folder of its own."""

    def run(*arguments: str, **more: Any) -> Any:
        return minyi(*arguments, **{"MINYI_DATA": str(minyi.folder / "data"), **_url(database), **more})

    return run


def _url(database: str) -> dict[str, str]:
    return {"MINYI_DATABASE_URL": database} if database.startswith("postgresql") else {}


def _opened(database: str, folder: Path) -> Store:
    return Store.open(database if database.startswith("postgresql") else f"sqlite:///{folder / 'data' / 'minyi.db'}")


def fill(store: Store, triage: Triage, rows: int = 5) -> None:
    furnish(store)
    Intake(store, triage).receive([Arrival(Submission("", f"{LAMPS}第{at}盏。")) for at in range(rows)], ME)


def test_tables_go_up_and_down(office: Callable[..., Any]) -> None:
    assert "（空）" in office("db", "current", code=1).out.decode()
    office("db", "upgrade", code=0)
    assert office("db", "current", code=0).out.decode().strip() == newest()
    assert "备份" in office("db", "downgrade", "base", code=2).err
    office("db", "downgrade", "base", "--force", code=0)
    office("db", "current", code=1)


def test_a_filled_database_goes_down_and_up(
    office: Callable[..., Any], database: str, minyi: Desk, triage: Triage
) -> None:
    office("db", "upgrade", code=0)
    store = _opened(database, minyi.folder)
    fill(store, triage)
    office("db", "downgrade", "base", "--force", code=0)
    office("db", "upgrade", code=0)
    fill(store, triage)
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(SubmissionRow)) == 5
    store.close()


def test_settings_tell_where_they_come_from(minyi: Desk) -> None:
    minyi.put("minyi.toml", "port = 9000\nhsts = 60\n")
    told = minyi("settings", code=0, MINYI_HSTS="90", MINYI_DATABASE_URL="postgresql://u:sesame@h/n").err
    assert re.search(r"port .*9000 .*minyi\.toml", told)
    assert re.search(r"hsts .*90 .*MINYI_HSTS", told)
    assert re.search(r"host .*127\.0\.0\.1 .*默认", told)
    assert "sesame" not in told
    wrong = minyi("settings", code=2, MINYI_PORT="many").err
    assert "MINYI_PORT" in wrong
    assert "port" in minyi("settings", code=2, MINYI_PORT="70000").err
    minyi.put("minyi.toml", "prot = 1\n")
    assert "prot" in minyi("settings", code=2).err


def test_the_doctor(office: Callable[..., Any], minyi: Desk) -> None:
    told = office("doctor", code=1).out.decode()
    assert "!!  数据库" in told
    assert "minyi db upgrade" in told
    office("db", "upgrade", code=0)
    told = office("doctor", code=0).out.decode()
    assert "!!" not in told
    assert "ok  模型：base" in told
    (minyi.folder / "data").chmod(0o755)
    assert "chmod 700" in office("doctor", code=1).out.decode()


def test_tables_by_command(office: Callable[..., Any], minyi: Desk) -> None:
    office("db", "upgrade", code=0)
    for kind, content in OFFICE.items():
        minyi.put(f"{kind}.csv", content)
    assert "新增 3 行" in office("tables", "put", "members.csv", "places.csv", "stations.csv", "--preview", code=0).err
    assert "没有 members 表" in office("tables", "show", "members", code=2).err
    office("tables", "put", "members.csv", "places.csv", "stations.csv", "--note", "初次", code=0)
    assert office("tables", "show", "members", code=0).out.decode() == MEMBERS
    minyi.put("名单.csv", MEMBERS.replace("道路照明", "路灯"))
    told = office("tables", "put", "members=名单.csv", code=0).err
    assert "speciality “道路照明”→“路灯”" in told
    office("tables", "restore", "members", "1", code=0)
    assert "恢复第 1 版" in office("tables", "history", "members", code=0).err
    assert "places" in office("tables", "show", code=0).err
    minyi.put("members.csv", MEMBERS.replace("甲一,经济,t", "甲一,经济,q"))
    refused = office("tables", "put", "members.csv", code=2).err
    assert "members.csv 第 2 行" in refused
    assert "种类=文件" in office("tables", "put", "名单.csv", code=2).err


def test_backup_and_restore(office: Callable[..., Any], database: str, minyi: Desk, triage: Triage) -> None:
    office("db", "upgrade", code=0)
    store = _opened(database, minyi.folder)
    fill(store, triage)
    (minyi.folder / "data" / "uploads").mkdir()
    minyi.put("data/uploads/信.csv", "编号,内容\n1,路灯\n")
    assert "5 件" in office("backup", "all.tar.gz", code=0).err
    assert "不覆盖" in office("backup", "all.tar.gz", code=2).err
    with store.writing() as session:
        session.execute(insert(SubmissionRow), _row())
    assert "--force" in office("restore", "all.tar.gz", code=2).err
    store.close()
    told = office("restore", "all.tar.gz", "--force", code=0).err
    assert "都对" in told
    assert "原来的留在" in told
    assert list(minyi.folder.glob("data.before-*"))
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(SubmissionRow)) == 5
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 4
    assert (minyi.folder / "data" / "uploads" / "信.csv").read_text(encoding="utf-8").startswith("编号")
    store.close()
    office("doctor", code=0)


def _row() -> dict[str, Any]:
    return {
        "reference": "LATE", "external_id": "", "row_hash": "x", "text": "后来的", "likes": 0, "attachments": [],
        "received_at": now(), "received_by": "t",
    }  # fmt: skip


def test_a_damaged_backup_is_refused(office: Callable[..., Any], minyi: Desk) -> None:
    office("db", "upgrade", code=0)
    office("backup", "all.tar.gz", code=0)
    whole = (minyi.folder / "all.tar.gz").read_bytes()
    minyi.put("torn.tar.gz", whole[: len(whole) // 2])
    minyi.put("other.tar.gz", b"not an archive")
    with tarfile.open(minyi.folder / "all.tar.gz") as archive:
        archive.extractall(minyi.folder / "open", filter="data")
    [dump] = (minyi.folder / "open").glob("database.*")
    dump.write_bytes(dump.read_bytes() + b"x")
    with tarfile.open(minyi.folder / "changed.tar.gz", "w:gz") as archive:
        archive.add(minyi.folder / "open", ".")
    for name in ("torn", "other", "changed"):
        assert "请换一份备份" in office("restore", f"{name}.tar.gz", "--force", code=2).err
    assert not list(minyi.folder.glob("data.before-*"))
    office("db", "current", code=0)


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


def test_served_swapped_and_stopped_under_load(database: str, minyi: Desk) -> None:
    (minyi.folder / "data").mkdir(mode=0o700)
    store = _opened(database, minyi.folder)
    _key(store)
    with serving(database, minyi.folder) as (address, process):
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
        assert len(sender.acknowledged) > 5
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0
        sender.stopped.set()
        sender.join()
    with store.reading() as session:
        there = set(session.scalars(select(SubmissionRow.number)))
    assert set(sender.acknowledged) <= there
    store.close()
    lines = [json.loads(line) for line in (minyi.folder / "log").read_text().splitlines()]
    assert any(line["message"] == "exchanged" for line in lines)
    assert "路灯" not in (minyi.folder / "log").read_text()


def test_several_processes_need_postgresql(minyi: Desk, database: str) -> None:
    if not database.startswith("postgresql"):
        assert "PostgreSQL" in minyi("serve", "--workers", "2", "--upgrade", code=2).err
        return
    (minyi.folder / "data").mkdir(mode=0o700)
    with serving(database, minyi.folder, "--workers", "2") as (address, process):
        assert httpx2.get(f"{address}/healthz").json() == {"status": "ok"}
        process.send_signal(signal.SIGTERM)
        process.wait(40)


def test_it_does_not_serve_without_its_tables(minyi: Desk) -> None:
    assert "minyi db upgrade" in minyi("serve", code=2).err
