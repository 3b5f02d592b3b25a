"""Exports: what stands in the store, and the labels that officers gave, as streams."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from service.accounts.actor import Actor
from service.api.context import Here, may
from service.desk import audit, exporting, labels
from service.desk.exporting import Filters
from service.export import stored

router = APIRouter(tags=["export"])
Day = Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Format(StrEnum):
    """Of a file."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"


class Level(StrEnum):
    """The levels of priority."""

    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class ReviewState(StrEnum):
    """What an officer did with a decision."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    JUNKED = "junked"


def _answer(pieces: Iterator[bytes], name: str, media: str) -> StreamingResponse:
    return StreamingResponse(
        pieces, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@router.get("/export", response_class=StreamingResponse)
def export(
    here: Here,
    actor: Annotated[Actor, Depends(may("export"))],
    kind: Annotated[Format, Query(alias="format")] = Format.CSV,
    since: Day = None,
    until: Day = None,
    topic: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
    priority: Level | None = None,
    review: ReviewState | None = None,
) -> StreamingResponse:
    """Export what holds now of submissions. Who may not read personal data gets masked texts and no senders."""
    filters = Filters(since, until, topic, priority, review)
    with here.store.writing() as session:  # who took what out of the house is written down before the first byte
        audit.record(session, actor, "export", "submissions", after={"format": kind.value})

    def pieces() -> Iterator[bytes]:
        with here.store.reading() as session:
            yield from stored.stream(exporting.rows(session, filters, actor), f".{kind.value}")

    return _answer(pieces(), f"minyi.{kind.value}", stored.MEDIA[f".{kind.value}"])


@router.get("/labels", response_class=StreamingResponse)
def label_rows(here: Here, actor: Annotated[Actor, Depends(may("labels"))]) -> StreamingResponse:
    """Export the labels that officers gave, without personal data, as JSON lines."""

    def pieces() -> Iterator[bytes]:
        with here.store.reading() as session:
            yield from (orjson.dumps(row) + b"\n" for row in labels.rows(session))

    return _answer(pieces(), "labels.jsonl", stored.MEDIA[".jsonl"])
