"""The tables behind the work: jobs, what was asked twice, the feed of changes, webhooks, audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.store.base import Base, Json, Text, choice

JOB_STATES = ("waiting", "running", "done", "failed", "cancelled")


class Job(Base):
    """Work that outlasts a request: an import, a retraining. A killed one is taken up again where it was.

    done, total : rows; `place` is where to go on.
    alive_at : the worker says so every few seconds; a running job that is silent is up for taking.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_state", "state", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    state: Mapped[str] = mapped_column(choice(*JOB_STATES), default="waiting")
    what: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    error: Mapped[str] = mapped_column(Text, default="")
    place: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    cancel: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str] = mapped_column(Text, default="")
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    alive_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class RejectedRow(Base):
    """A row of an import that could not be read; none is lost."""

    __tablename__ = "rejected_rows"
    __table_args__ = (UniqueConstraint("job", "line"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[int] = mapped_column(ForeignKey("jobs.id"))
    file: Mapped[str] = mapped_column(Text)
    line: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text)


class Asked(Base):
    """A request that carried an Idempotency-Key, and its answer: asked again, it is answered the same."""

    __tablename__ = "asked"

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    actor: Mapped[str] = mapped_column(String(80), primary_key=True)
    request: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column()
    answer: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class Change(Base):
    """One entry of the feed: something happened to a submission, an issue or an assignment."""

    __tablename__ = "changes"

    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    number: Mapped[int | None] = mapped_column(index=True)
    content: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class Webhook(Base):
    """Somebody who is told of changes: `seq` is the last one that arrived."""

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    kinds: Mapped[list[str]]
    seq: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    made_by: Mapped[str] = mapped_column(Text)


class AuditEntry(Base):
    """One write: who, what, before, after, why. `hash` covers the entry and the hash before it."""

    __tablename__ = "audit"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(48), index=True)
    what: Mapped[str] = mapped_column(Text, index=True)
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, default="")
    hash: Mapped[str] = mapped_column(String(64))
