"""Labels from the work of officers: each reading of a text with its weight, without personal data, frozen by hash.

What each kind of work counts stands in `pipeline.labels.SOURCES`, see docs/labels.md; here is only which act is which.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.labels import NO_TOPIC, SOURCES
from service.export import beside
from service.masking import mask, masked, spans_of
from service.store import DecisionRow, Review, Standing, SubmissionRow

SECOND = "second"
"""The act of who reads a text anew without seeing its label; it changes nothing but the labels."""
_ACTS = {
    "correct": "corrected", "junk": "corrected", "accept": "accepted", "merge": "merged", "confirm_link": "merged",
    "split": "split", "hand_back": "handed_back", SECOND: SECOND,
}  # fmt: skip
_DOUBTS = ("权属不清", "职能交叉")
"""Reasons of a hand-back that say something of the topic; a wrong place or a stake in the matter says nothing."""
_SENT_ON = ("assign", "reassign")
"""After a hand-back these say that an officer looked again, and found the topic right."""
_TOPICAL = {"level1", "level2", "intent", "status"}
_COLUMNS = (*sorted(_TOPICAL), "priority", "review")


@dataclass(frozen=True, slots=True)
class Frozen:
    """A file of labels: where it is, the hash of its content, how many rows it has, and how many of each source."""

    path: Path
    hash: str
    rows: int
    sources: dict[str, int]


def rows(session: Session, *, several: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the labels of submissions that officers read, in the order of arrival: one for each who read it.

    Of what one officer did with a text the weightiest act counts. Acts that were taken back do not count, nor do those
    before a reopening. A label is what stood after the act.

    Parameters
    ----------
    several : only so many texts that more than one person dealt with, the latest; 0 for all texts.
    """
    undone = select(Review.undoes).where(Review.undoes.is_not(None))
    worked = select(Review.number).where(Review.action.in_(_ACTS), Review.id.not_in(undone))
    if several:
        worked = worked.group_by(Review.number).having(func.count(Review.actor.distinct()) > 1)
        worked = worked.order_by(Review.number.desc()).limit(several)
    query = (
        select(Standing, DecisionRow, SubmissionRow.submitted_at, Review)
        .join(Review, Review.number == Standing.number)
        .join(DecisionRow, DecisionRow.id == Standing.decision)
        .join(SubmissionRow, SubmissionRow.number == Standing.number)
        .where(Standing.number.in_(worked), ~Standing.restricted, Standing.status != "unreadable")
        .order_by(Standing.number, Review.id)
        .execution_options(yield_per=500)
    )
    for _, group in groupby(session.execute(query), key=lambda row: row[0].number):
        found = list(group)
        standing, decision, submitted, _ = found[0]
        yield from _of_one(standing, decision, submitted, [row[3] for row in found])


@dataclass(slots=True)
class _Read:
    """What one person did with a text: the weightiest act, and when they last looked."""

    source: str
    review: Review
    held: dict[str, Any]
    at: str


def _of_one(
    standing: Standing, decision: DecisionRow, submitted: str | None, reviews: Sequence[Review]
) -> Iterator[dict[str, Any]]:
    """Yield the labels of one submission."""
    told = orjson.loads(decision.content)
    usual = {
        "id": str(standing.number),
        "text": masked(told["clean"]["text"], spans_of(told)),
        "model": decision.model,
        "said": told["topic"]["level1"] or "",
        "confidence": told["topic"]["confidence"],
        "issue": standing.issue,
        "submitted_at": submitted or "",
    }
    for reader, each in _readings(reviews, _states(standing, reviews)).items():
        yield {
            **usual, **_label(each), "source": each.source, "weight": SOURCES[each.source], "reviewer": reader,
            "reviewed_at": each.at, "reason": mask(each.review.reason),
        }  # fmt: skip


def _readings(reviews: Sequence[Review], states: Sequence[dict[str, Any]]) -> dict[str, _Read]:
    """Return what each person's reading of a text came to."""
    undone = {each.undoes for each in reviews if each.undoes}
    found: dict[str, _Read] = {}
    back = False
    for review, held in zip(reviews, states, strict=True):
        if review.id in undone or review.action == "undo":
            continue
        if review.action == "reopen":
            found, back = {}, False
        if source := _source(review, back=back):
            back = source == "handed_back" or (back and review.action not in _SENT_ON)
            at = review.at.isoformat(timespec="seconds")
            before = found.get(review.actor)
            if before is None or SOURCES[source] >= SOURCES[before.source]:
                found[review.actor] = _Read(source, review, held, at)
            else:
                before.at = at
    return found


def _source(review: Review, *, back: bool) -> str | None:
    """Return what kind of label an act gives, None for none; `back`: whether the text was handed back before."""
    if review.action == "accept" and review.glance:
        return "glance"
    if review.action == "hand_back" and not review.reason.startswith(_DOUBTS):
        return None
    if review.action in _SENT_ON:
        return "accepted" if back else None
    if review.action == "correct" and "priority" in review.after and not _TOPICAL & review.after.keys():
        return "reprioritised"
    return _ACTS.get(review.action)


def _states(standing: Standing, reviews: Sequence[Review]) -> list[dict[str, Any]]:
    """Return what held of a submission after each review, told from what holds now."""
    held = {name: getattr(standing, name) for name in _COLUMNS}
    found = []
    for review in reversed(reviews):
        found.append(held)
        held = held | {name: value for name, value in review.before.items() if name in held}
    return found[::-1]


def _label(read: _Read) -> dict[str, str]:
    held = read.held
    if read.source == SECOND:
        said = read.review.after[SECOND]
        return {"topic": said["level1"], "level2": said["level2"], "intent": "", "priority": ""}
    if held["review"] == "junked" or held["status"] == "junk":
        return {"topic": NO_TOPIC[0], "level2": "", "intent": "", "priority": ""}
    return {
        "topic": held["level1"] or "",
        "level2": held["level2"] or "",
        "intent": "" if held["intent"] == "other" else held["intent"],
        "priority": held["priority"],
    }


def freeze(given: Iterable[dict[str, Any]], path: Path) -> Frozen:
    """Write labels as JSON lines, whole or not at all; the same labels have the same hash."""
    digest, count = hashlib.sha256(), Counter[str]()
    with beside(path) as temporary, temporary.open("wb") as stream:
        for row in given:
            line = orjson.dumps(row) + b"\n"
            digest.update(line)
            stream.write(line)
            count[row["source"]] += 1
    return Frozen(path, digest.hexdigest(), count.total(), {name: count[name] for name in SOURCES if count[name]})


def tally(session: Session) -> dict[str, int]:
    """Return how many texts there are with an act of each source, quickly: a text with two acts counts twice."""
    undone = select(Review.undoes).where(Review.undoes.is_not(None))
    query = (
        select(Review.action, Review.glance, func.count(Review.number.distinct()))
        .where(Review.action.in_(_ACTS), Review.id.not_in(undone))
        .group_by(Review.action, Review.glance)
    )
    found = Counter[str]()
    for action, glance, count in session.execute(query):
        found["glance" if glance else _ACTS[action]] += count
    return {name: found[name] for name in SOURCES if found[name]}
