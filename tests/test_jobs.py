"""Jobs in the store: claimed once, taken over, cancelled; imports that are killed and go on lose and double nothing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import orjson
import pytest
from inputs import LAMP, LID
from pydantic import SecretStr
from sqlalchemy import func, select, update
from support import ROOT

from pipeline.triage import Triage
from service.accounts.actor import command
from service.desk.errors import ConflictError, NotFoundError
from service.jobs import imports, queue, worker
from service.jobs.queue import LostError, StoppedError
from service.settings import Settings
from service.store import Job, RejectedRow, Review, Store, SubmissionRow, now
from service.web.jobs import _figures

ME = command("test")
SAMPLES = ROOT / "corpora" / "samples"


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", database_url=SecretStr(database))


@pytest.fixture
def loaded(triage: Triage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let jobs that run in this process use the model that is loaded already."""
    monkeypatch.setattr(worker, "load", lambda *_: triage)


def put_file(store: Store, settings: Settings, path: Path, **columns: str) -> int:
    with path.open("rb") as stream:
        return imports.receive_file(store, settings.data, stream, path.name, columns, ME).id


def work_off(store: Store, settings: Settings, processes: int = 1) -> list[str]:
    states = []
    while held := queue.claim(store, queue.worker_name()):
        states.append(worker.run(held, settings, processes))
    return states


def job(store: Store, which: int) -> Job:
    with store.reading() as session:
        return session.get_one(Job, which)


def texts(store: Store) -> list[str]:
    with store.reading() as session:
        return list(session.scalars(select(SubmissionRow.text).order_by(SubmissionRow.number)))


def wait_for(what: Any, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def test_a_job_is_claimed_once(store: Store) -> None:
    with store.writing() as session:
        first, second = (queue.put(session, ME, "import", {"name": name}).id for name in "ab")
    held = queue.claim(store, "elsewhere:1")
    assert held
    assert held.id == first
    other = queue.claim(store, "elsewhere:2")
    assert other
    assert other.id == second
    assert queue.claim(store, "elsewhere:3") is None


def test_a_silent_job_is_taken_over_and_its_first_worker_writes_no_more(store: Store) -> None:
    with store.writing() as session:
        which = queue.put(session, ME, "import", {}).id
    late = queue.claim(store, "elsewhere:1")
    assert late
    late.alive()
    assert queue.claim(store, "elsewhere:2") is None
    with store.writing() as session:
        session.execute(update(Job).values(alive_at=now() - queue.SILENT - timedelta(seconds=1)))
    assert queue.claim(store, "elsewhere:2")
    with pytest.raises(LostError, match="elsewhere:2"):
        late.alive()
    late.close("done")
    assert job(store, which).state == "running"


def test_a_job_of_a_process_that_is_gone_is_taken_at_once(store: Store) -> None:
    with store.writing() as session:
        queue.put(session, ME, "import", {})
    gone = multiprocessing.get_context("spawn").Process(target=int)
    gone.start()
    gone.join()
    host = queue.worker_name().rpartition(":")[0]
    assert queue.claim(store, f"{host}:{gone.pid}")
    assert queue.claim(store, queue.worker_name())


def test_a_job_that_never_gets_on_fails_in_the_end_and_may_be_tried_again(store: Store) -> None:
    with store.writing() as session:
        which = queue.put(session, ME, "import", {}).id
    for _ in range(queue.ATTEMPTS):
        held = queue.claim(store, "elsewhere:1")
        assert held
        queue.put_back(held, stopped=False)
    assert queue.claim(store, "elsewhere:1") is None
    assert (job(store, which).state, "没有进展" in job(store, which).error) == ("failed", True)
    with store.writing() as session:
        queue.retry(session, ME, which)
        with pytest.raises(ConflictError):
            queue.retry(session, ME, which)
    assert queue.claim(store, "elsewhere:1")


def test_stopping_a_worker_is_no_attempt(store: Store) -> None:
    with store.writing() as session:
        which = queue.put(session, ME, "import", {}).id
    for _ in range(queue.ATTEMPTS + 1):
        held = queue.claim(store, "elsewhere:1")
        assert held
        queue.put_back(held, stopped=True)
    assert job(store, which).state == "waiting"


def test_a_job_is_cancelled(store: Store) -> None:
    with store.writing() as session:
        waits, runs = (queue.put(session, ME, "import", {}).id for _ in "ab")
        queue.cancel(session, ME, waits)
    held = queue.claim(store, "elsewhere:1")
    assert held
    with store.writing() as session:
        queue.cancel(session, ME, runs)
    with pytest.raises(StoppedError):
        held.alive()
    held.close("cancelled")
    assert [job(store, which).state for which in (waits, runs)] == ["cancelled", "cancelled"]
    with store.writing() as session, pytest.raises(ConflictError):
        queue.cancel(session, ME, runs)


def test_a_job_is_seen_by_who_made_it(store: Store) -> None:
    from service.accounts.actor import Actor

    clerk = Actor("user", "li", frozenset({"import"}))
    with store.writing() as session:
        own, other = queue.put(session, clerk, "import", {}).id, queue.put(session, ME, "import", {}).id
        assert [each.id for each in queue.seen(session, clerk)] == [own]
        assert [each.id for each in queue.seen(session, ME)] == [other, own]
        with pytest.raises(NotFoundError):
            queue.get(session, clerk, other)


@pytest.mark.usefixtures("loaded")
def test_a_file_is_imported_and_its_bad_rows_are_kept(store: Store, settings: Settings) -> None:
    which = put_file(store, settings, SAMPLES / "hotline.csv")
    assert work_off(store, settings, processes=2) == ["done"]
    done = job(store, which)
    assert done.result
    assert (done.result["rows"], done.result["received"], done.result["rejected"], done.done) == (38, 38, 2, 38)
    with store.reading() as session:
        bad = session.scalars(select(RejectedRow).order_by(RejectedRow.line)).all()
    assert [(each.file, each.line) for each in bad] == [("hotline.csv", 12), ("hotline.csv", 31)]
    assert "没有文字" in bad[0].reason
    assert bad[1].content
    assert not list((settings.data / "uploads").iterdir())


@pytest.mark.usefixtures("loaded")
def test_telephone_numbers_are_kept_and_times_that_cannot_be_read_are_told(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    path, head = tmp_path / "热线.csv", "诉求编号,来件时间,诉求描述,联系电话\n"
    days = ("2026-03-07", "", "上个月", "2026-02-31")
    path.write_text(head + "".join(f"{n},{day},{n}号{LAMP},1390000000{n}\n" for n, day in enumerate(days)), "utf-8")
    which = put_file(store, settings, path)
    assert work_off(store, settings) == ["done"]
    with store.reading() as session:
        contacts = session.scalars(select(SubmissionRow.contact).order_by(SubmissionRow.number)).all()
    assert contacts == [f"1390000000{n}" for n in range(4)]
    result = job(store, which).result
    assert result
    assert result["undated"] == 2
    assert ("时间读不懂，按收到的那天计", "2 件") in _figures(result)
    assert "undated" not in dict(_figures(result | {"undated": 0}))


@pytest.mark.usefixtures("loaded")
def test_a_row_comes_in_once_under_whatever_name_its_file_comes(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    one, two = tmp_path / "一.txt", tmp_path / "二.txt"
    one.write_text(f"{LAMP}\n\n{LID}\n\n{LAMP}\n", encoding="utf-8")
    two.write_text(f"{LID}\n\n{LAMP}\n\n{LID}\n\n河堤边的护栏断了\x00一截。\n", encoding="utf-8")
    put_file(store, settings, one)
    last = put_file(store, settings, two)
    assert work_off(store, settings) == ["done", "done"]
    assert texts(store) == [LAMP, LID, LAMP, LID, "河堤边的护栏断了␀一截。"]
    result = job(store, last).result
    assert result
    assert (result["received"], result["again"]) == (2, 2)
    with store.reading() as session:
        assert session.scalar(select(SubmissionRow.external_id)) == "一-1"


@pytest.mark.usefixtures("loaded")
def test_a_file_that_cannot_be_read_fails_with_its_own_name(store: Store, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "表.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    which = put_file(store, settings, path)
    assert work_off(store, settings) == ["failed"]
    assert job(store, which).error.startswith("表.csv：找不到正文列")


@pytest.mark.usefixtures("loaded")
def test_an_import_that_was_cancelled_keeps_what_is_in(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_CHUNK", 4)
    which = put_file(store, settings, many(tmp_path, 30))
    held = queue.claim(store, queue.worker_name())
    assert held

    def enough(rows: int) -> None:
        with store.writing() as session:
            if not session.get_one(Job, which).cancel:
                queue.cancel(session, ME, which)

    assert worker.run(held, settings, 1, enough) == "cancelled"
    assert len(texts(store)) == 4


def many(folder: Path, count: int) -> Path:
    """Return a file of so many different texts, with a bad row after every tenth."""
    path = folder / "多.jsonl"
    with path.open("wb") as stream:
        for number in range(count):
            stream.write(
                orjson.dumps({"text": f"{number}号楼{number % 7}单元门口的路灯坏了{number}天，没人来修。"}) + b"\n"
            )
            if number % 10 == 9:
                stream.write(b"[]\n")
    return path


@pytest.fixture
def killed(store: Store, settings: Settings) -> Iterator[Any]:
    """Give what starts a worker in a process of its own; none outlives the test."""
    started: list[Any] = []

    def start() -> Any:
        process = multiprocessing.get_context("spawn").Process(target=slow, args=(settings,))
        process.start()
        started.append(process)
        return process

    yield start
    for process in started:
        if process.is_alive():
            process.kill()
        process.join()


def slow(settings: Settings) -> None:
    """Work off the queue in small steps, so that there is time to be killed between them."""
    imports._CHUNK = 8
    store = Store.open(settings.url)
    work_off(store, settings, processes=2)


def test_an_import_that_is_killed_goes_on(store: Store, settings: Settings, tmp_path: Path, killed: Any) -> None:
    which = put_file(store, settings, many(tmp_path, 400))
    for rows in (16, 120):
        process = killed()
        wait_for(lambda rows=rows: job(store, which).place >= rows)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert job(store, which).state == "running"
    process = killed()
    process.join()
    assert job(store, which).state == "done"
    kept = texts(store)
    assert len(kept) == len(set(kept)) == 400
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(RejectedRow)) == 40


def test_four_workers_share_the_queue(store: Store) -> None:
    with store.writing() as session:
        wanted = [queue.put(session, ME, "import", {}).id for _ in range(20)]

    def work(number: int) -> list[int]:
        taken = []
        while held := queue.claim(store, f"elsewhere:{number}"):
            taken.append(held.id)
            held.close("done")
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [each for found in pool.map(work, range(4)) for each in found]
    assert sorted(taken) == wanted


def test_a_worker_runs_a_job_in_a_process_of_its_own(store: Store, settings: Settings) -> None:
    which = put_file(store, settings, SAMPLES / "notes.txt")
    worker.Worker(settings, 1).run(Event(), once=True)
    assert job(store, which).state == "done"
    assert texts(store)


def test_a_worker_sees_a_job_that_falls_over(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "ATTEMPTS", 1)
    monkeypatch.setattr(worker, "_process", fall_over)
    with store.writing() as session:
        which = queue.put(session, ME, "import", {}).id
    worker.Worker(settings, 1).run(Event(), once=True)
    assert (job(store, which).state, job(store, which).error) == ("failed", "没有内存了")


def fall_over(settings: Settings, which: int, processes: int) -> None:
    """Leave a note, and be gone as after a signal."""
    queue.note(queue.held(Store.open(settings.url), which), "没有内存了")
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.usefixtures("loaded")
def test_retraining_takes_the_labels_that_officers_gave(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MINYI_MODELS", str(tmp_path / "models"))
    with store.writing() as session:
        early = queue.put(session, ME, "retrain", {"name": "early"}).id
    assert work_off(store, settings) == ["failed"]
    assert "还没有" in job(store, early).error
    put_file(store, settings, SAMPLES / "notes.txt")
    work_off(store, settings)
    with store.writing() as session:
        session.add(Review(number=1, action="accept", actor="user:li", before={}, after={}, version=2, at=now()))
        which = queue.put(session, ME, "retrain", {"name": "spring"}).id
    assert work_off(store, settings) == ["done"]
    result = job(store, which).result
    assert result
    assert (result["model"], result["rows"], result["of"]) == ("spring", 1, {"accepted": 1})
    assert result["verdict"]["kind"] == "unknown"  # of one label nothing can be told
    assert (tmp_path / "models" / "spring" / "meta.json").is_file()
