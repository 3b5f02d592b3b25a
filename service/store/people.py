"""The tables of who works here and of the office's own tables: users, sessions, keys, members, places, stations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.store.base import Base, Text, choice

ROLES = ("officer", "clerk", "member", "analyst", "administrator")
OFFICE_TABLES = (
    "places", "members", "stations", "crosswalk", "rules", "holidays", "sectors", "committees", "lexicon", "dials",
)  # fmt: skip
"""The tables that an office may edit; see `pipeline.route.router`, `pipeline.lexicon` and `service.desk.dials`."""


class User(Base):
    """Somebody who signs in.

    member : ties a member's account to the roster.
    must_change : the password was made for them, and serves for one sign-in only.
    """

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    shown: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(choice(*ROLES))
    password: Mapped[str] = mapped_column(Text)
    member: Mapped[str | None] = mapped_column(ForeignKey("members.id"))
    active: Mapped[bool] = mapped_column(default=True)
    must_change: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]


class SignIn(Base):
    """A session of a user: only the hash of its token is kept."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Key(Base):
    """An API key, or the intake key of a site with a public form: only its hash is kept; `prefix` tells it apart."""

    __tablename__ = "keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]]
    site: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Count(Base):
    """How often something happened since a moment: what rate limits and lockouts count, shared by all processes."""

    __tablename__ = "counts"

    bucket: Mapped[str] = mapped_column(String(120), primary_key=True)
    count: Mapped[int]
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class Member(Base):
    """A member (委员) as the roster last told. Who leaves it stays here, not active: their work is kept.

    Places and stations have no such rows: what routes is the table itself, in `OfficeTable`.
    """

    __tablename__ = "members"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(default=True)
    row: Mapped[dict[str, Any]]


class OfficeTable(Base):
    """One version of a table of the office, whole, as CSV; the latest of a kind holds, the others are its history."""

    __tablename__ = "office_tables"
    __table_args__ = (UniqueConstraint("kind", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(choice(*OFFICE_TABLES))
    version: Mapped[int]
    content: Mapped[str] = mapped_column(Text)
    editor: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]


class SavedView(Base):
    """Filters that a user keeps under a name."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("user", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(Text)
    query: Mapped[dict[str, Any]]
