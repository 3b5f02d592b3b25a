"""A candidate on trial (旁观): it judges what has come in as well, has no say, and only its answers are kept.

The worker does it behind the requests, some texts at a time, so nobody waits for it and nobody's answer fails by it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from pipeline import onlooker, registry
from service.accounts.actor import Actor
from service.accounts.sight import title, visible
from service.store import DecisionRow, Review, Standing, Store, SubmissionRow, now

if TYPE_CHECKING:
    from pipeline.classify import Classifier

_EVERY = 5.0
"""Seconds between two looks."""
_SOME = 200
"""So many texts are judged in one look: well below a second."""
_LATEST = 5_000
"""So many of the latest answers are compared."""
_EXAMPLES = 50


class Trial:
    """Lets the candidate look on; called by the worker at each round."""

    def __init__(self) -> None:
        self._next = 0.0
        self._id = ""
        self._classifier: Classifier | None = None
        self._done = 0

    def __call__(self, store: Store) -> int:
        """Judge some of what came since the candidate was let look on; return how many."""
        if time.monotonic() < self._next:
            return 0
        self._next = time.monotonic() + _EVERY
        found = onlooker.current()
        if found is None:
            self._id, self._classifier = "", None
            return 0
        if self._id != found.id or self._classifier is None:
            self._classifier = registry.load(found.model)[0]
            self._id, self._done = found.id, _last(store, found)
        count, self._done = look(store, found, self._classifier, self._done)
        if count == _SOME:
            self._next = 0.0
        return count


def _last(store: Store, candidate: onlooker.Onlooker) -> int:
    """Return the number up to which a candidate has judged; at first all that is there already."""
    with store.reading() as session:
        mine = DecisionRow.shadow & (DecisionRow.model == candidate.id)
        done = session.scalar(select(func.max(DecisionRow.number)).where(mine))
        if done is not None:
            return done
        before = SubmissionRow.received_at < _moment(candidate.when)
        return session.scalar(select(func.max(SubmissionRow.number)).where(before)) or 0


def _moment(when: str) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(when)


def look(store: Store, candidate: onlooker.Onlooker, classifier: Classifier, done: int) -> tuple[int, int]:
    """Judge some texts after a number; return how many, and the number up to which it is done."""
    from pipeline.evaluate import verdicts

    with store.reading() as session:
        query = (
            select(Standing.number, DecisionRow.content, DecisionRow.model)
            .join(DecisionRow, DecisionRow.id == Standing.decision)
            .where(Standing.number > done)
            .order_by(Standing.number)
            .limit(_SOME)
        )
        rows = [(number, orjson.loads(content), model) for number, content, model in session.execute(query)]
    if not rows:
        return 0, done
    told = [each for each in rows if each[1]["status"] == "triaged"]
    said = verdicts(classifier, [content["clean"]["text"] for _, content, _ in told])
    answers = [
        {"number": number, "shadow": True, "model": candidate.id, "rules": "", "made_at": now(),
         "content": orjson.dumps(_answer(verdict, content, model)).decode()}
        for (number, content, model), verdict in zip(told, said, strict=True)
    ]  # fmt: skip
    with store.writing(ordered=False) as session:
        mine = DecisionRow.shadow & (DecisionRow.model == candidate.id)
        wanted = [each["number"] for each in answers]
        there = set(session.scalars(select(DecisionRow.number).where(DecisionRow.number.in_(wanted), mine)))
        if fresh := [each for each in answers if each["number"] not in there]:  # another worker may have been faster
            session.execute(insert(DecisionRow), fresh)
    return len(rows), rows[-1][0]


def _answer(verdict: Any, content: dict[str, Any], model: str) -> dict[str, Any]:
    """Return what a candidate says of a text, beside what holds."""
    topic = content["topic"]
    return {
        "candidate": {"level1": verdict.topic.level1, "level2": verdict.topic.level2, "intent": verdict.intent,
                      "confidence": verdict.topic.confidence, "needs_review": verdict.topic.needs_review},
        "current": {"level1": topic["level1"], "level2": topic["level2"], "intent": content["intent"],
                    "confidence": topic["confidence"], "needs_review": topic["needs_review"], "model": model},
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Move:
    """Texts that go from one first-level topic to another.

    right, wrong : of those that officers read since, in how many the candidate, or the working model, had the topic.
    """

    before: str
    after: str
    rows: int
    right: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Example:
    """A text of which the two say different topics; `officer` is what an officer says, "" where nobody read it."""

    number: int
    title: str
    before: str
    after: str
    officer: str


@dataclass(frozen=True, slots=True)
class Differences:
    """How the answers of a candidate differ from those that held.

    rows : that both judged; topics, seconds, intents : of how many the first level, only the second, the intent differ.
    review_before, review_after : how many need review by the one and by the other.
    """

    rows: int
    topics: int
    seconds: int
    intents: int
    review_before: int
    review_after: int
    moves: tuple[Move, ...]
    examples: tuple[Example, ...]


def differences(session: Session, actor: Actor, candidate: str) -> Differences:
    """Return how the latest answers of a candidate differ, for who may know of them.

    Parameters
    ----------
    candidate : name and hash of the model.
    """
    query = (
        select(Standing, DecisionRow.content)
        .join(DecisionRow, DecisionRow.number == Standing.number)
        .where(DecisionRow.shadow, DecisionRow.model == candidate)
        .order_by(DecisionRow.id.desc())
        .limit(_LATEST)
    )
    rows = [(own, orjson.loads(content)) for own, content in session.execute(visible(query, actor))]
    apart = [each for each in rows if _differ(each[1], "level1")]
    read = _read(session, [own.number for own, _ in apart])
    return Differences(
        rows=len(rows),
        topics=len(apart),
        seconds=sum(_differ(told, "level2") and not _differ(told, "level1") for _, told in rows),
        intents=sum(_differ(told, "intent") for _, told in rows),
        review_before=sum(told["current"]["needs_review"] for _, told in rows),
        review_after=sum(told["candidate"]["needs_review"] for _, told in rows),
        moves=tuple(_moves(apart, read)),
        examples=tuple(
            Example(own.number, title(session, own, actor), str(told["current"]["level1"]), told["candidate"]["level1"],
                    (own.level1 or "") if own.number in read else "")
            for own, told in apart[:_EXAMPLES]
        ),
    )  # fmt: skip


def _differ(told: dict[str, Any], name: str) -> bool:
    return bool(told["current"][name] != told["candidate"][name])


def _read(session: Session, numbers: Iterable[int]) -> set[int]:
    """Return which of some texts an officer read: a glance is no reading."""
    query = select(Review.number).where(
        Review.number.in_(list(numbers)), Review.action.in_(("accept", "correct")), ~Review.glance
    )
    pending = select(Standing.number).where(Standing.review.in_(("accepted", "corrected")))
    return set(session.scalars(query.where(Review.number.in_(pending))))


def _moves(apart: list[tuple[Standing, dict[str, Any]]], read: set[int]) -> list[Move]:
    rows, right, wrong = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for own, told in apart:
        pair = str(told["current"]["level1"]), str(told["candidate"]["level1"])
        rows[pair] += 1
        if own.number in read:
            right[pair] += own.level1 == pair[1]
            wrong[pair] += own.level1 == pair[0]
    return [Move(*pair, count, right[pair], wrong[pair]) for pair, count in rows.most_common()]
