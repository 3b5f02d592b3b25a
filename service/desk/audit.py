"""The audit: every write with who, what, before, after and why, each entry sealed with the one before it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from service.accounts.actor import Actor
from service.desk.errors import RuleError
from service.store import AuditEntry, now, table

_BEGINNING = "0" * 64
_TABLE = table(AuditEntry)
_NEW = insert(_TABLE)
_LAST = select(_TABLE.c.seq, _TABLE.c.hash).order_by(_TABLE.c.seq.desc()).limit(1)


def record(
    session: Session,
    actor: Actor,
    action: str,
    what: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Write one entry, within the write that it tells of.

    Parameters
    ----------
    action : what was done, such as `submission.accept`.
    what : to what, such as `submission:7`.
    before, after : only what changed; no passwords, no tokens, no personal data.
    """
    session.flush()
    last = session.execute(_LAST).first()
    seq, previous = (last.seq + 1, last.hash) if last else (1, _BEGINNING)
    entry = {
        "seq": seq, "at": now().isoformat(timespec="milliseconds"), "actor": str(actor), "action": action,
        "what": what, "before": _text(before), "after": _text(after), "reason": reason,
    }  # fmt: skip
    session.execute(_NEW, entry | {"hash": seal(AuditEntry(**entry), previous)})


def seal(entry: AuditEntry, previous: str) -> str:
    """Return the hash of an entry, given that of the one before it."""
    told = [entry.seq, entry.at, entry.actor, entry.action, entry.what, entry.before, entry.after, entry.reason]
    return hashlib.sha256(previous.encode() + orjson.dumps(told)).hexdigest()


def verify(session: Session) -> tuple[int, int | None]:
    """Return how many entries there are, and the number of the first one that was changed or taken out, if any."""
    previous, expected = _BEGINNING, 1
    query = select(AuditEntry).order_by(AuditEntry.seq).execution_options(yield_per=1000)
    with closing(session.scalars(query)) as found:
        for entry in found:
            if entry.seq != expected or entry.hash != seal(entry, previous):
                return expected - 1, expected
            previous, expected = entry.hash, expected + 1
    return expected - 1, None


def head(session: Session) -> str:
    """Return the last entry as SEQ:HASH. Kept elsewhere, it tells later whether entries were cut off at the end."""
    last = session.execute(_LAST).first()
    return f"{last.seq}:{last.hash}" if last else f"0:{_BEGINNING}"


def holds(session: Session, known: str) -> bool:
    """Return whether a head that was told before is still part of the chain.

    Raises
    ------
    RuleError
        Where it is no head.
    """
    seq, _, told = known.partition(":")
    if not re.fullmatch("[0-9]{1,15}", seq) or not re.fullmatch("[0-9a-f]{64}", told):
        raise RuleError(
            f"“{known}”不是审计末条。应写成 序号:哈希，“管理→审计”的核对和命令 minyi audit verify 都会给出。", "head"
        )
    if seq == "0":
        return told == _BEGINNING
    return session.scalar(select(AuditEntry.hash).where(AuditEntry.seq == int(seq))) == told


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries: of one actor, action or thing, from one day to another (YYYY-MM-DD, in UTC); None is all.

    what : such as `submission:7`; `submission:` stands for all of the kind.
    """

    actor: str | None = None
    action: str | None = None
    what: str | None = None
    since: str | None = None
    until: str | None = None


def entries(session: Session, wanted: Filter, before: int | None, most: int) -> Sequence[AuditEntry]:
    """Return entries, the latest first, those before a number."""
    query = select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(most)
    for column in (AuditEntry.actor, AuditEntry.action, AuditEntry.what):
        value = getattr(wanted, column.key)
        if value is not None:
            whole = value.endswith(":")
            query = query.where(column.startswith(value, autoescape=True) if whole else column == value)
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until + "~")  # whatever hour of that day
    if before is not None:
        query = query.where(AuditEntry.seq < before)
    return session.scalars(query).all()


class Cast:
    """Who acted and what was done so far: entries are only ever added, so each is looked at once."""

    def __init__(self) -> None:
        self._known: tuple[int, frozenset[str], frozenset[str]] = 0, frozenset(), frozenset()

    def look(self, session: Session) -> tuple[frozenset[str], frozenset[str]]:
        """Return all actors and all actions."""
        since, actors, actions = self._known
        last = session.scalar(select(func.max(AuditEntry.seq))) or 0
        new = select(AuditEntry.actor, AuditEntry.action).where(AuditEntry.seq > since, AuditEntry.seq <= last)
        found = session.execute(new.distinct()).all()
        self._known = last, actors | {actor for actor, _ in found}, actions | {action for _, action in found}
        return self._known[1:]


def _text(values: Mapping[str, Any] | None) -> str:
    return orjson.dumps(values or {}, option=orjson.OPT_SORT_KEYS).decode()
