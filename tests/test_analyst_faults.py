"""What the analysts' pages once told wrongly, showed to the wrong people, or did twice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from office import ME, OFFICER, furnish
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from web import Web, running

from pipeline import artefact, onlooker
from pipeline.knowledge import SHIPPED_MODELS
from pipeline.records import Submission
from pipeline.triage import Triage
from service.accounts.actor import PERMISSIONS, Actor
from service.desk import assign, atwork, dials, labels, reading, review, tables, teach, trial
from service.desk.intake import Arrival, Intake
from service.desk.queue import Queue
from service.desk.review import Seen
from service.jobs import drift, queue
from service.settings import Settings
from service.store import DecisionRow, Job, Review, Standing, Store, now

CHEN = Actor("user", "chen", PERMISSIONS["analyst"], "analyst", id=3)
SECRET = "学校食堂的饭菜不卫生"
TEXTS = [f"{SECRET}，{at}年级的孩子吃坏了肚子，请查。" for at in "一二三四"]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with running(tmp_path, f"sqlite:///{tmp_path / 'minyi.db'}", rate_intake=10**6) as opened:
        yield opened


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep models in a new folder; "twin" is the one that ships under another name."""
    folder = tmp_path / "models"
    shutil.copytree(SHIPPED_MODELS / "base", folder / "twin")
    monkeypatch.setenv("MINYI_MODELS", str(folder))
    meta, arrays = artefact.load(folder / "twin")
    artefact.save(folder / "twin", {**meta, "name": "twin"}, arrays, "")
    return folder


def receive(store: Store, triage: Triage, *texts: str, day: str | None = None) -> list[int]:
    sent = [Arrival(Submission("", text, submitted_at=day)) for text in texts]
    return [each.number for each in Intake(store, triage).receive(sent, ME)]


# what teaches most


def test_what_teaches_most_of_models_with_other_topics(store: Store, triage: Triage) -> None:
    first, *rest = receive(store, triage, *TEXTS)
    with store.writing() as session:
        for number, keep in ((first, 1), (rest[0], 5)):
            row = session.scalars(select(DecisionRow).where(DecisionRow.number == number)).one()
            told = orjson.loads(row.content)
            told["topic"]["scores"] = dict([*told["topic"]["scores"].items()][:keep])
            row.content = orjson.dumps(told).decode()
    with store.reading() as session:
        found = teach.next_ones(session, select(Standing.number), triage.classifier.vocabulary, 10)
    assert sorted(found) == [first, *rest]


def test_the_next_one_is_not_looked_for_within_the_write(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    number, following = web.submission(TEXTS[0]), web.submission(TEXTS[1])
    looked, beside = [], Queue.beside

    def watched(self: Queue, session: Session, *given: Any, **named: Any) -> Any:
        looked.append(session.connection().get_execution_options().get("writing", False))
        return beside(self, session, *given, **named)

    monkeypatch.setattr(Queue, "beside", watched)
    officer = web.signed_in("officer")
    form = {"version": "1", "queue": "order=newest", "csrf": officer.headers["X-CSRF-Token"]}
    answer = officer.post(f"/submissions/{following}/accept", data=form, follow_redirects=False)
    assert answer.headers["location"].startswith(f"/submissions/{number}")
    assert looked == [False]


# what is told of assignments and labels


def test_hand_backs_count_texts(web: Web) -> None:
    number = web.submission()
    with web.store.writing() as session:
        rows = assign.assign(session, ME, number, 1, [("m1", "lead"), ("m2", "assist")])
    for row, reason in zip(rows, ("权属不清", "回避"), strict=True):
        with web.store.writing() as session:
            row = session.merge(row)
            row.state, row.reason = "handed_back", reason
    with web.store.reading() as session:
        [told] = reading.handed_back(session, OFFICER)
    assert (told.assigned, told.back) == (1, 1)
    assert sorted(told.reasons) == [("回避", 1), ("权属不清", 1)]


def retrained(web: Web, *numbers: int) -> int:
    """Return a retraining that doubts some texts, as it stood in the store before texts were left out."""
    which = web.job(CHEN, "done")
    told = [{"id": str(each), "text": SECRET, "label": "教育文体", "other": "政法", "own": 0.1, "better": 0.8,
             "before": "政法", "after": "教育文体", "effect": "fixed"} for each in numbers]  # fmt: skip
    with web.store.writing() as session:
        job = session.get_one(Job, which)
        job.kind, job.what, job.started_at, job.ended_at = "retrain", {"name": "spring"}, now(), now()
        job.result = {
            "verdict": {"kind": "equal", "lines": ["结论：分不出高下。", ""]}, "changes": told, "doubtful": told,
            "doubts": len(told), "against": "base@1", "of": {"corrected": len(told)}, "crossed": None, "late": None,
            "recent": {"rows": len(told), "fixed": len(told), "broken": 0, "other": 0}, "seconds": 60, "mb": 1,
            "rows": len(told), "labels": "0" * 64,
        }  # fmt: skip
    return which


def test_what_became_restricted_is_no_longer_shown_with_a_job(web: Web) -> None:
    hidden, shown = web.submission(TEXTS[0], restricted=True), web.submission(TEXTS[1])
    which = retrained(web, hidden, shown)
    analyst = web.signed_in("analyst")
    for path in ("/admin/models/labels", f"/admin/models/retrainings/{which}"):
        page = analyst.get(path).text
        assert (TEXTS[0] in page, TEXTS[1] in page) == (False, True)
    assert SECRET not in web.key("jobs").get(f"/api/v1/jobs/{which}").text
    assert SECRET not in web.key("jobs").get("/api/v1/jobs").text
    form = {"topic": "/".join(sorted(review.topics())[0]), "csrf": analyst.headers["X-CSRF-Token"]}
    answer = analyst.post(f"/admin/models/labels/{shown}", data=form, follow_redirects=False)
    assert answer.headers["location"].partition("?")[0] == "/admin/models/labels"  # the hidden one would be 404


def test_a_second_reading_of_before_is_none_of_this_training(web: Web) -> None:
    number = web.submission(TEXTS[0])
    with web.store.writing() as session:
        reading.read(session, CHEN, number, *sorted(review.topics())[0])
        session.execute(update(Review).values(at=now() - timedelta(days=9)))
    which = retrained(web, number)
    analyst = web.signed_in("analyst")
    assert f'href="/admin/models/labels/{number}"' in analyst.get("/admin/models/labels").text
    with web.store.writing() as session:
        reading.read(session, CHEN, number, *sorted(review.topics())[0])
    assert f'href="/admin/models/labels/{number}"' not in analyst.get("/admin/models/labels").text
    assert web.read(lambda session: session.get_one(Job, which)).result


def test_agreement_is_told_of_the_latest_texts_only(
    store: Store, triage: Triage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in receive(store, triage, *TEXTS):
        with store.writing() as session:
            review.accept(session, OFFICER, Seen(number, 1))
            reading.read(session, CHEN, number, *sorted(review.topics())[0])
    parsed = []
    whole = labels.masked
    monkeypatch.setattr(labels, "masked", lambda *given: parsed.append(1) or whole(*given))
    monkeypatch.setattr(reading, "LATEST", 3)
    with store.reading() as session:
        [pair] = reading.agreements(session)
    assert (pair.items, len(parsed)) == (3, 3)


# a candidate on trial


def test_a_twin_differs_in_nothing_whatever_the_office_set(store: Store, models: Path) -> None:
    """It judges with the dials and the words of the office, as the working model does."""
    furnish(store)
    words = "term,level1,level2,weight\n食堂,教育文体,,3\n学校,教育文体,,3\n"
    tables.put(store, {"dials": dials.Dials(0.99).content, "lexicon": words}, {}, ME)
    given = Settings(database_url=store.engine.url.render_as_string(hide_password=False))
    before = now() - timedelta(minutes=1)
    found = onlooker.begin("twin", who="chen", when=before.isoformat())
    more = ("路灯不亮三天了，请修。", "建议增加公交车的班次。", "工地夜里施工吵人，请管。", "老师收补课费，请查。")
    receive(store, atwork.load(store, given), *TEXTS, *more)
    assert trial.Trial(given)(store) == 8
    with store.reading() as session:
        told = trial.differences(session, OFFICER, found.id)
    assert (told.rows, told.topics, told.seconds, told.intents) == (8, 0, 0, 0)
    assert told.review_before == told.review_after == 7  # at 0.95 the noise would pass as well


def test_two_workers_keep_an_answer_once(store: Store, triage: Triage, models: Path) -> None:
    receive(store, triage, *TEXTS)
    found = onlooker.begin("twin", who="chen", when=now().isoformat())
    assert trial.look(store, found, triage, 0)[0] == 4
    row = {"number": 1, "shadow": True, "model": found.id, "rules": "", "made_at": now(), "content": "{}"}
    with store.writing(ordered=False) as session:  # as another worker that looked before the first one had written
        trial.keep(session, [row])
    with store.reading() as session:
        assert session.scalar(select(func.count()).where(DecisionRow.shadow)) == 4


def test_two_workers_put_one_weekly_comparison(store: Store, triage: Triage, monkeypatch: pytest.MonkeyPatch) -> None:
    receive(store, triage, *TEXTS)
    monkeypatch.setattr(drift, "LEAST", 1)
    with store.writing() as session:
        session.execute(update(Standing).values(changed_at=now() - 2 * drift.EVERY))
    writing = store.writing

    def late(**given: Any) -> Any:  # the other one writes between the look and the write
        with writing() as session:
            queue.put(session, ME, drift.KIND, {})
        return writing(**given)

    monkeypatch.setattr(store, "writing", late)
    drift.Weekly()(store)
    with store.reading() as session:
        assert session.scalar(select(func.count()).where(Job.kind == drift.KIND)) == 1


@pytest.mark.parametrize("mistyped", ["2062-03-01", "2062-13-41", "2026-02-31"])
def test_one_mistyped_day_does_not_blind_drift(store: Store, triage: Triage, mistyped: str) -> None:
    receive(store, triage, *TEXTS, day="2026-03-04")
    receive(store, triage, "路灯不亮三天了，请修。")
    with store.writing() as session:
        session.execute(update(Standing).where(Standing.number == 1).values(day=mistyped))
        session.execute(update(Standing).where(Standing.number == 5).values(day="2026-02-20"))
        session.execute(update(Standing).where(Standing.number.in_((2, 3, 4))).values(day="2026-02-27"))
        assert drift._since(session) == "2026-01-05"  # the Monday seven weeks before that of the 27th of February
