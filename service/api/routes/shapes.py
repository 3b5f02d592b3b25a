"""The shapes of submissions, reviews and issues as callers see them, and the filters of lists."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from service.api.values import Day, Given, Sent, Short
from service.desk.queue import MOST, Filters, Listed

Status = Literal["triaged", "junk", "unreadable"]
Priority = Literal["low", "normal", "high", "urgent"]
Reviewed = Literal["pending", "accepted", "corrected", "junked"]
Link = Literal["none", "suggested", "confirmed", "rejected"]
Delivery = Literal["none", "sent", "accepted", "handed_back", "answered", "closed"]
Intent = Literal["complaint", "consultation", "suggestion", "thanks", "other"]
Facet = Literal[
    "level1", "level2", "priority", "status", "review", "intent", "place", "sector", "owner", "source", "channel",
    "delivery", "link", "issue", "needs_review", "restricted",
]  # fmt: skip
Words = list[Short]


class FiltersIn(Sent):
    """What is looked for: of several values of one filter any will do, and all filters must hold."""

    level1: Words = Field([], max_length=50, description="一级主题")
    level2: Words = Field([], max_length=50, description="二级主题")
    priority: list[Priority] = Field([], max_length=50)
    status: list[Status] = Field([], max_length=50)
    review: list[Reviewed] = Field([], max_length=50)
    intent: list[Intent] = Field([], max_length=50)
    place: Words = Field([], max_length=50, description="地点，含其下级")
    sector: Words = Field([], max_length=50, description="牵头界别")
    owner: Words = Field([], max_length=50, description="承办：委员编号或办公室")
    source: Words = Field([], max_length=50)
    channel: Words = Field([], max_length=50)
    delivery: list[Delivery] = Field([], max_length=50)
    link: list[Link] = Field([], max_length=50)
    issue: Words = Field([], max_length=50, description="事项")
    needs_review: bool | None = None
    restricted: bool | None = None
    since: Day | None = Field(None, description="从这一天起，如 2026-03-07")
    until: Day | None = Field(None, description="到这一天止")
    text: Short = Field("", description="全文检索：各词都要出现，整词或词头")
    by: list[Facet] = Field([], max_length=16, description="只用于计数：按哪些字段")

    def filters(self) -> Filters:
        """Return them as the desk takes them."""
        told: dict[str, Any] = {name: getattr(self, name) for name in Filters.__dataclass_fields__}
        for name, value in told.items():
            told[name] = tuple(value) if isinstance(value, list) else value
        return Filters(**told)


class PageIn(FiltersIn):
    """A page of a list."""

    order: Literal["queue", "newest"] = Field("queue", description="queue：最紧急的在前；newest：最新的在前")
    cursor: str | None = Field(None, max_length=300, description="上一页给出的翻页标记")
    most: int = Field(50, ge=1, le=MOST, description="一页多少件")


class StandingOut(Given):
    """What holds of a submission now; who changes it names this version."""

    number: int
    version: int
    title: str
    status: Status
    intent: str
    level1: str | None
    level2: str | None
    confidence: float
    needs_review: bool
    priority: Priority
    score: float
    place: str | None
    sector: str | None
    committee: str | None
    owner: str
    station: str | None
    restricted: bool
    due: str | None
    issue: str
    repeats: int | None
    kind: Literal["unique", "duplicate", "same_issue"]
    review: Reviewed
    link: Link
    delivery: Delivery
    day: str
    source: str | None
    channel: str | None
    echoes: int
    changed_at: datetime


class LineOut(StandingOut):
    """One line of a list."""

    reference: str

    @classmethod
    def of(cls, line: Listed) -> LineOut:
        """Return a line of the queue, with the title that its reader may see."""
        told = StandingOut.model_validate(line.standing).model_dump()
        return cls(**told | {"title": line.title}, reference=line.reference)


class PageOut(Given):
    """A page; without a cursor it is the last."""

    items: list[LineOut]
    cursor: str | None


class ReviewOut(Given):
    """One act of a person on a submission."""

    id: int
    number: int
    action: str
    actor: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    version: int
    glance: bool
    act: str
    undoes: int | None
    at: datetime


class IssueOut(Given):
    """An issue; `merged_into` names where its texts are now."""

    id: str
    name: str
    theme: int | None
    merged_into: str | None
    version: int
    opened_at: datetime


class NeighbourOut(Given):
    """A text that may be of the same matter: what ties them, and where they differ."""

    number: int
    title: str
    score: float
    alike: float
    issue: str
    same_issue: bool
    level1: str | None
    place: str | None
    day: str
    review: str
    shared: tuple[str, ...]
    only_here: tuple[str, ...]
    only_there: tuple[str, ...]
    differs: tuple[str, ...]


class AssignmentShort(Given):
    """An assignment of a submission."""

    id: int
    member: str
    role: str
    state: str
    reason: str
    note: str
    due: str | None
    version: int
    sent_at: datetime
    changed_at: datetime


class AnswerOut(Given):
    """An answer to a submission."""

    id: int
    assignment: int | None
    actor: str
    text: str
    public: bool
    at: datetime


class DossierOut(StandingOut):
    """All about one submission that the reader may see; `judged` is the decision, as in the contract."""

    arrival: dict[str, Any]
    judged: dict[str, Any]
    matter: IssueOut
    reviews: list[ReviewOut]
    neighbours: list[NeighbourOut]
    assignments: list[AssignmentShort]
    answers: list[AnswerOut]
