"""The office's tables as a whole: look at one, bring it as a file, see what that changes, keep it, go back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from pipeline.errors import InputError
from service.desk import sheets, tables
from service.desk.errors import ConflictError, RuleError
from service.desk.grid import Grid
from service.store import OfficeTable
from service.store.people import OFFICE_TABLES
from service.web.admin.columns import ABOUT, TABLES, label, shipped, shown, told
from service.web.admin.frame import show, undo
from service.web.files import download
from service.web.page import Page, SignedIn, query_of
from service.web.telling import moment, who

router = APIRouter(prefix="/admin/tables")
_ROWS = 50
_DIFFERENT = 200
"""So many changes are shown one by one."""

Version = Annotated[int, Form()]
Text = Annotated[str, Form()]


@dataclass(slots=True)
class Draft:
    """An edit that is looked at and not kept yet, made on the version `seen`."""

    content: str
    seen: int
    note: str = ""
    difference: sheets.Difference | None = None
    faults: Sequence[str] = field(default_factory=list)


@router.get("")
def show_tables(page: SignedIn) -> Response:
    """List the office's tables."""
    page.need("tables_read")
    with page.here.store.reading() as session:
        held = tables.held(session)
        rows = [_listed(session, kind, held.get(kind)) for kind in TABLES if kind in ABOUT]
    return show(page, "admin_tables", rows=rows, can_write=_writes(page))


def _writes(page: Page) -> bool:
    return page.actor is not None and "tables_write" in page.actor.may


def _listed(session: Session, kind: str, row: OfficeTable | None) -> dict[str, Any]:
    content = row.content if row else ""
    state = f"第 {row.version} 版" if row and content else "自带" if shipped(kind) else "还没有"
    return {
        "kind": kind, "name": TABLES[kind], "about": ABOUT[kind], "state": state,
        "count": len(sheets.rows_of(kind, content or shipped(kind))),
        "editor": who(session, row.editor) if row else "", "at": moment(row.at if row else None),
        "note": row.note if row else "",
    }  # fmt: skip


@router.get("/{kind}.csv")
def as_csv(page: SignedIn, kind: str, version: int | None = None) -> Response:
    """Give a table as it holds, or an earlier version; no cell of it is taken for a formula."""
    return _download(page, kind, version, ".csv")


@router.get("/{kind}.xlsx")
def as_workbook(page: SignedIn, kind: str, version: int | None = None) -> Response:
    """Give a table as a workbook; see `as_csv`."""
    return _download(page, kind, version, ".xlsx")


def _download(page: Page, kind: str, version: int | None, ending: str) -> Response:
    page.need("tables_read")
    with page.here.store.reading() as session:
        kept = tables.contents(session).get(tables.known(kind), "") or shipped(kind)
        grid = Grid.of(kind, tables.get_or_raise(session, kind, version).content if version else kept)
    rows = [[row.get(column, "") for column in grid.columns] for row in grid.rows.values()]
    heads = [label(kind, column) for column in grid.columns]
    return download(f"{TABLES[kind]}表", ending, [(TABLES[kind], heads, rows)])


@router.get("/{kind}")
def show_table(page: SignedIn, kind: str, text: str = "", begin: int = 0) -> Response:
    """Show a table, the rows that hold a text, with its history."""
    page.need("tables_read")
    return _table(page, kind, text=text.strip(), begin=max(begin, 0))


def _table(
    page: Page, kind: str, draft: Draft | None = None, text: str = "", begin: int = 0, status: int = 200
) -> Response:
    with page.here.store.reading() as session:
        history = [
            {"version": each.version, "editor": who(session, each.editor), "at": moment(each.at), "note": each.note,
             "kept": bool(each.content)}
            for each in tables.history(session, kind)
        ]  # fmt: skip
        own = tables.contents(session).get(tables.known(kind), "")
    grid = Grid.of(kind, own or shipped(kind))
    found = {key: row for key, row in grid.rows.items() if not text or any(text in cell for cell in row.values())}
    following = query_of({"text": text, "begin": str(begin + _ROWS)}) if begin + _ROWS < len(found) else ""
    version = len(history)
    draft = draft or Draft(own or shipped(kind), version)
    return show(
        page, "admin_table", status=status, kind=kind, name=TABLES[kind], about=ABOUT.get(kind, ""), version=version,
        heads=[label(kind, column) for column in grid.columns], history=history, own=bool(own),
        rows=[
            (key, [shown(kind, column, row.get(column, "")) for column in grid.columns])
            for key, row in list(found.items())[begin : begin + _ROWS]
        ],
        count=len(found), text=text, draft=draft,
        ships=bool(shipped(kind)), previewed=_mark(draft.content) if draft.difference is not None else "",
        changes=_changes(kind, draft.difference), most=_DIFFERENT, can_write=_writes(page),
        next=f"/admin/tables/{kind}?{following}" if following else "", first=f"/admin/tables/{kind}" if begin else "",
    )  # fmt: skip


def _mark(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _changes(kind: str, found: sheets.Difference | None) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """Return what changes, row by row: how, which, and its cells as column, before, after."""
    if found is None:
        return []

    def cells(row: sheets.Row) -> list[tuple[str, str]]:
        return [(label(kind, name), value) for name, value in row.items() if value]

    made = [
        ("新增", sheets.key_of(kind, row), [(name, "", value) for name, value in cells(row)]) for row in found.added
    ]
    made += [
        ("改动", each.key, [(label(kind, name), each.before[name], now) for name, now in each.after.items()])
        for each in found.changed
    ]
    made += [
        ("删去", sheets.key_of(kind, row), [(name, value, "") for name, value in cells(row)]) for row in found.removed
    ]
    return made[:_DIFFERENT]


@router.post("/{kind}")
def edit_table(
    page: SignedIn,
    kind: str,
    version: Version,
    content: Text = "",
    note: Annotated[str, Form(max_length=200)] = "",
    step: Text = "preview",
    previewed: Text = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Show what an edit would change; keep just what was shown so; or give the office's own table up."""
    actor = page.need("tables_write")
    tables.known(kind)
    draft = Draft(content.replace("\r\n", "\n").replace("\r", "\n"), version, note)
    try:
        if file and file.filename:
            draft.content = sheets.as_text(file.file.read(), file.filename)
        if step == "give-up":
            tables.put(page.here.store, {kind: ""}, {kind: version}, actor, note)
            return page.go(f"/admin/tables/{kind}", f"不再用本办公室的{TABLES[kind]}表")
        if not draft.content.strip():
            raise RuleError("表是空的，没有保存。要放弃本办公室的表，请用“不再用本办公室的表”；要改表，请重新填写。")
        if step != "save" or previewed != _mark(draft.content):
            draft.difference = _preview(page, kind, draft.content)
            return _table(page, kind, draft)
        [difference] = tables.put(page.here.store, {kind: draft.content}, {kind: version}, actor, note)
    except ConflictError as error:
        draft.seen, draft.difference = int(error.changed["version"]), _preview(page, kind, draft.content)
        draft.faults = [f"别人先改了。{error}下面是您的表与现在的不同：再保存就以您的为准，别人的改动会被盖掉。"]
        return _table(page, kind, draft, status=409)
    except (InputError, RuleError) as error:
        draft.faults = told(str(error))
        return _table(page, kind, draft, status=422)
    counts = difference.counts
    done = f"新增 {counts['added']} 行，删去 {counts['removed']} 行，改动 {counts['changed']} 行"
    return page.go(f"/admin/tables/{kind}", f"{TABLES[kind]}表已保存：{done}", undo=undo(difference))


def _preview(page: Page, kind: str, content: str) -> sheets.Difference:
    """Return what an edit would change: of the table that the office keeps, or of the one that ships."""
    with page.here.store.reading() as session:
        [difference] = tables.preview(session, {kind: content})
        kept = tables.contents(session)
    if kind in kept or not shipped(kind):
        return difference
    return sheets.difference(kind, shipped(kind), content, difference.version)


@router.get("/{kind}/versions/{version}")
def show_version(page: SignedIn, kind: str, version: int) -> Response:
    """Show what a version changed of the one before it."""
    page.need("tables_read")
    with page.here.store.reading() as session:
        row = tables.get_or_raise(session, kind, version)
        before = tables.get_or_raise(session, kind, version - 1).content if version > 1 else ""
        head = tables.get_or_raise(session, kind).version
        editor = who(session, row.editor)
    own = row.content or shipped(kind)
    found = sheets.difference(kind, before or shipped(kind), own, version - 1)
    return show(
        page, "admin_version", kind=kind, name=TABLES[kind], version=version, at=moment(row.at), note=row.note,
        editor=editor, difference=found, changes=_changes(kind, found), most=_DIFFERENT, head=head,
        kept=bool(row.content), can_write=_writes(page),
    )  # fmt: skip


def _home(kind: str) -> str:
    """Return where a table is looked at; the dials have a page of their own."""
    return f"/admin/tables/{kind}" if kind in ABOUT else f"/admin/{kind}"


@router.post("/{kind}/restore")
def restore_table(page: SignedIn, kind: str, version: Version, wanted: Annotated[int, Form()]) -> Response:
    """Let an earlier version hold again."""
    actor = page.need("tables_write")
    tables.restore(page.here.store, kind, wanted, version, actor)
    return page.go(_home(kind), f"已恢复第 {wanted} 版")


@router.post("/{kind}/undo/{version}")
def undo_table(page: SignedIn, kind: str, version: int) -> Response:
    """Take back one's own last change of a table, which made this version of it."""
    actor = page.need("tables_write")
    with page.here.store.reading() as session:
        last = tables.get_or_raise(session, kind)
        editor = who(session, last.editor)
    if last.version != version:
        raise ConflictError(f"这次改动之后表又变了，现在是第 {last.version} 版。请在历次版本里恢复要的那一版。")
    if last.editor != str(actor):
        raise ConflictError(f"最后一次改动是 {editor} 做的，不能在这里撤销。请在历次版本里恢复要的那一版。")
    tables.restore(page.here.store, kind, last.version - 1, last.version, actor, f"撤销第 {last.version} 版")
    return page.go(_home(kind), f"已撤销，回到第 {last.version - 1} 版" if last.version > 1 else "已撤销")


assert set(TABLES) == set(OFFICE_TABLES), "every table has a name"
