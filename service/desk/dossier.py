"""The dossier of one submission: what came, what was decided, what people did with it, and what is near it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.match import Near, shared
from service.accounts.actor import Actor
from service.accounts.sight import sender, shown, standing_or_raise, tied, visible
from service.desk.issues import as_read
from service.export.labels import title_and_body
from service.store import Answer, Assignment, DecisionRow, Issue, Review, Standing, SubmissionRow

Row = TypeVar("Row", Review, Assignment, Answer)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A text that may be of the same matter, side by side with this one.

    shared : terms that tie the two; only_here, only_there : key terms of either that are not in the other, names of
        places and firms first of all.
    differs : place or day, where both are known and not the same.
    """

    number: int
    title: str
    score: float
    alike: float
    issue: str
    same_issue: bool
    level1: str | None
    place: str | None
    day: str
    review: str
    shared: tuple[str, ...]
    only_here: tuple[str, ...]
    only_there: tuple[str, ...]
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dossier:
    """All about one submission that the reader may see.

    arrival, decision : see `service.accounts.sight`.
    """

    standing: Standing
    title: str
    arrival: dict[str, Any]
    decision: dict[str, Any]
    issue: Issue
    reviews: Sequence[Review]
    neighbours: list[Neighbour]
    assignments: Sequence[Assignment]
    answers: Sequence[Answer]


def dossier(session: Session, actor: Actor, number: int, near: Sequence[Near]) -> Dossier:
    """Return the dossier of a submission.

    Parameters
    ----------
    near : from `Intake.near`.

    Raises
    ------
    NotFoundError
        Where there is none, or only the desk may know of it.
    """
    own = standing_or_raise(session, number, actor)
    judged = orjson.loads(session.get_one(DecisionRow, own.decision).content)
    decision = shown(tied(session, judged, actor), actor)
    history = session.scalars(select(Review).where(Review.number == number).order_by(Review.id)).all()
    sent = session.scalars(select(Assignment).where(Assignment.number == number).order_by(Assignment.id)).all()
    answers = session.scalars(select(Answer).where(Answer.number == number).order_by(Answer.id)).all()
    return Dossier(
        standing=own,
        title=title_and_body(decision["clean"]["text"])[0],
        arrival=sender(session.get_one(SubmissionRow, number), actor),
        decision=decision,
        issue=as_read(session, actor, session.get_one(Issue, own.issue)),
        reviews=_blank(session, actor, history, "reason"),
        neighbours=_neighbours(session, actor, own, decision, near),
        assignments=_blank(session, actor, sent, "note"),
        answers=_blank(session, actor, answers, "text"),
    )


def _blank(session: Session, actor: Actor, rows: Sequence[Row], field: str) -> Sequence[Row]:
    """Take out what people wrote freely, which may name persons, where the actor may not read personal data."""
    if "read_personal" not in actor.may:
        for row in rows:
            session.expunge(row)  # what is told is changed, not what is kept
            setattr(row, field, "")
    return rows


def _neighbours(
    session: Session, actor: Actor, own: Standing, decision: dict[str, Any], near: Sequence[Near]
) -> list[Neighbour]:
    query = (
        select(Standing, DecisionRow.content)
        .join(DecisionRow, DecisionRow.id == Standing.decision)
        .where(Standing.number.in_([int(each.id) for each in near]))
    )
    rows = {str(row[0].number): row for row in session.execute(visible(query, actor))}
    return [
        _beside(own, decision, rows[each.id][0], shown(orjson.loads(rows[each.id][1]), actor), each)
        for each in near
        if each.id in rows
    ]


def _beside(own: Standing, ours: dict[str, Any], other: Standing, theirs: dict[str, Any], near: Near) -> Neighbour:
    text, terms = ours["clean"]["text"], ours["keywords"]
    their_text, their_terms = theirs["clean"]["text"], theirs["keywords"]
    differs = [
        name for name in ("place", "day") if (a := getattr(own, name)) and (b := getattr(other, name)) and a != b
    ]
    return Neighbour(
        number=other.number, title=title_and_body(their_text)[0], score=round(near.score, 4),
        alike=round(near.alike, 4), issue=other.issue, same_issue=other.issue == own.issue, level1=other.level1,
        place=other.place, day=other.day, review=other.review, shared=shared(terms, text, their_terms, their_text),
        only_here=tuple(term for term in terms if term not in their_text),
        only_there=tuple(term for term in their_terms if term not in text), differs=tuple(differs),
    )  # fmt: skip
