"""What all pages of administration (管理) share: the row of sections, how a moment and a person are told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store import Key, User
from service.web.page import Page

_SECTIONS = (
    ("/admin/tables", "表", "tables_read"), ("/admin/dials", "档位", "tables_read"), ("/admin/users", "用户", "users"),
    ("/admin/keys", "密钥与收件点", "keys"), ("/admin/models", "模型", "models_read"), ("/jobs", "任务", "jobs"),
    ("/admin/audit", "审计", "audit"),
)  # fmt: skip


def show(page: Page, template: str, status: int = 200, **values: Any) -> Response:
    """Return a page of administration, with the sections that somebody may open."""
    assert page.actor
    sections = [(path, name) for path, name, permission in _SECTIONS if permission in page.actor.may]
    return page.show(template, status, sections=sections, **{"title": "管理"} | values)


def moment(at: datetime | None) -> str:
    """Return a moment as people here read it, "" for never."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M") if at else ""


def who(session: Session, actor: str) -> str:
    """Return an actor as tables have it (user:li, key:mk…, command:root) by the name that people know."""
    kind, _, name = actor.partition(":")
    if kind == "user":
        return session.scalar(select(User.shown).where(User.name == name)) or name
    if kind == "key":
        return f"密钥“{session.scalar(select(Key.name).where(Key.prefix == name)) or name}”"
    return f"命令行（{name}）" if kind == "command" else actor
