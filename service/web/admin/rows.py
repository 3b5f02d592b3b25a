"""One row of a table as a form: add it, change it, take it out. Whatever is refused comes back as it was typed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from pipeline.errors import InputError
from service.desk import tables
from service.desk.errors import ConflictError, RuleError
from service.desk.grid import Grid
from service.desk.sheets import Row
from service.web.admin.columns import TABLES, fields, shipped, told
from service.web.admin.frame import show
from service.web.page import Page, SignedIn

router = APIRouter(prefix="/admin/tables/{kind}/row")
_CELL = "cell-"

Version = Annotated[int, Form()]


@router.get("")
def show_row(page: SignedIn, kind: str, key: str = "") -> Response:
    """Show a row to be changed, or an empty one to be added."""
    page.need("tables_write")
    grid, version, _ = _held(page, kind)
    return _form(page, kind, key, grid.get(key) if key else {}, version)


def _held(page: Page, kind: str) -> tuple[Grid, int, dict[str, str]]:
    """Return the table that holds with its version, 0 for the one that ships; and all that the office keeps."""
    with page.here.store.reading() as session:
        kept, versions = tables.contents(session), tables.versions(session)
    return Grid.of(tables.known(kind), kept.get(kind) or shipped(kind)), versions.get(kind, 0), kept


def _form(
    page: Page, kind: str, key: str, row: Row, version: int, note: str = "", wrong: str = "", status: int = 200
) -> Response:
    grid, _, kept = _held(page, kind)
    return show(
        page, "admin_row", status=status, kind=kind, name=TABLES[kind], key=key, version=version, note=note,
        fields=fields(kind, grid.columns, row, kept), wrong=wrong, retires="active" in grid.columns,
    )  # fmt: skip


async def cells(request: Request) -> Row:
    """Return what was typed into the cells of a row; those of a list as one."""
    found: dict[str, list[str]] = {}
    for name, value in (await request.form()).multi_items():
        if name.startswith(_CELL) and isinstance(value, str):
            found.setdefault(name.removeprefix(_CELL), []).append(value.strip())
    return {name: "|".join(filter(None, values)) for name, values in found.items()}


Typed = Annotated[Row, Depends(cells)]


@router.post("")
def change_row(
    page: SignedIn,
    typed: Typed,
    kind: str,
    version: Version,
    key: Annotated[str, Form()] = "",
    note: Annotated[str, Form(max_length=200)] = "",
    step: Annotated[str, Form()] = "save",
) -> Response:
    """Let a row hold what was typed, or take it out."""
    actor = page.need("tables_write")
    grid, now_is, _ = _held(page, kind)
    try:
        if step == "remove":
            grid.remove(key)
            done = f"删去“{key}”"
        else:
            done = f"{'修改' if key else '新增'}“{grid.put(key, typed)}”"
        tables.put(page.here.store, {kind: grid.content}, {kind: version}, actor, note or done)
    except ConflictError as error:
        told_ = f"{error}您填的都在下面，看过之后可以再保存。"
        return _form(page, kind, key, typed, now_is, note, told_, status=409)
    except (InputError, RuleError) as error:
        return _form(page, kind, key, typed, version, note, "\n".join(told(str(error))), status=422)
    return page.go(f"/admin/tables/{kind}", f"{TABLES[kind]}表：已{done}", undo=f"/admin/tables/{kind}/undo")
