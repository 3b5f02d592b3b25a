"""Receiving submissions into the store: each once, matched with what came before, all or nothing."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from inputs import LAMP, LID
from sqlalchemy import func, select

from pipeline.records import Submission
from pipeline.triage import Triage
from service.accounts.actor import command
from service.desk import audit, feed
from service.desk.intake import Arrival, Intake, hash_of
from service.desk.mine import today
from service.desk.rejudge import rejudge
from service.store import DecisionRow, Issue, Standing, Store, SubmissionRow, current, downgrade, upgrade

ME = command("test")


@pytest.fixture
def intake(store: Store, triage: Triage) -> Intake:
    return Intake(store, triage)


def arrival(text: str, name: str = "", **more: Any) -> Arrival:
    submission = Submission(name, text, **more)
    return Arrival(submission, hash_of(submission)) if name else Arrival(submission)


def count(store: Store, table: type) -> int:
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_delivery_is_stored_with_its_decisions(intake: Intake, store: Store) -> None:
    receipts = intake.receive([arrival(LAMP, "a"), arrival(LID, "b")], ME)
    assert [each.number for each in receipts] == [1, 2]
    assert len({each.reference for each in receipts}) == 2
    with store.reading() as session:
        assert session.get_one(SubmissionRow, 1).text == LAMP
        standing = session.get_one(Standing, 2)
        decision = orjson.loads(session.get_one(DecisionRow, standing.decision).content)
        assert decision["id"] == "2"
        assert decision == orjson.loads(receipts[1].decision)
        assert (standing.level1, standing.review, standing.version) == (decision["topic"]["level1"], "pending", 1)
        assert [change.number for change in feed.since(session, 0, 10)] == [1, 2]
        assert audit.verify(session) == (1, None)


def test_a_row_comes_in_once(intake: Intake, store: Store) -> None:
    [first] = intake.receive([arrival(LAMP, "a")], ME)
    again, other = intake.receive([arrival(LAMP, "a"), arrival(LAMP, "c")], ME)
    assert (again.number, again.again, again.decision) == (first.number, True, first.decision)
    assert (other.number, other.again) == (2, False)
    assert orjson.loads(other.decision)["duplicate"]["of"] == "1"
    assert count(store, SubmissionRow) == 2
    assert count(store, Issue) == 1


def test_a_delivery_that_fails_leaves_nothing(intake: Intake, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("service.desk.intake.search.add", fail)
        with pytest.raises(RuntimeError):
            intake.receive([arrival(LAMP, "a")], ME)
    assert count(store, SubmissionRow) == count(store, Issue) == 0
    assert intake.home.count() == 0
    intake.receive([arrival(LAMP, "a")], ME)
    assert count(store, SubmissionRow) == intake.home.count() == 1


def test_the_tables_go_down_and_up_again(store: Store) -> None:
    downgrade(store, "base")
    assert current(store) is None
    upgrade(store)
    assert current(store) is not None
    assert count(store, SubmissionRow) == 0


@pytest.mark.parametrize("told", [None, "", "上个月", "2025-02-31", "20260307"])
def test_what_names_no_day_is_due_from_the_day_it_came(intake: Intake, store: Store, told: str | None) -> None:
    [receipt] = intake.receive([Arrival(Submission("", LAMP, submitted_at=told))], ME)
    [dated] = intake.receive([Arrival(Submission("", LAMP, submitted_at=today()))], ME)
    rejudge(store, intake.triage, [receipt.number], ME)
    with store.reading() as session:
        one, other = (session.get_one(Standing, each.number) for each in (receipt, dated))
        first = session.scalar(select(DecisionRow.content).where(DecisionRow.number == receipt.number).limit(1))
    assert (one.day, one.due) == (today(), other.due)
    assert one.due is not None
    assert orjson.loads(str(first))["route"]["due"] == one.due
