"""Labels from the reviews of officers: what they are worth for training, without personal data, frozen by hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.masking import masked, spans_of
from service.store import DecisionRow, Review, Standing

WEIGHTS = {
    "corrected": 1.0, "junked": 1.0, "accepted": 0.7, "merged": 0.3, "split": 0.3, "glance": 0.3, "handed_back": 0.3,
}  # fmt: skip
"""What a label is worth. Who corrected or junked a text wrote the label; who accepted it one by one agreed to it; who
accepted many at once, or merged or split it, had it before their eyes and left it; who handed it back doubts who takes
it up, and only thereby its topic."""
_SOURCES = {
    "correct": "corrected", "junk": "junked", "accept": "accepted", "merge": "merged", "split": "split",
    "hand_back": "handed_back",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frozen:
    """A file of labels: where it is, the hash of its content, how many rows it has."""

    path: Path
    hash: str
    rows: int


def rows(session: Session) -> Iterator[dict[str, Any]]:
    """Yield a label for each submission that officers reviewed, in the order of arrival.

    The label is what stands now; its source is the review that is worth most, the latest of several. Reviews that were
    taken back do not count, nor do submissions that were reopened and not reviewed again.
    """
    undone = select(Review.undoes).where(Review.undoes.is_not(None))
    query = (
        select(Standing, DecisionRow.content, DecisionRow.model, Review)
        .join(Review, Review.number == Standing.number)
        .join(DecisionRow, DecisionRow.id == Standing.decision)
        .where(Review.action.in_([*_SOURCES, "reopen"]), Review.id.not_in(undone), ~Standing.restricted)
        .order_by(Standing.number, Review.id)
        .execution_options(yield_per=500)
    )
    last: tuple[Standing, str, str] | None = None
    reviews: list[Review] = []
    for standing, content, model, review in session.execute(query):
        if last and standing.number != last[0].number:
            yield from _label(*last, reviews)
            reviews = []
        last = standing, content, model
        reviews = [] if review.action == "reopen" else [*reviews, review]
    if last:
        yield from _label(*last, reviews)


def _label(standing: Standing, content: str, model: str, reviews: list[Review]) -> Iterator[dict[str, Any]]:
    if not reviews or standing.status == "unreadable":
        return
    weight, _, source, review = max((WEIGHTS[each], at, each, told) for at, told in enumerate(reviews)
                                    for each in [_source(told)])  # fmt: skip
    decision = orjson.loads(content)
    junk = standing.review == "junked" or standing.status == "junk"
    yield {
        "id": str(standing.number),
        "text": masked(decision["clean"]["text"], spans_of(decision)),
        "topic": "" if junk else standing.level1 or "",
        "level2": "" if junk else standing.level2 or "",
        "intent": "" if junk or standing.intent == "other" else standing.intent,
        "priority": "" if junk else standing.priority,
        "junk": junk,
        "weight": weight,
        "source": source,
        "reviewed_at": review.at.isoformat(timespec="seconds"),
        "reviewer": review.actor,
        "model": model,
    }


def _source(review: Review) -> str:
    return "glance" if review.action == "accept" and review.glance else _SOURCES[review.action]


def freeze(session: Session, path: Path) -> Frozen:
    """Write the labels as JSON lines; the same labels have the same hash."""
    digest, count = hashlib.sha256(), 0
    with path.open("wb") as stream:
        for row in rows(session):
            line = orjson.dumps(row) + b"\n"
            digest.update(line)
            stream.write(line)
            count += 1
    return Frozen(path, digest.hexdigest(), count)
