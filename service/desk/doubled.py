"""Forms that came twice: a doubled click, or one sent again from the browser's history, is answered as done.

It is the same form where the same person asks the same of what they saw, and what they asked for still holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.accounts.actor import Actor
from service.desk.life import UNDER_WAY
from service.store import Assignment, Review


def sent(
    session: Session, actor: Actor, number: int, version: int, told: Mapping[str, Any], note: str
) -> Sequence[Assignment]:
    """Return the assignments that a form has made already; none where it is another, or they do not hold any more.

    Parameters
    ----------
    version : of the submission, as the officer saw it.
    told : its members with their roles, and the day; as the review keeps it.
    """
    for review in _reviews(session, actor, number, "assign", note):
        if review.version > version and all(review.after.get(name) == value for name, value in told.items()):
            rows = [each for each in _in_hand(session, actor, number) if _named(each) in told["members"]]
            return rows if len(rows) == len(told["members"]) else []
    return []


def reassigned(
    session: Session, actor: Actor, earlier: Assignment, member: str, due: str | None, note: str
) -> Assignment | None:
    """Return the assignment that went to another member instead of an earlier one by the same form; see `sent`."""
    for review in _reviews(session, actor, earlier.number, "reassign", note):
        if review.before["assignment"] == earlier.id:
            rows = {each.id: each for each in _in_hand(session, actor, earlier.number)}
            fresh = rows.get(review.after["assignment"])
            return fresh if fresh and (fresh.member, fresh.due) == (member, due) else None
    return None


def _reviews(session: Session, actor: Actor, number: int, action: str, note: str) -> Iterator[Review]:
    """Yield what an actor did with a submission in these words, the latest first."""
    own = Review.number == number, Review.action == action, Review.actor == str(actor), Review.reason == note
    yield from session.scalars(select(Review).where(*own).order_by(Review.id.desc()))


def _in_hand(session: Session, actor: Actor, number: int) -> Sequence[Assignment]:
    own = Assignment.number == number, Assignment.sent_by == str(actor), Assignment.state.in_(UNDER_WAY)
    return session.scalars(select(Assignment).where(*own).order_by(Assignment.id)).all()


def _named(assignment: Assignment) -> dict[str, str]:
    return {"id": assignment.member, "role": assignment.role}
