"""The home of texts in tables: SQLite or PostgreSQL, shared by several processes, nothing rebuilt at a start."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    bindparam,
    func,
    insert,
    select,
    text,
)  # fmt: skip

from pipeline.match import Kept
from pipeline.match.prints import Ints
from service.store.base import Base
from service.store.engine import begin_ourselves, hold_writers_off

texts = Table(
    "match_text",
    Base.metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("issue", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("grams", LargeBinary, nullable=False),
    Column("topics", LargeBinary, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("who", BigInteger, nullable=False),
    Index("match_text_id", "id"),
)
keys = Table(
    "match_key",
    Base.metadata,
    Column("key", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Which text has which key; read as `key`'s texts from the first on, which the primary key alone serves."""

_FIND = """
SELECT wanted.value, match_key.number FROM {wanted} JOIN match_key ON match_key.key = wanted.value
WHERE match_key.number <= coalesce(
  (SELECT number FROM match_key WHERE key = wanted.value ORDER BY number LIMIT 1 OFFSET :most), :all)
ORDER BY wanted.value, match_key.number
"""
"""All keys in one question, each up to so many texts: reads no more of the table than asking for one after another."""
_ASKED = {
    "sqlite": text(_FIND.format(wanted="json_each(:keys) AS wanted")),
    "postgresql": text(_FIND.format(wanted="unnest(CAST(:keys AS integer[])) AS wanted(value)")),
}
_ALL = 1 << 62
_NEW_TEXT, _NEW_KEY = insert(texts), insert(keys)
_LAST = select(func.max(texts.c.number))
_GET = select(texts).where(texts.c.number.in_(bindparam("numbers", expanding=True)))


def prepare(engine: Engine) -> None:
    """Set up an engine and make the tables where they are missing: for a home without the rest of a store."""
    if engine.dialect.name == "sqlite":
        begin_ourselves(engine)
    Base.metadata.create_all(engine, tables=[texts, keys])


class Tables:
    """The home in tables; see `pipeline.match.Home`.

    Parameters
    ----------
    engine : prepared by `prepare`. Each process has its own; each call is a transaction of its own, but within
        `writing` all are one.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._open: ContextVar[Connection | None] = ContextVar("open", default=None)

    @contextmanager
    def joining(self, connection: Connection) -> Iterator[None]:
        """Be part of a write that has begun already: what is kept here is kept or lost with it."""
        token = self._open.set(connection)
        try:
            yield
        finally:
            self._open.reset(token)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """See `Home`. Two deliveries at once wait for each other, so that both see what the other brought."""
        if self._open.get():
            yield
            return
        with self._engine.connect().execution_options(writing=True) as connection, connection.begin():
            hold_writers_off(connection)
            with self.joining(connection):
                yield

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        if connection := self._open.get():
            yield connection
        else:
            with self._engine.begin() as connection:
                yield connection

    def count(self) -> int:
        """See `Home`."""
        with self._connection() as connection:
            last = connection.scalar(_LAST)
        return 0 if last is None else last + 1

    def add(self, kept: Sequence[Kept], keys_of: Sequence[Ints], begin: int) -> None:
        """See `Home`."""
        fields = [{name: getattr(each, name) for name in Kept.__slots__} for each in kept]
        found = [
            {"key": key, "number": number} for number, own in enumerate(keys_of, begin) for key in set(own.tolist())
        ]
        with self._connection() as connection:
            if fields:
                connection.execute(_NEW_TEXT, [{"number": begin + at, **each} for at, each in enumerate(fields)])
            if found:
                connection.execute(_NEW_KEY, found)

    def find(self, keys: Sequence[int], most: int) -> list[Ints]:
        """See `Home`."""
        with self._connection() as connection:
            told, brackets = ",".join(map(str, keys)), "{}" if connection.dialect.name == "postgresql" else "[]"
            asked = {"keys": told.join(brackets), "most": most - 1, "all": _ALL}
            rows = connection.execute(_ASKED[connection.dialect.name], asked).all()
        found = np.fromiter(itertools.chain.from_iterable(rows), np.int64).reshape(-1, 2)
        begins, ends = (np.searchsorted(found[:, 0], np.array(keys, np.int64), side) for side in ("left", "right"))
        return [found[begin:end, 1] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]

    def get(self, numbers: Sequence[int]) -> list[Kept]:
        """See `Home`."""
        with self._connection() as connection:
            rows = connection.execute(_GET, {"numbers": list(numbers)}).all()
        kept = {row.number: _kept(row) for row in rows}
        return [kept[number] for number in numbers]

    def named(self, ids: Collection[str]) -> list[int]:
        """See `Home`."""
        if not ids:
            return []
        with self._connection() as connection:
            return list(connection.scalars(select(texts.c.number).where(texts.c.id.in_(ids))).all())

    def sample(self, most: int) -> list[Kept]:
        """See `Home`."""
        count = self.count()
        wanted = np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64)).tolist() if count else []
        with self._connection() as connection:
            rows = connection.execute(_GET, {"numbers": wanted}).all()
        return [_kept(row) for row in rows]


def _kept(row: Row[Any]) -> Kept:
    return Kept(row.id, row.issue, row.first, row.grams, row.topics, row.kind, row.who)
