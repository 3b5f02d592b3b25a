"""Submissions that come at once go into one write: each caller gets their own receipt, a broken one harms no other."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from letters import LETTERS
from sqlalchemy import func, select

from pipeline.records import Submission
from pipeline.triage import Triage
from service.accounts.actor import PERMISSIONS, Actor
from service.desk import audit
from service.desk.asked import Request
from service.desk.gather import Gatherer
from service.desk.intake import Arrival, Intake
from service.store import Asked, AuditEntry, Store, SubmissionRow


def callers(count: int) -> list[Actor]:
    return [Actor("key", f"k{at}", PERMISSIONS["clerk"]) for at in range(count)]


def test_many_at_once(store: Store, triage: Triage, monkeypatch: pytest.MonkeyPatch) -> None:
    intake = Intake(store, triage)
    gatherer = Gatherer(intake)
    deliveries: list[int] = []
    receive = intake.receive

    def counted(arrivals: Any, *rest: Any, **more: Any) -> Any:
        deliveries.append(len(arrivals))
        if any(each.submission.text == "broken" for each in arrivals):
            raise RuntimeError("broken")
        return receive(arrivals, *rest, **more)

    monkeypatch.setattr(intake, "receive", counted)
    texts = [*LETTERS, "broken", *LETTERS]
    told: dict[int, Any] = {}

    def send(at: int, actor: Actor) -> None:
        request = Request.of(f"key-{at}", actor, "submissions", texts[at].encode())
        try:
            told[at] = gatherer.receive(Arrival(Submission("", texts[at])), actor, request)
        except RuntimeError as error:
            told[at] = error

    threads = [threading.Thread(target=send, args=each) for each in enumerate(callers(len(texts)))]
    with gatherer._turn:  # all of them are there before the first one's turn comes
        for each in threads:
            each.start()
        while len(gatherer._waiting) < len(texts):
            pass
    for each in threads:
        each.join()
    assert deliveries == [len(texts)] + [1] * len(texts), "the broken one is found by trying each alone"
    assert isinstance(told.pop(len(LETTERS)), RuntimeError)
    with store.reading() as session:
        rows = {row.number: row for row in session.scalars(select(SubmissionRow))}
        assert {at: rows[receipt.number].text for at, receipt in told.items()} == {at: texts[at] for at in told}
        assert {rows[receipt.number].received_by for receipt in told.values()} == {f"key:k{at}" for at in told}
        assert session.scalar(select(func.count()).select_from(Asked)) == len(told)


def test_callers_of_one_write_are_told_apart(store: Store, triage: Triage) -> None:
    one, two = callers(2)
    arrivals = [Arrival(Submission("", text), by=actor) for text, actor in zip(LETTERS, (one, two, one), strict=False)]
    receipts = Intake(store, triage).receive(arrivals, one)
    with store.reading() as session:
        entries = session.execute(select(AuditEntry.actor, AuditEntry.what).order_by(AuditEntry.seq)).all()
        assert entries == [("key:k0", "submission:1,3"), ("key:k1", "submission:2")]
        assert audit.verify(session)[1] is None
    assert Intake(store, triage).receive([replace(arrivals[0], by=two)], two)[0].number == receipts[0].number
