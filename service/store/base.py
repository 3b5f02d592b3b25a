"""What all tables share: one metadata, moments in UTC, JSON as text that both databases keep alike."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Enum, Integer, MetaData, Table
from sqlalchemy import Text as PlainText
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

_HALF = re.compile("[\ud800-\udfff]")
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraints have names of their own, so that a migration can take them away again."""


class Moment(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC without a zone in the table, where times sort as they passed."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time: nobody knows which hour it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value}: a moment needs a time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class Text(TypeDecorator[str]):
    """Text that both databases hold: PostgreSQL has no NUL, and neither has halves of characters.

    Callers of the API are refused with these (`service.api.body`); in a file of an office, where no row may be lost,
    a visible sign takes their place.
    """

    impl = PlainText
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Put ␀ for NUL and � for half a character."""
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return _HALF.sub("\ufffd", value.replace("\0", "␀"))


Number = BigInteger().with_variant(Integer, "sqlite")
"""Whole numbers; SQLite gives out numbers by itself only in its own integers."""
Json = JSON().with_variant(JSONB(), "postgresql")


def choice(*values: str) -> Enum:
    """Return the type of a column that holds one of a few words."""
    return Enum(*values, native_enum=False, create_constraint=False, length=max(map(len, values)))


class Base(DeclarativeBase):
    """All tables of the service."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: Moment(), int: Number, dict[str, Any]: Json, list[str]: Json}  # noqa: RUF012


def table(kind: type[Base]) -> Table:
    """Return the table of a class: what comes with every submission is written and asked for without objects."""
    return cast(Table, kind.__table__)


def now() -> datetime:
    """Return the moment; the only clock of the service."""
    return datetime.now(UTC)
