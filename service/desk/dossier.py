"""The dossier of one submission: what came, what was decided, what people did with it, and what is near it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.match import Near, shared
from service.accounts.actor import Actor
from service.desk.acts import standing
from service.desk.queue import sees_all
from service.export.labels import title_and_body
from service.masking import for_member, masked, spans_of
from service.store import Answer, Assignment, DecisionRow, Issue, Review, Standing, SubmissionRow

_Readable = tuple[str, list[str]]
"""Text and key terms of a decision."""


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
class Sender:
    """Who sent it and what they wrote: for the desk alone."""

    text: str
    submitter: str | None
    contact: str | None
    external_id: str
    attachments: list[str]
    received_by: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """All about one submission that the reader may see.

    text : the clean text, without personal data for who may not read it.
    decision : whole, or as a member may read it.
    sender : None for who may not know.
    """

    standing: Standing
    reference: str
    title: str
    text: str
    submitted_at: str | None
    received_at: datetime
    decision: dict[str, Any]
    issue: Issue
    reviews: Sequence[Review]
    neighbours: list[Neighbour]
    assignments: Sequence[Assignment]
    answers: Sequence[Answer]
    sender: Sender | None = field(default=None)


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
    own = standing(session, actor, number)
    row = session.get_one(SubmissionRow, number)
    decision = orjson.loads(session.get_one(DecisionRow, own.decision).content)
    whole = sees_all(actor)
    text = decision["clean"]["text"] if whole else masked(decision["clean"]["text"], spans_of(decision))
    sender = Sender(row.text, row.submitter, row.contact, row.external_id, row.attachments, row.received_by)
    history = session.scalars(select(Review).where(Review.number == number).order_by(Review.id)).all()
    sent = session.scalars(select(Assignment).where(Assignment.number == number).order_by(Assignment.id)).all()
    answers = session.scalars(select(Answer).where(Answer.number == number).order_by(Answer.id)).all()
    return Dossier(
        standing=own,
        reference=row.reference,
        title=title_and_body(text)[0],
        text=text,
        submitted_at=row.submitted_at,
        received_at=row.received_at,
        decision=decision if whole else for_member(decision),
        issue=session.get_one(Issue, own.issue),
        reviews=history,
        neighbours=_neighbours(session, actor, own, decision, near),
        assignments=sent,
        answers=answers,
        sender=sender if whole else None,
    )


def _neighbours(
    session: Session, actor: Actor, own: Standing, decision: dict[str, Any], near: Sequence[Near]
) -> list[Neighbour]:
    query = (
        select(Standing, DecisionRow.content)
        .join(DecisionRow, DecisionRow.id == Standing.decision)
        .where(Standing.number.in_([int(each.id) for each in near]))
    )
    rows = {other.number: (other, orjson.loads(content)) for other, content in session.execute(query)}
    found = []
    for each in near:
        other, theirs = rows[int(each.id)]
        if sees_all(actor) or not other.restricted:
            found.append(_beside(own, _readable(decision, actor), other, _readable(theirs, actor), each))
    return found


def _readable(decision: dict[str, Any], actor: Actor) -> _Readable:
    """Return text and key terms of a decision, as far as the reader may see them."""
    text: str = decision["clean"]["text"]
    if not sees_all(actor):
        text = masked(text, spans_of(decision))
    return text, [term for term in decision["keywords"] if term in text]


def _beside(
    own: Standing, ours: tuple[str, list[str]], other: Standing, theirs: tuple[str, list[str]], near: Near
) -> Neighbour:
    text, terms = ours
    their_text, their_terms = theirs
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
