"""What comes twice, by a doubled click or the browser's history, is done once and answered as done."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from office import LAMPS, OFFICER, furnish, member
from sqlalchemy import func, select

from pipeline.records import Submission
from service.accounts.actor import PERMISSIONS, Actor
from service.desk import assign, atwork, mine, review
from service.desk.errors import ConflictError, ForbiddenError, RuleError
from service.desk.intake import Arrival, Intake
from service.desk.life import Said
from service.settings import Settings
from service.store import Assignment, Review, Standing, Store

COLLEAGUE = Actor("user", "wang", PERMISSIONS["officer"], "officer", id=7)
LATER = str(date.fromisoformat(mine.today()) + timedelta(9))


@pytest.fixture
def number(store: Store) -> int:
    """One submission in an office with members; as an officer sees it, its version is 1."""
    furnish(store)
    [receipt] = Intake(store, atwork.load(store, Settings())).receive([Arrival(Submission("", LAMPS))], OFFICER)
    return receipt.number


def give(store: Store, number: int, actor: Actor = OFFICER, *members: str, **told: Any) -> list[int]:
    """Send the form of what an officer saw at first; return the assignments."""
    with store.writing() as session:
        chosen = [(each, told.get("role", "lead")) for each in members or ("m1",)]
        sent = assign.assign(session, actor, number, 1, chosen, told.get("due"), told.get("note", ""))
        return [each.id for each in sent]


def counts(store: Store) -> tuple[int | None, int | None]:
    with store.reading() as session:
        return tuple(session.scalar(select(func.count()).select_from(kind)) for kind in (Assignment, Review))  # type: ignore[return-value]


def act(store: Store, which: int, name: str, actor: Actor, version: int) -> None:
    with store.writing() as session:
        assign.act(session, actor, which, name, version, Said(reason="属地不符"))


@pytest.mark.parametrize("told", [{}, {"due": LATER}, {"note": "请先去看"}, {"role": "assist"}])
def test_the_same_form_is_done_once(store: Store, number: int, told: dict[str, Any]) -> None:
    first = give(store, number, **told)
    assert give(store, number, **told) == first
    act(store, first[0], "accept", member("m1"), 1)
    assert give(store, number, **told) == first  # sent again later, from the browser's history
    assert counts(store) == (1, 2)


def test_several_members_at_once(store: Store, number: int) -> None:
    assert give(store, number, OFFICER, "m1", "m2") == give(store, number, OFFICER, "m1", "m2")


def test_the_proposed_members(store: Store, number: int) -> None:
    def propose() -> list[int]:
        with store.writing() as session:
            return [each.id for each in assign.assign(session, OFFICER, number, 1)]

    assert propose() == propose()


@pytest.mark.parametrize("told", [{"due": LATER}, {"note": "急"}, {"role": "assist"}])
def test_another_form_is_a_conflict(store: Store, number: int, told: dict[str, Any]) -> None:
    give(store, number)
    for actor, members in ((OFFICER, ("m1",)), (COLLEAGUE, ("m1",)), (OFFICER, ("m2",)), (OFFICER, ("m1", "m2"))):
        with pytest.raises(ConflictError):
            give(store, number, actor, *members, **told)
    assert counts(store) == (1, 1)


def test_somebody_elses_and_what_holds_no_more_is_a_conflict(store: Store, number: int) -> None:
    [first] = give(store, number)
    with pytest.raises(ConflictError):
        give(store, number, COLLEAGUE)
    with pytest.raises(ConflictError):
        give(store, number, OFFICER, "m1", "m2")
    act(store, first, "withdraw", OFFICER, 1)
    with pytest.raises(ConflictError):
        give(store, number)


@pytest.mark.parametrize("back", [True, False])
def test_reassigning_twice_is_done_once(store: Store, number: int, *, back: bool) -> None:
    [first] = give(store, number)
    if back:
        act(store, first, "hand_back", member("m1"), 1)

    def again(actor: Actor, to: str) -> int:
        with store.writing() as session:
            return assign.reassign(session, actor, first, 1 + back, to).id

    fresh = again(OFFICER, "m2")
    assert again(OFFICER, "m2") == fresh
    assert counts(store) == (2, 2 + back)
    for actor, to in ((OFFICER, "m3"), (COLLEAGUE, "m2"), (COLLEAGUE, "m3")):
        with pytest.raises(ConflictError):
            again(actor, to)


def test_what_became_restricted_in_between_is_not_told_as_given(store: Store, number: int) -> None:
    give(store, number)
    with store.writing() as session:
        session.get_one(Standing, number).restricted = True
    with pytest.raises(ForbiddenError, match="只到办公室"):
        give(store, number)


def test_what_is_closed_goes_back_into_no_queue(store: Store, number: int) -> None:
    give(store, number)
    with store.writing() as session:
        session.get_one(Standing, number).delivery = "closed"
        version = session.get_one(Standing, number).version
    with store.writing() as session, pytest.raises(RuleError, match="请其重办"):
        review.reopen(session, OFFICER, review.Seen(number, version))
    assert counts(store) == (1, 1)
