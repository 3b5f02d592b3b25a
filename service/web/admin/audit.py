"""The audit: who did what, when; and whether anybody has changed it since."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select

from service.desk import audit
from service.store import AuditEntry
from service.web.admin.frame import moment, show
from service.web.page import Page, SignedIn

router = APIRouter(prefix="/admin/audit")
_ENTRIES = 100


@router.get("")
def show_audit(page: SignedIn, before: int = 0) -> Response:
    """List the entries, the latest first."""
    page.need("audit")
    return _audit(page, before)


@router.post("")
def verify_audit(page: SignedIn) -> Response:
    """Check the whole chain."""
    page.need("audit")
    with page.here.store.reading() as session:
        count, broken = audit.verify(session)
    told = f"{count} 条记录都完好。" if broken is None else f"第 {broken} 条起被改过或缺了；之前 {count} 条完好。"
    return _audit(page, 0, {"good": broken is None, "told": told})


def _audit(page: Page, before: int, verified: dict[str, Any] | None = None) -> Response:
    query = select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(_ENTRIES)
    with page.here.store.reading() as session:
        entries = session.scalars(query.where(AuditEntry.seq < before) if before else query).all()
    times = {entry.seq: moment(datetime.fromisoformat(entry.at)) for entry in entries}
    more = len(entries) == _ENTRIES
    following = f"/admin/audit?before={entries[-1].seq}" if more else ""
    return show(page, "admin_audit", entries=entries, times=times, next=following, verified=verified)
