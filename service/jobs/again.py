"""Judging again as a job: what nobody has reviewed yet follows the tables, dials and model that hold now."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from pipeline.triage import Triage
from service.desk.rejudge import CHUNK, rejudge
from service.jobs import queue
from service.jobs.queue import Held
from service.store import Standing


def run(held: Held, triage: Triage) -> dict[str, Any]:
    """Judge all that waits for review again, from where the job was; return how many changed."""
    with held.store.reading() as session:
        query = select(Standing.number).where(Standing.waits).order_by(Standing.number)
        waiting = session.scalars(query).all()
    numbers = [number for number in waiting if number > held.place]
    done, changed = len(waiting) - len(numbers), 0
    for begin in range(0, len(numbers), CHUNK):
        chunk = numbers[begin : begin + CHUNK]
        changed += rejudge(held.store, triage, chunk, queue.made_by(held.made_by))
        done += len(chunk)
        with held.store.writing(ordered=False) as session:
            held.step(session, place=chunk[-1], done=done, total=len(waiting))
    return {"rows": done, "changed": changed}
