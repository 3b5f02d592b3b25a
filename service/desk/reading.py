"""Second readings, and what they and others say of labels: who agrees with whom, which topics are handed back.

Who reads a text anew does not see what was said of it. The reading changes nothing in the queue; it is a label that
settles the text for training (see `pipeline.labels.settled`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.labels import NO_TOPIC, Label
from pipeline.suspects import Agreement, agreement
from service.accounts.actor import Actor
from service.accounts.sight import standing_or_raise, visible
from service.desk import audit, labels, review
from service.desk.errors import RuleError
from service.masking import masked, spans_of
from service.store import Assignment, DecisionRow, Review, Standing, User, now

LATEST = 1_000
"""So many of the latest texts tell how far people agree: each is parsed for it."""
_EXCERPT = 80
_NAMES = {each.name for each in fields(Label)}


def text_of(session: Session, actor: Actor, number: int) -> str:
    """Return the text to read, without personal data."""
    own = standing_or_raise(session, number, actor)
    told = orjson.loads(session.get_one(DecisionRow, own.decision).content)
    return masked(told["clean"]["text"], spans_of(told))


def excerpts(session: Session, actor: Actor, told: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what a job tells of single texts with the beginning of each, of those that an actor may know of now.

    Parameters
    ----------
    told : with the number of a text as `id`.
    """
    told = [each for each in told if str(each["id"]).isdecimal()]
    query = (
        select(Standing.number, DecisionRow.content)
        .join(DecisionRow, DecisionRow.id == Standing.decision)
        .where(Standing.number.in_({int(each["id"]) for each in told}))
    )
    texts = {str(number): _excerpt(content) for number, content in session.execute(visible(query, actor))}
    return [each | {"text": texts[each["id"]]} for each in told if each["id"] in texts]


def _excerpt(content: str) -> str:
    told = orjson.loads(content)
    whole = masked(told["clean"]["text"], spans_of(told)).replace("\n", " ")
    return whole[:_EXCERPT] + "…" * (len(whole) > _EXCERPT)


def read(session: Session, actor: Actor, number: int, level1: str, level2: str) -> Review:
    """Keep a second reading, within a write.

    Parameters
    ----------
    level1, level2 : the topic that was read, 垃圾信息 and "" for no submission.

    Raises
    ------
    NotFoundError, RuleError
        Where there is no such submission, or no such topic.
    """
    if (level1, level2) != (NO_TOPIC[0], "") and (level1, level2) not in review.topics():
        raise RuleError(f"没有主题“{level1} / {level2}”。请从列表里选。", "topic")
    own = standing_or_raise(session, number, actor)
    after = {labels.SECOND: {"level1": level1, "level2": level2}}
    made = Review(
        number=number, action=labels.SECOND, actor=str(actor), before={}, after=after, version=own.version, at=now()
    )
    session.add(made)
    session.flush()
    audit.record(session, actor, "label.second", f"submission:{number}", after=after)
    return made


def done(session: Session, numbers: Iterable[int], since: datetime) -> set[int]:
    """Return which of some texts were read a second time since a training began: what it doubts it had not seen yet."""
    after = Review.action == labels.SECOND, Review.at >= since
    return set(session.scalars(select(Review.number).where(Review.number.in_(list(numbers)), *after)))


def agreements(session: Session) -> list[Agreement]:
    """Return how far people agree on the latest texts that two of them read, pair by pair."""
    return agreement(as_label(row) for row in labels.rows(session, several=LATEST))


def as_label(row: dict[str, Any]) -> Label:
    """Return a row of labels as the library has it."""
    return Label(**{name: value for name, value in row.items() if name in _NAMES})


@dataclass(frozen=True, slots=True)
class HandedBack:
    """How many of the texts of a topic that were assigned came back, and why: evidence on routing, not on topics."""

    topic: str
    assigned: int
    back: int
    reasons: tuple[tuple[str, int], ...]


def handed_back(session: Session, actor: Actor) -> list[HandedBack]:
    """Return the topics with hand-backs, the most frequent first."""
    texts, back = func.count(Assignment.number.distinct()), Assignment.reason != ""
    given = select(Standing.level1, texts, texts.filter(back)).group_by(Standing.level1)
    reasons = select(Standing.level1, Assignment.reason, texts).where(back).group_by(Standing.level1, Assignment.reason)
    why: dict[str | None, Counter[str]] = {}
    for topic, reason, count in _of_assignments(session, actor, reasons):
        why.setdefault(topic, Counter[str]())[reason] = count
    found = [
        HandedBack(str(topic), assigned, count, tuple(why[topic].most_common()))
        for topic, assigned, count in _of_assignments(session, actor, given)
        if count
    ]
    return sorted(found, key=lambda each: (-each.back, each.topic))


def _of_assignments(session: Session, actor: Actor, query: Any) -> Iterable[Any]:
    return session.execute(visible(query.join(Assignment, Assignment.number == Standing.number), actor))


def people(session: Session) -> dict[str, str]:
    """Return the names of people by how they are written into tables."""
    return {f"user:{name}": shown or name for name, shown in session.execute(select(User.name, User.shown))}
