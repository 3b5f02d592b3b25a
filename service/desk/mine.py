"""What is in the hands of members: each their own list, masked; and for officers what is overdue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from service.accounts.actor import PERMISSIONS, Actor
from service.accounts.sight import visible
from service.desk.life import UNDER_WAY
from service.masking import for_member
from service.store import Answer, Assignment, DecisionRow, Standing, now

OPEN = ("sent", "accepted")


def today() -> str:
    """Return the day on which deadlines are judged, where this machine is."""
    return now().astimezone().date().isoformat()


def of_member(
    session: Session,
    member: str,
    states: Sequence[str] = UNDER_WAY,
    after: int = 0,
    most: int = 50,
    *,
    open_first: bool = False,
    skip: int = 0,
) -> list[tuple[Assignment, dict[str, Any]]]:
    """Return the assignments of a member after a number, each with what they may read of its submission.

    Matters that became restricted, are no longer in their hands or are no submissions are not among them.

    Parameters
    ----------
    open_first : those that wait for the member come first, what is due soonest before all; else in order of number.
    skip : so many were read already, in that order.
    """
    # whoever asks: what the member may know of
    theirs = Actor("user", member, PERMISSIONS["member"], "member", member=member)
    waiting = case((Assignment.state.in_(OPEN), 0), else_=1)
    order = (waiting, func.coalesce(Assignment.due, "9999"), Assignment.id) if open_first else (Assignment.id,)
    query = (
        select(Assignment, Standing, DecisionRow.content)
        .join(Standing, Standing.number == Assignment.number)
        .join(DecisionRow, DecisionRow.id == Standing.decision)
        .where(Assignment.member == member, Assignment.state.in_(states), Assignment.id > after)
        .order_by(*order)
        .offset(skip)
        .limit(most)
    )
    rows = session.execute(visible(query, theirs))
    return [(assignment, _shown(standing, content)) for assignment, standing, content in rows]


def _shown(standing: Standing, content: str) -> dict[str, Any]:
    """Return the masked decision, with what officers corrected."""
    shown = for_member(orjson.loads(content))
    route = shown["route"] | {name: getattr(standing, name) for name in ("sector", "committee", "place", "station")}
    return shown | {
        "intent": standing.intent,
        "topic": {"level1": standing.level1, "level2": standing.level2},
        "priority": standing.priority,
        "route": route,
    }


def listed(
    session: Session,
    actor: Actor,
    *,
    states: Sequence[str] = (),
    member: str | None = None,
    number: int | None = None,
    overdue: bool = False,
    after: int = 0,
    most: int = 100,
) -> Sequence[Assignment]:
    """Return assignments after a number by state, member and submission; `overdue` are those whose day has passed."""
    query = select(Assignment).join(Standing, Standing.number == Assignment.number).where(Assignment.id > after)
    if states or overdue:
        query = query.where(Assignment.state.in_(states or OPEN))
    if member:
        query = query.where(Assignment.member == member)
    if number:
        query = query.where(Assignment.number == number)
    if overdue:
        query = query.where(Assignment.due < today(), Assignment.state.in_(OPEN))
    return session.scalars(visible(query, actor).order_by(Assignment.id).limit(most)).all()


def answers(session: Session, numbers: Sequence[int]) -> Sequence[Answer]:
    """Return the answers to submissions, in the order in which they were given."""
    return session.scalars(select(Answer).where(Answer.number.in_(numbers)).order_by(Answer.id)).all()
