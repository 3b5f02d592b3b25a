"""The audit, for administrators: what was done, and whether the record of it is whole."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from service.accounts.actor import Actor
from service.accounts.sight import why
from service.api.context import Reading, may
from service.desk import audit
from service.store import AuditEntry

router = APIRouter(prefix="/audit", tags=["audit"])
Auditor = Annotated[Actor, Depends(may("audit"))]
Before = Annotated[int | None, Query(ge=1, le=2**53)]
Limit = Annotated[int, Query(ge=1, le=500)]
Word = Annotated[str | None, Query(max_length=200)]


class EntryOut(BaseModel):
    """One write: who, what, before, after, why."""

    seq: int
    at: str
    actor: str
    action: str
    what: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    hash: str


class EntriesOut(BaseModel):
    """Entries, the latest first; `next` is the value of `before` for those that follow, null at the end."""

    entries: list[EntryOut]
    next: int | None


class WholeOut(BaseModel):
    """Whether the audit is whole. `broken` is the first entry that was changed or taken out.

    `head` is the last entry as SEQ:HASH: kept elsewhere, it tells later whether entries were cut off at the end.
    """

    entries: int
    broken: int | None
    head: str
    holds: bool | None


@router.get("")
def list_entries(
    session: Reading,
    asking: Auditor,
    before: Before = None,
    limit: Limit = 100,
    actor: Word = None,
    action: Word = None,
    what: Word = None,
) -> EntriesOut:
    """List entries, the latest first, of one actor, action or thing if asked."""
    found = audit.entries(session, audit.Filter(actor, action, what), before, limit)
    return EntriesOut(
        entries=[_told(each, asking) for each in found], next=found[-1].seq if len(found) == limit else None
    )


@router.get("/verify")
def verify(
    session: Reading,
    asking: Auditor,
    head: Annotated[str | None, Query(max_length=100, description="以前记下的末条，序号:哈希")] = None,
) -> WholeOut:
    """Check every entry against the one before it; with `head`, also that this one is still there."""
    entries, broken = audit.verify(session)
    return WholeOut(
        entries=entries, broken=broken, head=audit.head(session), holds=audit.holds(session, head) if head else None
    )


def _told(entry: AuditEntry, actor: Actor) -> EntryOut:
    return EntryOut(
        seq=entry.seq, at=entry.at, actor=entry.actor, action=entry.action, what=entry.what,
        before=orjson.loads(entry.before), after=orjson.loads(entry.after), reason=why(entry, actor), hash=entry.hash,
    )  # fmt: skip
