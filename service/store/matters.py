"""The tables of what comes in and what becomes of it: submissions, decisions, standings, reviews, issues, themes.

Three axes are kept apart in a standing: `review` (what an officer did with the decision), `link` (what became of the
suggestion that it repeats or joins another), `delivery` (where it is on its way to a member and back).
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Computed, ForeignKey, Index, String, UniqueConstraint, and_, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from service.store.base import Base, Text, choice

REVIEWS = ("pending", "accepted", "corrected", "junked")
"""Of a decision: nobody looked yet, an officer agreed, an officer changed it, an officer called it no submission."""
LINKS = ("none", "suggested", "confirmed", "rejected")
"""Of a suggestion that a text repeats or joins another."""
DELIVERIES = ("none", "sent", "accepted", "handed_back", "answered", "closed")
"""Of the way to a member and back; the furthest of its assignments under way, see `service.desk.assign`."""


class SubmissionRow(Base):
    """A submission as it arrived. The raw text stays for ever and is never changed.

    number : ours, in the order of arrival; `reference` is the number that the sender may know: it says nothing.
    external_id : the id that its source gave it.
    row_hash : the same row of the same source never enters twice.
    received_by : the actor that brought it; `job` the import, if it came with one.
    """

    __tablename__ = "submissions"

    number: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    external_id: Mapped[str] = mapped_column(Text, index=True)
    row_hash: Mapped[str] = mapped_column(String(64), unique=True)
    text: Mapped[str] = mapped_column(Text)
    submitted_at: Mapped[str | None] = mapped_column(Text)
    submitter: Mapped[str | None] = mapped_column(Text)
    contact: Mapped[str | None] = mapped_column(Text)
    place: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str | None] = mapped_column(Text)
    channel: Mapped[str | None] = mapped_column(Text)
    likes: Mapped[int] = mapped_column(default=0)
    attachments: Mapped[list[str]] = mapped_column(default=list)
    received_at: Mapped[datetime]
    received_by: Mapped[str] = mapped_column(Text)
    job: Mapped[int | None] = mapped_column(ForeignKey("jobs.id"), index=True)


_SHADOW = text("shadow")


class DecisionRow(Base):
    """What the software decided in one run, as in the contract; only ever added. Shadow decisions only log.

    Of each text a candidate says one thing: several workers may let it look on at once.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        Index("ix_decisions_shadow", "model", "number", unique=True, sqlite_where=_SHADOW, postgresql_where=_SHADOW),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(ForeignKey("submissions.number"), index=True)
    content: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    rules: Mapped[str] = mapped_column(Text)
    shadow: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime]


class Standing(Base):
    """What holds of a submission now: the latest decision with all that officers changed. One row each.

    `version` grows by one with each change; who changes something names the version that they saw.
    `score` orders the queue: levels lie in bands, so it alone sorts by priority. `rank` is the same turned round:
    behind what the queue is filtered by, it stands in the indexes, so that a page is read off and nothing is sorted.
    What the queue is counted by stands in one index, and what tells hot issues in that of issues.
    `day` is that of the submission, else of its arrival, as YYYY-MM-DD.
    """

    __tablename__ = "standings"
    __table_args__ = (
        Index("ix_standings_score", "rank", "number"),
        Index("ix_standings_queue", "review", "rank", "number"),
        Index("ix_standings_source", "review", "source", "rank", "number"),
        Index("ix_standings_status", "status", "rank", "number"),
        Index("ix_standings_level1", "level1", "rank", "number"),
        Index("ix_standings_place", "place", "rank", "number"),
        Index("ix_standings_sector", "sector", "rank", "number"),
        Index("ix_standings_owner", "owner", "rank", "number"),
        Index("ix_standings_issue", "issue", "number", "day", "status", "changed_at"),
        Index(
            "ix_standings_counts", "review", "status", "restricted", "needs_review", "priority", "source", "delivery"
        ),
        Index("ix_standings_repeats", "repeats"),
        Index("ix_standings_day", "day", "rank", "number"),
    )

    number: Mapped[int] = mapped_column(ForeignKey("submissions.number"), primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(default=1)
    decision: Mapped[int] = mapped_column(ForeignKey("decisions.id"))
    title: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(choice("triaged", "junk", "unreadable"))
    intent: Mapped[str] = mapped_column(String(16))
    level1: Mapped[str | None] = mapped_column(Text)
    level2: Mapped[str | None] = mapped_column(Text)
    confidence: Mapped[float]
    needs_review: Mapped[bool]
    priority: Mapped[str] = mapped_column(choice("low", "normal", "high", "urgent"))
    score: Mapped[float]
    rank: Mapped[float] = mapped_column(Computed("-score", persisted=True))
    place: Mapped[str | None] = mapped_column(Text)
    sector: Mapped[str | None] = mapped_column(Text)
    committee: Mapped[str | None] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    station: Mapped[str | None] = mapped_column(Text)
    restricted: Mapped[bool]
    due: Mapped[str | None] = mapped_column(String(10))
    issue: Mapped[str] = mapped_column(ForeignKey("issues.id"))
    repeats: Mapped[int | None] = mapped_column(ForeignKey("submissions.number"))
    kind: Mapped[str] = mapped_column(choice("unique", "duplicate", "same_issue"))
    review: Mapped[str] = mapped_column(choice(*REVIEWS), default="pending")
    link: Mapped[str] = mapped_column(choice(*LINKS), default="none")
    delivery: Mapped[str] = mapped_column(choice(*DELIVERIES), default="none", index=True)
    day: Mapped[str] = mapped_column(String(10))
    source: Mapped[str | None] = mapped_column(Text)
    channel: Mapped[str | None] = mapped_column(Text)
    echoes: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[datetime]

    @hybrid_property
    def waits(self) -> bool:
        """Whether an officer is still to look at it: nobody did, and the matter is not closed (办结)."""
        return self.review == "pending" and self.delivery != "closed"

    @waits.inplace.expression
    @classmethod
    def _waits(cls) -> ColumnElement[bool]:
        return and_(cls.review == "pending", cls.delivery != "closed")


class Review(Base):
    """One human action on a submission; only ever added.

    action : accept, correct, junk, reopen, confirm_link, reject_link, merge, split, assign, hand_back, answer, close …
    before, after : of what it changed. `version` is the standing's after it. `undoes` names the review it takes back.
    act : all reviews of one click share it; it is undone as one.
    glance : whether it was one of many accepted at once.
    """

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(ForeignKey("submissions.number"), index=True)
    action: Mapped[str] = mapped_column(String(24), index=True)
    actor: Mapped[str] = mapped_column(Text)
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int]
    glance: Mapped[bool] = mapped_column(default=False)
    act: Mapped[str] = mapped_column(String(24), index=True, default=lambda: secrets.token_hex(12))
    undoes: Mapped[int | None] = mapped_column(ForeignKey("reviews.id"), index=True)
    at: Mapped[datetime]


class Issue(Base):
    """One matter that one or many submissions are about. Its id names the first text and never changes."""

    __tablename__ = "issues"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    theme: Mapped[int | None] = mapped_column(ForeignKey("themes.id"), index=True)
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("issues.id"))
    version: Mapped[int] = mapped_column(default=1)
    opened_at: Mapped[datetime]


class Theme(Base):
    """A big theme that issues belong to (小切口, 大主题)."""

    __tablename__ = "themes"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    note: Mapped[str] = mapped_column(Text, default="")


class RulingRow(Base):
    """What officers decided about two texts: one matter, or not. Later runs respect it; the latest of a pair holds."""

    __tablename__ = "rulings"
    __table_args__ = (UniqueConstraint("one", "other"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    one: Mapped[int] = mapped_column(ForeignKey("submissions.number"), index=True)
    other: Mapped[int] = mapped_column(ForeignKey("submissions.number"), index=True)
    together: Mapped[bool]
    review: Mapped[int | None] = mapped_column(ForeignKey("reviews.id"))


class Assignment(Base):
    """A submission in the hands of a member (交办).

    state : sent, accepted, handed_back, answered, closed, withdrawn.
    reason : of a hand-back: 属地不符, 权属不清, 职能交叉 or 回避; `note` says more.
    """

    __tablename__ = "assignments"
    __table_args__ = (Index("ix_assignments_member", "member", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(ForeignKey("submissions.number"), index=True)
    member: Mapped[str] = mapped_column(ForeignKey("members.id"))
    role: Mapped[str] = mapped_column(String(16), default="lead")
    state: Mapped[str] = mapped_column(choice("sent", "accepted", "handed_back", "answered", "closed", "withdrawn"))
    reason: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    due: Mapped[str | None] = mapped_column(String(10))
    version: Mapped[int] = mapped_column(default=1)
    sent_by: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class Answer(Base):
    """What was answered to a submission (答复); only ever added, the latest holds."""

    __tablename__ = "answers"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(ForeignKey("submissions.number"), index=True)
    assignment: Mapped[int | None] = mapped_column(ForeignKey("assignments.id"), index=True)
    actor: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    public: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]
