"""The analysts' loop in the service: labels become a judged candidate, it looks on, drift is told; a killed job leaves
no trace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import orjson
import pytest
from inputs import LAMP, LID
from office import OFFICER
from sqlalchemy import select, update
from tiny import examples, train_tiny
from web import running

from pipeline import onlooker, registry
from pipeline.errors import InputError, ModelError
from pipeline.records import Submission
from pipeline.triage import Triage
from service.accounts.actor import PERMISSIONS, Actor, command
from service.desk import audit, labels, reading, review, trial
from service.desk.errors import RuleError
from service.desk.intake import Arrival, Intake
from service.desk.review import Seen
from service.jobs import drift, queue, retrain, worker
from service.settings import Settings
from service.store import AuditEntry, DecisionRow, Job, Review, Standing, Store, now

ME = command("test")
CHEN = Actor("user", "chen", PERMISSIONS["analyst"], "analyst", id=3)
WORK = """
import sys
from pathlib import Path
from threading import Event
from service.jobs.worker import Worker
from service.settings import Settings
Worker(Settings(data=Path(sys.argv[1]), database_url=sys.argv[2]), 1).run(Event(), once=True)
"""
KNOWN = [each for each in examples() if each.topic]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep models in a new folder."""
    monkeypatch.setenv("MINYI_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def reviewed(store: Store, triage: Triage, models: Path) -> Store:
    """Fill a store with letters that officers read one by one: the topic is as tests/cases/tiny.json has it."""
    intake = Intake(store, triage)
    told = intake.receive([Arrival(Submission("", each.text)) for each in KNOWN], OFFICER)
    with store.writing() as session:
        for receipt, each in zip(told, KNOWN, strict=True):
            own = session.get_one(Standing, receipt.number)
            level1, _, level2 = str(each.topic).partition("/")
            if own.level1 == level1:
                review.accept(session, OFFICER, Seen(own.number, own.version))
            else:
                changes: dict[str, Any] = {"level1": level1, "level2": level2}
                review.correct(session, OFFICER, Seen(own.number, own.version), changes, triage.router)
    return store


def settings(store: Store, tmp_path: Path) -> Settings:
    url = store.engine.url.render_as_string(hide_password=False)
    return Settings(data=tmp_path / "data", database_url=url)


def put(store: Store, kind: str, **what: str) -> int:
    with store.writing() as session:
        return queue.put(session, ME, kind, what).id


def job(store: Store, which: int) -> Job:
    with store.reading() as session:
        return session.get_one(Job, which)


def run(store: Store, which: int, given: Settings) -> Job:
    held = queue.claim(store, "test:1", which)
    assert held
    worker.run(held, given, 1)
    return job(store, which)


def test_a_retraining_is_judged_and_told(reviewed: Store, tmp_path: Path, models: Path) -> None:
    given = settings(reviewed, tmp_path)
    done = run(reviewed, put(reviewed, "retrain", name="spring"), given)
    assert done.state == "done", done.error
    result: dict[str, Any] = done.result or {}
    assert result["verdict"]["kind"] in ("better", "equal", "worse")
    assert result["verdict"]["lines"][0].startswith("结论：")
    assert result["rows"] == len(KNOWN)
    assert sum(result["of"].values()) == len(KNOWN)
    assert result["recent"]["rows"] == min(200, len(KNOWN))
    assert done.done >= 5  # steps were told
    _, meta = registry.load("spring")
    assert meta["retrained"]["verdict"] == result["verdict"]
    assert retrain.kept(given.data, "spring").is_file()


def test_a_retraining_that_is_stopped_or_fails_leaves_nothing(reviewed: Store, tmp_path: Path, models: Path) -> None:
    given = settings(reviewed, tmp_path)
    which = put(reviewed, "retrain", name="spring")
    held = queue.claim(reviewed, "test:1", which)
    assert held
    with reviewed.writing() as session:
        queue.cancel(session, ME, which)
    assert worker.run(held, given, 1) == "cancelled"
    assert job(reviewed, which).state == "cancelled"
    failed = run(reviewed, put(reviewed, "retrain", name="base"), given)
    assert (failed.state, "自带模型的名字" in failed.error) == ("failed", True)
    assert not models.exists()
    assert list(given.data.rglob("*.jsonl")) == []


def test_a_killed_retraining_is_done_again(reviewed: Store, tmp_path: Path, models: Path) -> None:
    given = settings(reviewed, tmp_path)
    which = put(reviewed, "retrain", name="spring")
    begin = [sys.executable, "-c", WORK, str(given.data), given.url]
    process = subprocess.Popen(begin, stderr=subprocess.DEVNULL, start_new_session=True)
    limit = time.monotonic() + 60
    while job(reviewed, which).done < 3:
        assert time.monotonic() < limit
        assert process.poll() is None, "too fast to be killed"
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (models / "spring").exists()
    assert job(reviewed, which).state == "running"
    worker.Worker(given, 1).run(Event(), once=True)
    assert job(reviewed, which).state == "done", job(reviewed, which).error
    assert [each.name for each in models.iterdir()] == ["spring"]


def test_a_retraining_that_is_stopped_leaves_an_earlier_model_its_labels(
    reviewed: Store, tmp_path: Path, models: Path
) -> None:
    given = settings(reviewed, tmp_path)
    assert run(reviewed, put(reviewed, "retrain", name="spring"), given).state == "done"
    before = files(given.data, models)
    assert [name for name in before if name.endswith(".jsonl")] == ["spring.jsonl"]
    which = put(reviewed, "retrain", name="spring")
    held = queue.claim(reviewed, "test:1", which)
    assert held
    with reviewed.writing() as session:
        queue.cancel(session, ME, which)
    assert worker.run(held, given, 1) == "cancelled"
    assert files(given.data, models) == before


@pytest.mark.parametrize("tried", [1, queue.ATTEMPTS])
def test_a_retraining_that_was_killed_and_does_not_go_on_leaves_nothing(
    reviewed: Store, tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch, tried: int
) -> None:
    given = settings(reviewed, tmp_path)
    which = put(reviewed, "retrain", name="spring")
    held = queue.claim(reviewed, "test:1", which)
    assert held
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.retrain.retrain", _killed)
        patch.setattr(retrain, "drop", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            retrain.run(held, given.data)
    (models / ".spring.new").mkdir(parents=True, exist_ok=True)
    assert files(given.data, models) != []
    with reviewed.writing() as session:
        session.get_one(Job, which).attempts = tried
    queue.put_back(held, stopped=False)
    if tried == 1:
        with reviewed.writing() as session:
            queue.cancel(session, ME, which)
    worker.Worker(given, 1).run(Event(), once=True)
    assert job(reviewed, which).state == ("cancelled" if tried == 1 else "failed")
    assert files(given.data, models) == []
    assert not models.exists() or list(models.iterdir()) == []


def _killed(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def files(*folders: Path) -> list[str]:
    """Return what lies in folders of data and models."""
    return sorted(path.name for folder in folders for path in folder.rglob("*") if path.suffix in (".jsonl", ".part"))


def test_a_candidate_looks_on_and_changes_nothing(reviewed: Store, triage: Triage, tmp_path: Path) -> None:
    given = settings(reviewed, tmp_path)
    assert run(reviewed, put(reviewed, "retrain", name="spring"), given).state == "done"
    with pytest.raises(InputError, match="正在使用"):
        onlooker.begin("base", who="chen", when=now().isoformat())
    watching = trial.Trial(given)
    assert watching(reviewed) == 0
    found = onlooker.begin("spring", who="chen", when=now().isoformat())
    before = _standings(reviewed)
    Intake(reviewed, triage).receive([Arrival(Submission("", text)) for text in (LAMP, LID)], ME)
    came = _standings(reviewed)
    assert trial.Trial(given)(reviewed) == 2  # what was there before is not judged
    assert trial.Trial(given)(reviewed) == 0
    assert _standings(reviewed) == came
    assert len(came) == len(before) + 2
    with reviewed.reading() as session:
        rows = session.scalars(select(DecisionRow).where(DecisionRow.shadow)).all()
        told = trial.differences(session, OFFICER, found.id)
    assert [each.model for each in rows] == [found.id] * 2
    assert told.rows == 2
    assert told.topics == sum(each.rows for each in told.moves) == len(told.examples)
    assert not onlooker.end("summer")
    assert onlooker.current() == found
    assert onlooker.end("spring")
    assert onlooker.current() is None


def test_only_who_looks_on_can_be_ended(tmp_path: Path, models: Path) -> None:
    train_tiny(models / "tiny")
    found = onlooker.begin("tiny", who="chen", when=now().isoformat())
    with running(tmp_path, f"sqlite:///{tmp_path / 'minyi.db'}") as web:
        client = web.signed_in("analyst")
        sent = {"on": "", "csrf": client.headers["X-CSRF-Token"]}
        assert client.post("/admin/models/nonsense/trial", data=sent).status_code == 422
        assert onlooker.current() == found
        assert client.post("/admin/models/tiny/trial", data=sent, follow_redirects=False).status_code == 303
        told = web.read(lambda session: session.scalars(select(AuditEntry.what).order_by(AuditEntry.seq)).all())
    assert onlooker.current() is None
    assert [what for what in told if what.startswith("model:")] == ["model:tiny"]


def test_titles_of_differences_hold_no_personal_data(store: Store, triage: Triage) -> None:
    Intake(store, triage).receive([Arrival(Submission("", "我叫沈一，电话13800000000\n路灯不亮三天了"))], ME)
    told = {"level2": None, "intent": "complaint", "needs_review": False}
    content = orjson.dumps({"candidate": {**told, "level1": "政法"}, "current": {**told, "level1": "民政"}}).decode()
    with store.writing() as session:
        session.add(DecisionRow(number=1, content=content, model="x@1", rules="", shadow=True, made_at=now()))
    with store.reading() as session:
        titles = [trial.differences(session, actor, "x@1").examples[0].title for actor in (OFFICER, CHEN)]
    assert "13800000000" in titles[0]
    assert "13800000000" not in titles[1]


def _standings(store: Store) -> list[tuple[int, int, str | None]]:
    with store.reading() as session:
        query = select(Standing.number, Standing.version, Standing.level1).order_by(Standing.number)
        return [tuple(row) for row in session.execute(query)]


def test_where_a_candidate_differs_officers_say_who_is_right(reviewed: Store) -> None:
    with reviewed.writing() as session:
        own = session.scalars(select(Standing).order_by(Standing.number)).first()
        assert own
        assert own.level1
        content = (
            b'{"candidate":{"level1":"%s","level2":null,"intent":"complaint","needs_review":false},'
            b'"current":{"level1":"\xe6\xb2\xa1\xe6\x9c\x89","level2":null,"intent":"complaint","needs_review":true}}'
        ) % own.level1.encode()
        session.add(
            DecisionRow(number=own.number, content=content.decode(), model="x@1", rules="", shadow=True, made_at=now())
        )
        level1 = own.level1
    with reviewed.reading() as session:
        told = trial.differences(session, CHEN, "x@1")
    assert [(each.before, each.after, each.right, each.wrong) for each in told.moves] == [("没有", level1, 1, 0)]
    assert told.examples[0].officer == level1
    assert (told.review_before, told.review_after) == (1, 0)


def test_a_second_reading_is_a_label_and_nothing_else(reviewed: Store) -> None:
    before = _standings(reviewed)
    with reviewed.writing() as session:
        reading.read(session, CHEN, 1, "政法", "社会治安")
        with pytest.raises(RuleError, match="没有主题"):
            reading.read(session, CHEN, 1, "政法", "没有")
    assert _standings(reviewed) == before
    with reviewed.reading() as session:
        rows = [row for row in labels.rows(session) if row["id"] == "1"]
        assert [row["source"] for row in rows][-1] == "second"
        assert rows[-1]["topic"] == "政法"
        assert reading.done(session, [1, 2], now() - drift.EVERY) == {1}
        [pair] = reading.agreements(session)
        assert (pair.items, {pair.one, pair.two}) == (1, {str(OFFICER), "user:chen"})
        assert labels.tally(session)["second"] == 1
        assert audit.verify(session)[1] is None
        own = session.get_one(Standing, 1)
        seen = Seen(1, own.version)
    with reviewed.writing() as session:  # the officer may still take back what they did
        from service.desk.acts import undo

        undo(session, OFFICER, *(seen.number, seen.version))


def test_drift_is_told_week_by_week(reviewed: Store, triage: Triage, tmp_path: Path) -> None:
    with reviewed.writing() as session:
        session.execute(update(Standing).values(day="2026-01-05"))
    fresh = [f"量子大道以旧换新补贴一直没有发，{at}号店说要等。" for at in range(40)]
    Intake(reviewed, triage).receive([Arrival(Submission("", text, submitted_at="2026-03-02")) for text in fresh], ME)
    done = run(reviewed, put(reviewed, drift.KIND, since="2026-03-01"), settings(reviewed, tmp_path))
    result: dict[str, Any] = done.result or {}
    assert (result["before"], result["after"], result["weeks"][0]["rows"]) == (len(KNOWN), 40, 40)
    assert "strange" in result["alarms"]
    assert any("大道" in term for term in result["dictionary"])
    assert result["overrides"]
    failed = run(reviewed, put(reviewed, drift.KIND, since="2020-01-01"), settings(reviewed, tmp_path))
    assert "至少要 30 件" in failed.error


def test_drift_is_looked_at_each_week(reviewed: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "LEAST", 10)
    drift.Weekly()(reviewed)
    with reviewed.reading() as session:
        assert session.scalar(select(Job).where(Job.kind == drift.KIND)) is None  # nothing is a week old yet
    with reviewed.writing() as session:
        session.execute(update(Standing).values(changed_at=now() - 2 * drift.EVERY))
    weekly = drift.Weekly()
    weekly(reviewed)
    weekly(reviewed)
    drift.Weekly()(reviewed)
    with reviewed.reading() as session:
        assert len(session.scalars(select(Job).where(Job.kind == drift.KIND)).all()) == 1


def test_what_a_verdict_says_counts_for_promotion(models: Path) -> None:
    _, now_works = registry.load("base")
    from pipeline import artefact

    def judged(kind: str, against: str) -> dict[str, Any]:
        told = {"kind": kind, "lines": ["结论：更差。准确率 0.9 → 0.8。", "下一步：…"]}
        return {**now_works, "retrained": {"verdict": told, "against": against}}

    own = artefact.model_id(now_works)
    assert registry.worse(judged("worse", own), now_works) == ["结论：更差。准确率 0.9 → 0.8"]
    assert registry.worse(judged("unknown", own), now_works) == ["结论：更差。准确率 0.9 → 0.8"]
    assert registry.worse(judged("equal", own), now_works) == []
    assert registry.worse(judged("worse", "other@1"), now_works) == []  # by card: the same scores
    with pytest.raises(ModelError, match="没有启用"):
        registry.promote("base", who="x", when="", why="", against=["更差"], force=False)


def test_labels_that_were_junk_are_no_topic(reviewed: Store) -> None:
    with reviewed.writing() as session:
        own = session.get_one(Standing, 2)
        review.junk(session, OFFICER, Seen(2, own.version))
    with reviewed.reading() as session:
        [row] = [row for row in labels.rows(session) if row["id"] == "2"]
    example = replace(reading.as_label(row)).example()
    assert (example.topic, example.junk) == (None, True)
    with reviewed.reading() as session:
        assert session.scalar(select(Review).where(Review.number == 2, Review.action == "junk"))
