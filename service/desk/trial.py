"""A candidate on trial (旁观): it judges what has come in as well, has no say, and only its answers are kept.

The worker does it behind the requests, some texts at a time, so nobody waits for it and nobody's answer fails by it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pipeline import onlooker
from pipeline.triage import Triage
from service.accounts.actor import Actor
from service.accounts.sight import title, visible
from service.desk import atwork
from service.settings import Settings
from service.store import DecisionRow, Review, Standing, Store, SubmissionRow, now, table

_EVERY = 5.0
"""Seconds between two looks."""
_SOME = 200
"""So many texts are judged in one look: well below a second."""
_LATEST = 5_000
"""So many of the latest answers are compared."""
_EXAMPLES = 50


class Trial:
    """Lets the candidate look on; called by the worker at each round.

    It judges with the dials and the words of the office, as what works does: else they would tell the two apart.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._next = 0.0
        self._signs: atwork.Signs = ()
        self._triage: Triage | None = None
        self._done = 0

    def __call__(self, store: Store) -> int:
        """Judge some of what came since the candidate was let look on; return how many."""
        if time.monotonic() < self._next:
            return 0
        self._next = time.monotonic() + _EVERY
        found = onlooker.current()
        if found is None:
            self._triage = None
            return 0
        signs = found.id, found.when, *atwork.signs(store)
        if self._signs != signs or self._triage is None:
            self._triage = atwork.load(store, self.settings.model_copy(update={"model": found.model}))
            self._signs, self._done = signs, _last(store, found)
        count, self._done = look(store, found, self._triage, self._done)
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
        before = SubmissionRow.received_at < datetime.fromisoformat(candidate.when)
        return session.scalar(select(func.max(SubmissionRow.number)).where(before)) or 0


def look(store: Store, candidate: onlooker.Onlooker, triage: Triage, done: int) -> tuple[int, int]:
    """Judge some texts after a number; return how many, and the number up to which it is done."""
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
    said = triage.verdicts([content["clean"]["text"] for _, content, _ in told])
    answers = [
        {"number": number, "shadow": True, "model": candidate.id, "rules": "", "made_at": now(),
         "content": orjson.dumps(_answer(verdict, content, model)).decode()}
        for (number, content, model), verdict in zip(told, said, strict=True)
    ]  # fmt: skip
    if answers:
        with store.writing(ordered=False) as session:
            keep(session, answers)
    return len(rows), rows[-1][0]


def keep(session: Session, answers: list[dict[str, Any]]) -> None:
    """Keep answers, within a write; those that another worker was faster with are there already."""
    new = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(table(DecisionRow))
    session.execute(new.on_conflict_do_nothing(), answers)


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
