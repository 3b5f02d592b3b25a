"""One row of a table as a form: add it, change it, take it out. Whatever is refused comes back as it was typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from pipeline.errors import InputError
from service.desk import tables
from service.desk.errors import ConflictError, RuleError
from service.desk.grid import Grid
from service.desk.sheets import Row
from service.web.admin.columns import TABLES, as_typed, fields, label, shipped, told
from service.web.admin.frame import show, undo
from service.web.page import Page, SignedIn

router = APIRouter(prefix="/admin/tables/{kind}/row")

Version = Annotated[int, Form()]


@router.get("")
def show_row(page: SignedIn, kind: str, key: str = "") -> Response:
    """Show a row to be changed, or an empty one to be added."""
    page.need("tables_write")
    grid, version, _ = _held(page, kind)
    row = grid.get(key) if key else {}
    return _form(page, kind, key, row, row, version)


def _held(page: Page, kind: str) -> tuple[Grid, int, dict[str, str]]:
    """Return the table that holds with its version, 0 for the one that ships; and all that the office keeps."""
    with page.here.store.reading() as session:
        kept, versions = tables.contents(session), tables.versions(session)
    return Grid.of(tables.known(kind), kept.get(kind) or shipped(kind)), versions.get(kind, 0), kept


def _form(
    page: Page, kind: str, key: str, row: Row, seen: Row, version: int, note: str = "", wrong: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    """Show a row to be changed; `seen` is what it was when its editor began."""
    grid, _, kept = _held(page, kind)
    return show(
        page, "admin_row", status=status, kind=kind, name=TABLES[kind], key=key, version=version, note=note,
        fields=fields(kind, grid.columns, row, kept), seen=seen, wrong=wrong, retires="active" in grid.columns,
    )  # fmt: skip


def cells(prefix: str) -> Callable[[Request], Awaitable[Row]]:
    """Return what reads the cells of a row out of a form; those of a list as one."""

    async def read(request: Request) -> Row:
        found: dict[str, list[str]] = {}
        for name, value in (await request.form()).multi_items():
            if name.startswith(prefix) and isinstance(value, str):
                found.setdefault(name.removeprefix(prefix), []).append(value.strip())
        return {name: "|".join(filter(None, values)) for name, values in found.items()}

    return read


Typed = Annotated[Row, Depends(cells("cell-"))]
Seen = Annotated[Row, Depends(cells("seen-"))]


@router.post("")
def change_row(
    page: SignedIn,
    typed: Typed,
    seen: Seen,
    kind: str,
    version: Version,
    key: Annotated[str, Form()] = "",
    note: Annotated[str, Form(max_length=200)] = "",
    step: Annotated[str, Form()] = "save",
) -> Response:
    """Let a row hold what its editor changed, whatever others changed in its other cells; or take it out."""
    actor = page.need("tables_write")
    grid, _, _ = _held(page, kind)
    own = {name: cell for name, cell in typed.items() if name not in seen or cell != as_typed(name, seen[name])}
    try:
        if step == "remove":
            grid.remove(key)
            done = f"删去“{key}”"
        else:
            done = f"{'修改' if key else '新增'}“{grid.put(key, own)}”"
        [found] = tables.put(page.here.store, {kind: grid.content}, {kind: version}, actor, note or done)
    except ConflictError as error:
        grid, now_is, _ = _held(page, kind)
        row = grid.get(key) if key else {}
        wrong = "\n".join(
            (f"{error}您填的都在下面，别的格是现在的；看过之后可以再保存。", *_both(kind, row, seen, own))
        )
        return _form(page, kind, key, row | own, row, now_is, note, wrong, status=409)
    except (InputError, RuleError) as error:
        return _form(page, kind, key, typed, seen, version, note, "\n".join(told(str(error))), status=422)
    return page.go(f"/admin/tables/{kind}", f"{TABLES[kind]}表：已{done}", undo=undo(found))


def _both(kind: str, row: Row, seen: Row, own: Row) -> list[str]:
    """Tell which cells somebody else changed meanwhile, too, and otherwise."""
    return [
        f"“{label(kind, name)}”两人都改了：您填的是“{cell}”，现在是“{now}”。再保存就以您的为准。"
        for name, cell in own.items()
        if (now := as_typed(name, row.get(name, ""))) not in (cell, as_typed(name, seen.get(name, "")))
    ]
