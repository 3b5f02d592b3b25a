"""How moments and people are told on the pages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store import Key, User


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
