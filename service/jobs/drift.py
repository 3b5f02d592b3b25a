"""Whether what comes in has changed (来件变化), as a job: the latest weeks against the time before, from the store.

The worker puts one into the queue each week by itself; an analyst may ask for another at any time.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import func, select

from pipeline.errors import InputError
from service.accounts.actor import command
from service.accounts.sight import blotted
from service.desk import labels
from service.desk.days import last_day
from service.desk.reading import as_label
from service.jobs import queue
from service.jobs.queue import Held
from service.masking import spans_of
from service.store import DecisionRow, Job, Standing, Store, now

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pipeline.drift import Seen

KIND = "drift"
WEEKS = 8
"""So many of the latest weeks are looked at, where nothing else is asked for."""
_MOST = 5_000
"""So many texts of each time are enough, the latest."""
LEAST = 30
EVERY = timedelta(days=7)
_LOOK = 3600.0
"""Seconds between two looks whether a week is over."""


def run(held: Held) -> dict[str, Any]:
    """Compare the texts from a day on with those before it.

    Parameters
    ----------
    held : `what` may name the day: {"since": "2026-03-02"}.

    Raises
    ------
    InputError
        Where there are too few texts before that day, or none after it.
    """
    from pipeline.drift import MEASURES, drift, overrides

    with held.store.reading() as session:
        since = str(held.what.get("since") or _since(session))
        before = _seen(session, Standing.day < since)
        after = _seen(session, Standing.day >= since)
        reviews = overrides(as_label(row) for row in labels.rows(session))
    if len(before) < LEAST or not after:
        raise InputError(
            f"{since} 以前有 {len(before)} 件、从那天起有 {len(after)} 件：至少要 {LEAST} 件和 1 件才能比。请换一天。"
        )
    found = drift(before, after)
    return {
        "since": since, "before": len(before), "after": len(after),
        "weeks": [asdict(each) | {"alarms": each.alarms} for each in found.weeks],
        "alarms": [name for name in MEASURES if any(name in each.alarms for each in found.weeks)],
        "overrides": [{"since": week, "reviews": rows, "share": round(share, 4)} for week, rows, share in reviews],
        **found.offered(),
    }  # fmt: skip


def _since(session: Session) -> str:
    """Return the Monday some weeks before the latest text; a day to come is mistyped."""
    today = now().astimezone().date()
    last = last_day(session, today) or today
    return (last - timedelta(days=last.weekday(), weeks=WEEKS - 1)).isoformat()


def _seen(session: Session, when: Any) -> list[Seen]:
    """Return the latest texts of a time as drift looks at them: what the software said, whoever changed it since."""
    from pipeline.drift import Seen
    from pipeline.records import Topic
    from pipeline.segment import Segmenter

    cut = Segmenter().cut
    query = (
        select(DecisionRow.content, Standing.day)
        .join(Standing, Standing.decision == DecisionRow.id)
        .where(when, Standing.status == "triaged", ~Standing.restricted)
        .order_by(Standing.day.desc(), Standing.number.desc())
        .limit(_MOST)
        .execution_options(yield_per=500)
    )
    found = []
    for content, day in session.execute(query):
        told = orjson.loads(content)
        topic = {name: told["topic"][name] for name in ("level1", "level2", "confidence", "needs_review")}
        text = blotted(told["clean"]["text"], spans_of(told))  # a name that many bring up is not offered as a term
        found.append(Seen(cut(text), Topic(scores={}, evidence=(), **topic), day))
    return found


class Weekly:
    """Puts a comparison into the queue when the last one is a week old; called by the worker at each round."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, store: Store) -> None:
        """Look whether it is time."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _LOOK
        with store.reading() as session:
            if not _due(session):
                return
        with store.writing() as session:
            if _due(session):  # another worker may have been faster
                queue.put(session, command("worker"), KIND, {})


def _due(session: Session) -> bool:
    last = session.scalar(select(func.max(Job.made_at)).where(Job.kind == KIND))
    begun = last or session.scalar(select(func.min(Standing.changed_at)))
    some = select(Standing.number).limit(2 * LEAST).subquery()
    rows = session.scalar(select(func.count()).select_from(some)) or 0
    return begun is not None and now() - begun >= EVERY and rows >= 2 * LEAST
