"""The feed of changes: what happened, in the order in which it happened, for callers and webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from service.store import Change, Standing, now, table

_NEW = insert(table(Change))


def tell(session: Session, kind: str, changes: Sequence[tuple[int | None, dict[str, Any]]]) -> None:
    """Write changes of one kind, each with the number of its submission, within the write that they tell of."""
    at = now()
    rows = [{"kind": kind, "number": number, "content": content, "at": at} for number, content in changes]
    if rows:
        session.execute(_NEW, rows)


def since(
    session: Session, seq: int, most: int, *, restricted: bool = True, kinds: Sequence[str] = ()
) -> Sequence[Change]:
    """Return the changes after a sequence number, in order. None is ever passed over: writers wait for each other.

    Parameters
    ----------
    restricted : whether to tell of matters that only the desk may know of.
    kinds : only of these, where any are named.
    """
    query = select(Change).where(Change.seq > seq).order_by(Change.seq).limit(most)
    if kinds:
        query = query.where(Change.kind.in_(kinds))
    if not restricted:
        hidden = select(Standing.number).where(Standing.number == Change.number, Standing.restricted)
        query = query.where(~hidden.exists())
    return session.scalars(query).all()


def last(session: Session) -> int:
    """Return the latest sequence number."""
    return session.scalar(select(func.max(Change.seq))) or 0
