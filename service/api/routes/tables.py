"""The tables of the office: read, look at what a new one would change, let it hold, go back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from service.accounts.actor import Actor
from service.api.context import Here, Reading, may
from service.desk import tables
from service.desk.sheets import Difference, as_text
from service.store import OfficeTable

router = APIRouter(prefix="/tables", tags=["tables"])

Reader = Annotated[Actor, Depends(may("tables_read"))]
Writer = Annotated[Actor, Depends(may("tables_write"))]
Seen = Annotated[int, Query(ge=0, le=2**31, description="您看到的版本；还没有这张表时为 0")]
Note = Annotated[str, Query(max_length=500, description="为什么改")]

_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            _SHEET: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


class VersionOut(BaseModel):
    """A version of a table; `kept` is False where the office gave it up with this version."""

    kind: str
    version: int
    editor: str
    note: str
    at: datetime
    kept: bool


class TableOut(VersionOut):
    """A version of a table with its content as CSV."""

    content: str


class RowChange(BaseModel):
    """A row that changed: the cells that differ."""

    key: str
    before: dict[str, str]
    after: dict[str, str]


class DifferenceOut(BaseModel):
    """What a new version changes, compared with `version`."""

    kind: str
    version: int
    added: list[dict[str, str]]
    removed: list[dict[str, str]]
    changed: list[RowChange]
    reordered: bool
    warnings: list[str]


async def sent(request: Request) -> bytes:
    """Return the body: a table as .csv or .xlsx."""
    return await request.body()


Sent = Annotated[bytes, Depends(sent)]


@router.get("")
def every(session: Reading, actor: Reader) -> list[VersionOut]:
    """Which tables the office keeps, and of which version each is."""
    return [VersionOut(**_told(row)) for row in tables.held(session).values()]


@router.get("/{kind}")
def read(
    kind: str, session: Reading, actor: Reader, version: Annotated[int | None, Query(ge=1, le=2**31)] = None
) -> TableOut:
    """One table: the version that holds, or an earlier one."""
    row = tables.get_or_raise(session, kind, version)
    return TableOut(**_told(row), content=row.content)


@router.get("/{kind}/history")
def history(kind: str, session: Reading, actor: Reader) -> list[VersionOut]:
    """All versions of a table, the latest first."""
    return [VersionOut(**_told(row)) for row in tables.history(session, kind)]


@router.post("/{kind}/preview", openapi_extra=_BODY)
def preview(kind: str, body: Sent, session: Reading, actor: Reader) -> DifferenceOut:
    """Show what a table would change; it is checked with the others, and nothing is kept."""
    [found] = tables.preview(session, {kind: as_text(body, tables.known(kind))})
    return _shown(found)


@router.put("/{kind}", openapi_extra=_BODY)
def put(kind: str, body: Sent, version: Seen, here: Here, actor: Writer, note: Note = "") -> DifferenceOut:
    """Let a table hold from now on; refused as a whole where a row breaks a rule."""
    content = as_text(body, tables.known(kind))
    [found] = tables.put(here.store, {kind: content}, {kind: version}, actor, note)
    return _shown(found)


@router.post("/{kind}/restore")
def restore(
    kind: str,
    earlier: Annotated[int, Query(ge=0, le=2**31, description="要恢复的版本；0 为不再自备，改用自带的")],
    version: Seen,
    here: Here,
    actor: Writer,
    note: Note = "",
) -> DifferenceOut:
    """Let an earlier version hold again."""
    [found] = tables.restore(here.store, kind, earlier, version, actor, note)
    return _shown(found)


def _told(row: OfficeTable) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in ("kind", "version", "editor", "note", "at")} | {
        "kept": bool(row.content)
    }


def _shown(found: Difference) -> DifferenceOut:
    return DifferenceOut.model_validate(found, from_attributes=True)
