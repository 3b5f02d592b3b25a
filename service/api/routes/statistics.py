"""Statistics: how much came of what, how far it got, what officers corrected, what members have in hand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from service.accounts.actor import Actor
from service.api.context import Here, Reading, may
from service.api.routes.shapes import FiltersIn
from service.api.routes.submissions import queue
from service.api.values import Given
from service.desk.statistics import Statistics

router = APIRouter(prefix="/statistics", tags=["statistics"])
Analyst = Annotated[Actor, Depends(may("statistics"))]
Asked = Annotated[FiltersIn, Query()]


class FunnelOut(Given):
    """How many came, and how many got how far; `dropped` by reason."""

    received: int
    triaged: int
    issues: int
    assigned: int
    answered: int
    dropped: dict[str, int]


class ConfusedOut(Given):
    """How often officers found a topic where the software had decided for another, or the same."""

    decided: str | None
    officer: str | None
    count: int


class MemberLoadOut(Given):
    """What a member has in hand and had; `hours` until they answer, in the middle."""

    member: str
    name: str
    open: int
    answered: int
    handed_back: int
    hours: float | None = Field(description="从交办到首次答复的小时数，中位数")


@router.get("/counts/{by}")
def counts(by: str, session: Reading, here: Here, actor: Analyst, asked: Asked) -> dict[str, int]:
    """Count submissions by day, topic, priority, place, sector, source, channel, intent or owner."""
    return Statistics(session, actor, queue(here), asked.filters()).by(by)


@router.get("/funnel")
def funnel(session: Reading, here: Here, actor: Analyst, asked: Asked) -> FunnelOut:
    """Tell how many were received, triaged, became issues, were assigned, were answered."""
    return FunnelOut.model_validate(Statistics(session, actor, queue(here), asked.filters()).funnel())


@router.get("/corrections")
def corrections(session: Reading, here: Here, actor: Analyst, asked: Asked) -> list[ConfusedOut]:
    """Tell what officers made of the decided topics: a confusion table, its cells as rows."""
    found = Statistics(session, actor, queue(here), asked.filters()).confusion()
    return [ConfusedOut.model_validate(each) for each in found]


@router.get("/members")
def members(session: Reading, here: Here, actor: Analyst, asked: Asked) -> list[MemberLoadOut]:
    """Tell what members have in hand, and how long they take to answer."""
    found = Statistics(session, actor, queue(here), asked.filters()).members()
    return [MemberLoadOut.model_validate(each) for each in found]
