"""The one door to the database: SQLite in a data folder by default, PostgreSQL by a URL; both behave alike.

All writes wait for each other: SQLite does so by itself, PostgreSQL by a lock of ours. What is judged, parsed or
hashed is done before the lock is asked for, so that it is held for milliseconds; in return the feed of changes, the
audit and the matching see one order of things.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from pipeline.errors import InputError

PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "cache_size=-65536", "foreign_keys=ON")
_LOCK = 0x6D696E79
_PATIENCE = 60.0
"""Seconds for which a write waits for the others of its process."""


def open_engine(url: str) -> Engine:
    """Return the engine of a database.

    Parameters
    ----------
    url : `sqlite:///path` or `postgresql://user:password@host/name`.

    Raises
    ------
    InputError
        Where the address cannot be read or is of another database; the message does not repeat the password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InputError(
            "MINYI_DATABASE_URL 读不懂。应写成 postgresql://用户:口令@主机/库名，或 sqlite:///路径。"
        ) from error
    name = parsed.get_backend_name()
    if name not in ("sqlite", "postgresql"):
        raise InputError(f"MINYI_DATABASE_URL：不支持数据库“{name}”，只支持 sqlite 和 postgresql。")
    if name == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=10, hide_parameters=True
        )
    engine = create_engine(parsed, hide_parameters=True)
    begin_ourselves(engine)
    return engine


def begin_ourselves(engine: Engine) -> None:
    """Let an engine of SQLite begin its transactions as readers or writers, not as the driver thinks fit."""
    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _begun)


def _connected(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begun(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def hold_writers_off(connection: Connection) -> None:
    """Wait until nobody else writes, and keep others waiting until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


class Store:
    """The database of an office.

    >>> with store.reading() as session: session.get(Standing, 7)   # doctest: +SKIP
    >>> with store.writing() as session: session.add(row)           # doctest: +SKIP
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._turn = Lock()

    @classmethod
    def open(cls, url: str) -> Store:
        """Open a store; see `open_engine`. Its tables are made by `service.store.upgrade`."""
        return cls(open_engine(url))

    @property
    def is_postgresql(self) -> bool:
        """Whether several machines may share it."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that only reads; what it changed by mistake is not kept."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self, *, ordered: bool = True) -> Iterator[Session]:
        """Give the session of a write: it waits for other writers, and keeps all or nothing.

        A write on rows of its own, which nobody matches and no feed tells of, need not be `ordered`: where the
        database can, it waits for nobody.
        """
        with self._waiting(), self.engine.connect().execution_options(writing=True) as connection, connection.begin():
            if ordered:
                hold_writers_off(connection)
            with Session(connection, expire_on_commit=False) as session:
                yield session
                session.flush()

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Let the threads of this process queue up: SQLite's own waiting asks again and again, and some never win."""
        if self.is_postgresql:
            yield
            return
        if not self._turn.acquire(timeout=_PATIENCE):
            raise TimeoutError("another write of this process does not end")
        try:
            yield
        finally:
            self._turn.release()

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
