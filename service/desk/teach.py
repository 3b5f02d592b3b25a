"""What to review next so that a later model learns most (建议先标): where this one wavers, each of another kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import orjson
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from pipeline.features import Vocabulary, batch
from pipeline.pick import pick, uncertainty
from service.store import DecisionRow, Standing

_RECENT = 5_000
_DOUBTFUL = 400
"""Of so many latest submissions that wait, so many that the model was least sure of are picked from: a page in time."""


def next_ones(session: Session, found: Select[int], vocabulary: Vocabulary, most: int) -> list[int]:
    """Return the numbers of the submissions that teach most, the first one the most worth it.

    Parameters
    ----------
    found : of standings: which are in question; of these, those that wait for a review are picked from.
    vocabulary : tells which texts are alike.
    """
    waiting = found.where(Standing.waits, Standing.status == "triaged")
    recent = waiting.add_columns(Standing.confidence).order_by(Standing.number.desc()).limit(_RECENT).subquery()
    unsure = select(recent.c.number).order_by(recent.c.confidence, recent.c.number).limit(_DOUBTFUL)
    query = (
        select(Standing.number, DecisionRow.content)
        .join(DecisionRow, DecisionRow.id == Standing.decision)
        .where(Standing.number.in_(unsure))
        .order_by(Standing.number)
    )
    rows = [(number, orjson.loads(content)) for number, content in session.execute(query)]
    rows = [(number, told) for number, told in rows if told["topic"]["scores"]]
    if not rows:
        return []
    parts = batch([told["clean"]["text"] for _, told in rows])
    doubt = uncertainty(np.array([_best(told["topic"]["scores"].values()) for _, told in rows]))
    chosen = pick(doubt, vocabulary.matrix(parts, vocabulary.occurrences(parts)), most)
    return [rows[at][0] for at in chosen.tolist()]


def _best(scores: Iterable[float]) -> list[float]:
    """Return the two best scores: models that decided before may have had more topics, or fewer."""
    return [0.0, *sorted(scores)][-2:]


def around(numbers: Sequence[int], own: int) -> tuple[int | None, int | None]:
    """Return what stands before and after a number in a list; where it is gone from there, the list begins."""
    at = numbers.index(own) if own in numbers else -1
    return (numbers[at - 1] if at > 0 else None), next(iter(numbers[at + 1 :]), None)
