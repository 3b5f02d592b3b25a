"""Lists keep their place, all issues are found, and nobody is late when they are asked; on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from letters import submissions
from office import OFFICER
from sqlalchemy import select

from pipeline.triage import Triage
from service.desk import assign, heat, mine
from service.desk.intake import Arrival, Intake
from service.desk.queue import ORDERS, Filters, Queue
from service.store import Standing, Store


@pytest.fixture
def queue(store: Store, triage: Triage) -> Queue:
    Intake(store, triage).receive([Arrival(each) for each in submissions()], OFFICER)
    return Queue(triage.router.places, triage.segmenter)


@pytest.mark.parametrize("order", [each for each in ORDERS if each != "teach"])
def test_a_page_begins_above_a_submission(store: Store, queue: Queue, order: str) -> None:
    with store.reading() as session:
        whole = [each.standing for each in queue.page(session, OFFICER, Filters(), order=order).items]
        assert queue.above(session, OFFICER, Filters(), whole[2], 2, order=order) is None
        cursor = queue.above(session, OFFICER, Filters(), whole[5], 2, order=order)
        shown = queue.page(session, OFFICER, Filters(), order=order, cursor=cursor).items
        assert [each.standing.number for each in shown] == [each.number for each in whole[3:]]


def test_issues_of_two_texts_are_found_hot_or_not(store: Store, queue: Queue) -> None:
    def found(filters: Filters, skip: int = 0) -> list[int]:
        with store.reading() as session:
            return [len(each.rows) for each in heat.largest(session, OFFICER, queue, filters, None, skip, 50)]

    with store.reading() as session:
        issues = session.scalars(select(Standing.issue)).all()
    sizes = sorted((issues.count(name) for name in set(issues) if issues.count(name) > 1), reverse=True)
    assert found(Filters()) == sizes
    assert found(Filters(), skip=1) == sizes[1:]
    assert found(Filters(text="没有这样的词语呀")) == []
    assert found(Filters(text="路灯")) != []


@pytest.mark.parametrize(
    ("day", "due", "expected"),
    [(-400, -395, 5), (-1, 6, 6), (0, 0, 0), (-1, None, None), (-5, -1, 4)],
    ids=["old file", "in time", "today", "none", "yesterday"],
)
def test_a_deadline_that_passed_begins_anew(day: int, due: int | None, expected: int | None) -> None:
    today = date.fromisoformat(mine.today())

    def told(days: int | None) -> str | None:
        return None if days is None else (today + timedelta(days)).isoformat()

    standing: Any = SimpleNamespace(day=told(day), due=told(due))
    assert assign.due_of(standing) == told(expected)
    if due is not None and due < 0:
        assert assign.due_of(SimpleNamespace(day="2025-02-31", due=told(due))) is None  # type: ignore[arg-type]
