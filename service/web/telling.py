"""How moments and people are told on the pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store import Key, User


def moment(at: datetime | None) -> str:
    """Return a moment as people here read it, "" for never."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M") if at else ""


def who(session: Session, actor: str) -> str:
    """Return an actor as tables have it (user:li, key:mk…, command:root) by the name that people know."""
    return names(session, [actor])[actor]


def names(session: Session, actors: Iterable[str]) -> dict[str, str]:
    """Return what actors are called, all at once; see `who`."""
    asked = [(actor, *actor.partition(":")[::2]) for actor in set(actors)]
    users = select(User.name, User.shown).where(User.name.in_([name for _, kind, name in asked if kind == "user"]))
    keys = select(Key.prefix, Key.name).where(Key.prefix.in_([name for _, kind, name in asked if kind == "key"]))
    shown = {"user": dict(session.execute(users).all()), "key": dict(session.execute(keys).all())}
    told = {"user": "{}", "key": "密钥“{}”", "command": "命令行（{}）"}
    return {
        actor: told[kind].format(shown.get(kind, {}).get(name) or name) if kind in told else actor
        for actor, kind, name in asked
    }
