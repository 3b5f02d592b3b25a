"""Administration (管理): the office's tables, users, keys, models, audit."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import Response
from sqlalchemy import select

from pipeline.route.router import rule_tables
from service.accounts import keys, users
from service.accounts.actor import PERMISSIONS, SCOPES
from service.api.values import Which
from service.desk import audit, sheets, tables
from service.desk.errors import RuleError
from service.store import AuditEntry, Member
from service.store.people import OFFICE_TABLES
from service.web.page import WORDS, Page, SignedIn

router = APIRouter(prefix="/admin")
_SECTIONS = (
    ("/admin/tables", "表", "tables_read"), ("/admin/users", "用户", "users"), ("/admin/keys", "密钥与收件点", "keys"),
    ("/admin/models", "模型", "models_read"), ("/admin/audit", "审计", "audit"),
)  # fmt: skip
_TABLES = {
    "places": "地点", "members": "委员", "stations": "站点", "crosswalk": "主题与界别对照", "rules": "分派规则",
    "holidays": "节假日", "sectors": "界别", "committees": "专委会",
}  # fmt: skip
_ENTRIES = 100

Version = Annotated[int, Form()]
Text = Annotated[str, Form()]


def _show(page: Page, template: str, **values: Any) -> Response:
    assert page.actor
    sections = [(path, name) for path, name, permission in _SECTIONS if permission in page.actor.may]
    return page.show(template, sections=sections, **{"title": "管理"} | values)


@router.get("")
def start(page: SignedIn) -> Response:
    """Lead to the tables."""
    page.need("tables_read")
    return page.go("/admin/tables")


@router.get("/tables")
def show_tables(page: SignedIn) -> Response:
    """List the office's tables."""
    page.need("tables_read")
    with page.here.store.reading() as session:
        held = tables.held(session)
    rows = []
    for kind in OFFICE_TABLES:
        row = held.get(kind)
        told = (
            {"version": f"第 {row.version} 版", "editor": row.editor, "at": _time(row.at), "note": row.note}
            if row
            else {}
        )
        usual = {"version": "自带" if kind not in ("places", "members", "stations") else "（没有）"}
        rows.append({"kind": kind, "name": _TABLES[kind], "editor": "", "at": "", "note": ""} | usual | told)
    return _show(page, "admin_tables", rows=rows)


@router.get("/tables/{kind}.csv")
def download_table(page: SignedIn, kind: str) -> Response:
    """Give a table as it holds."""
    page.need("tables_read")
    with page.here.store.reading() as session:
        content = tables.get_or_raise(session, kind).content
    headers = {"Content-Disposition": f'attachment; filename="{tables.known(kind)}.csv"'}
    return Response("\ufeff" + content, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/tables/{kind}")
def show_table(page: SignedIn, kind: str) -> Response:
    """Show a table with its history, to be edited."""
    page.need("tables_read")
    return _table(page, kind)


def _shipped(kind: str) -> str:
    """Return the content of a table that ships, "" where none does."""
    path = rule_tables(None).get(kind)
    return path.read_text("utf-8-sig") if path else ""


def _table(
    page: Page,
    kind: str,
    difference: object = None,
    content: str | None = None,
    note: str = "",
    seen: int | None = None,
) -> Response:
    """Show a table; where an edit of it is shown, with the version `seen` that it was made on."""
    with page.here.store.reading() as session:
        history = tables.history(session, kind)
    rows = [
        {"version": each.version, "editor": each.editor, "at": _time(each.at), "note": each.note} for each in history
    ]
    held = history[0] if history else None
    version = held.version if held else 0
    shown = (held.content if held else "") or _shipped(kind) if content is None else content
    return _show(
        page, "admin_table", kind=kind, name=_TABLES[tables.known(kind)], version=version if seen is None else seen,
        content=shown, difference=difference, note=note, history=rows, own=bool(held and held.content),
        ships=bool(_shipped(kind)), previewed=_mark(shown) if difference is not None else "",
    )  # fmt: skip


def _mark(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


@router.post("/tables/{kind}")
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
    if file and file.filename:
        content = sheets.as_text(file.file.read(), file.filename)
    given = {tables.known(kind): "" if step == "give-up" else content.replace("\r\n", "\n").replace("\r", "\n")}
    if step != "give-up" and not given[kind].strip():
        raise RuleError(
            "表是空的，没有保存。要放弃本办公室的表，请用“不再用本办公室的表”；要改表，请返回填写。", "content"
        )
    if step not in ("save", "give-up") or (step == "save" and previewed != _mark(given[kind])):
        return _table(page, kind, _preview(page, given), given[kind], note, version)
    [difference] = tables.put(page.here.store, given, {kind: version}, actor, note)
    counts = difference.counts
    told = (
        f"{_TABLES[kind]}表已保存：新增 {counts['added']} 行，删去 {counts['removed']} 行，改动 {counts['changed']} 行"
    )
    if step == "give-up":
        told = f"不再用本办公室的{_TABLES[kind]}表"
    return page.go(f"/admin/tables/{kind}", told)


def _preview(page: Page, given: dict[str, str]) -> sheets.Difference:
    """Return what an edit would change: of the table that the office keeps, or of the one that ships."""
    with page.here.store.reading() as session:
        [difference] = tables.preview(session, given)
        kept = tables.contents(session)
    [(kind, content)] = given.items()
    if kind in kept or not _shipped(kind):
        return difference
    return sheets.difference(kind, _shipped(kind), content, difference.version)


@router.post("/tables/{kind}/restore")
def restore_table(page: SignedIn, kind: str, version: Version, wanted: Annotated[int, Form()]) -> Response:
    """Let an earlier version hold again."""
    actor = page.need("tables_write")
    tables.restore(page.here.store, kind, wanted, version, actor)
    return page.go(f"/admin/tables/{kind}", f"已恢复第 {wanted} 版")


@router.get("/users")
def show_users(page: SignedIn) -> Response:
    """List the users."""
    page.need("users")
    return _users(page)


def _users(page: Page, name: str = "", password: str = "") -> Response:
    with page.here.store.reading() as session:
        everybody = users.everybody(session)
        members = (
            session.execute(select(Member.id, Member.name).where(Member.active).order_by(Member.id)).tuples().all()
        )
    roles = [(role, WORDS["ROLES"][role]) for role in PERMISSIONS]
    return _show(page, "admin_users", users=everybody, members=members, roles=roles, name=name, password=password)


@router.post("/users")
def add_user(page: SignedIn, name: Text, role: Text, shown: Text = "", member: Text = "") -> Response:
    """Add a user; the password is made here and told once."""
    actor = page.need("users")
    password = secrets.token_urlsafe(12)
    newcomer = users.Newcomer(name=name, role=role, password=password, shown=shown, member=member or None)
    user = users.add(page.here.store, actor, newcomer)
    return _users(page, user.name, password)


@router.post("/users/{which}/active")
def switch_user(page: SignedIn, which: Which, version: Version, active: Text = "") -> Response:
    """Let a user in again, or no longer."""
    actor = page.need("users")
    user = users.change(page.here.store, actor, which, {"active": bool(active)}, version)
    return page.go("/admin/users", f"{user.name} 已{'启用' if user.active else '停用'}")


@router.post("/users/{which}/password")
def renew_password(page: SignedIn, which: Which) -> Response:
    """Give a user a new password, told once."""
    actor = page.need("users")
    password = secrets.token_urlsafe(12)
    users.give_password(page.here.store, actor, which, password)
    with page.here.store.reading() as session:
        name = next(user.name for user in users.everybody(session) if user.id == which)
    return _users(page, name, password)


@router.get("/keys")
def show_keys(page: SignedIn) -> Response:
    """List the keys and sites."""
    page.need("keys")
    return _keys(page)


def _keys(page: Page, token: str = "") -> Response:
    with page.here.store.reading() as session:
        every = keys.every(session)
    return _show(page, "admin_keys", keys=every, scopes=sorted(SCOPES), token=token)


@router.post("/keys")
def add_key(
    page: SignedIn, name: Text, site: Text = "", scopes: Annotated[list[str] | None, Form()] = None
) -> Response:
    """Make a key, told once; that of a site's form is not a secret."""
    actor = page.need("keys")
    _, token = keys.add(page.here.store, actor, keys.Wish(name, scopes or (), site.strip() or None))
    return _keys(page, "" if site.strip() else token)


@router.post("/keys/{prefix}/revoke")
def revoke_key(page: SignedIn, prefix: str) -> Response:
    """Make a key useless."""
    actor = page.need("keys")
    keys.revoke(page.here.store, actor, prefix)
    return page.go("/admin/keys", f"密钥 {prefix} 已停用")


@router.get("/audit")
def show_audit(page: SignedIn, before: int = 0) -> Response:
    """List the entries, the latest first."""
    page.need("audit")
    return _audit(page, before)


@router.post("/audit")
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
    times = {entry.seq: _time(datetime.fromisoformat(entry.at)) for entry in entries}
    more = len(entries) == _ENTRIES
    following = f"/admin/audit?before={entries[-1].seq}" if more else ""
    return _show(page, "admin_audit", entries=entries, times=times, next=following, verified=verified)


def _time(at: Any) -> str:
    return str(at.astimezone().strftime("%Y-%m-%d %H:%M"))
