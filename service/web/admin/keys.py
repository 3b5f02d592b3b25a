"""Keys for programs, and the sites of public forms (收件点)."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from service.accounts import keys
from service.accounts.actor import SCOPES
from service.desk.days import day
from service.store import now
from service.web.admin.frame import show
from service.web.page import Page, SignedIn
from service.web.telling import moment

router = APIRouter(prefix="/admin/keys")
SCOPE = {
    "submit": "送来件", "read": "看来件（个人信息遮住）", "read_personal": "看个人信息",
    "read_restricted": "看只到办公室的来件",
    "review": "研判：采纳、更正、并案", "assign": "交办给委员", "issues": "管理事项", "import": "导入文件",
    "export": "导出", "statistics": "看统计", "labels": "取复核记录", "jobs": "看任务、训练模型",
    "tables_read": "看表", "tables_write": "改表和档位", "models_read": "看模型", "models_write": "启用、退回模型",
    "audit": "看审计记录", "webhooks": "订阅变化",
}  # fmt: skip
"""What a key may be made for, in words."""
_PERSONAL = ("read_personal", "read_restricted")

Text = Annotated[str, Form()]


@router.get("")
def show_keys(page: SignedIn) -> Response:
    """List the keys and sites."""
    page.need("keys")
    return _keys(page)


def _keys(page: Page, token: str = "") -> Response:
    with page.here.store.reading() as session:
        every = keys.every(session)
    rows = [
        {"name": key.name, "prefix": key.prefix, "site": key.site, "seen": moment(key.seen_at),
         "scopes": [SCOPE.get(each, each) for each in key.scopes], "revoked": moment(key.revoked_at),
         "expires": moment(key.expires_at), "expired": bool(key.expires_at and key.expires_at <= now())}
        for key in every
    ]  # fmt: skip
    scopes = [(scope, told) for scope, told in SCOPE.items() if scope in SCOPES]
    return show(
        page, "admin_keys", sites=[row for row in rows if row["site"]], keys=[row for row in rows if not row["site"]],
        scopes=scopes, personal=_PERSONAL, token=token,
    )  # fmt: skip


@router.post("")
def add_key(
    page: SignedIn,
    name: Text,
    site: Text = "",
    scopes: Annotated[list[str] | None, Form()] = None,
    until: Text = "",
) -> Response:
    """Make a key, told once; that of a site's form is not a secret."""
    actor = page.need("keys")
    _, token = keys.add(page.here.store, actor, keys.Wish(name, scopes or (), site.strip() or None, _end_of(until)))
    return _keys(page, "" if site.strip() else token)


def _end_of(told: str) -> datetime | None:
    """Return the end of a day here."""
    last = day(told, "until", "到期日")
    return datetime.combine(date.fromisoformat(last), time(23, 59, 59)).astimezone() if last else None


@router.post("/{prefix}/revoke")
def revoke_key(page: SignedIn, prefix: str) -> Response:
    """Make a key useless."""
    actor = page.need("keys")
    key = keys.revoke(page.here.store, actor, prefix)
    return page.go("/admin/keys", f"{'收件点' if key.site else '密钥'}“{key.site or key.name}”已停用")
