"""API keys and the intake keys of public forms: shown once as prefix_secret, kept as a hash, made for few things."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from service.accounts.actor import SCOPES, Actor
from service.accounts.sessions import token_hash
from service.desk import audit
from service.desk.errors import NotFoundError, RuleError, UnauthorizedError
from service.store import Key, Store, now, table

TOKEN = re.compile(r"mk[a-z2-9]{8}_[A-Za-z0-9_-]{43}")
"""What a key looks like, so that it is known where it must not be."""
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_HELD = select(table(Key)).where(table(Key).c.hash == bindparam("hash"))
_MINUTE = timedelta(minutes=1)
INTAKE = ("submit",)
"""All that the key of a public form is good for."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A key to be made. With a site it is the intake key of that site's public form."""

    name: str
    scopes: Sequence[str] = ()
    site: str | None = None
    expires_at: datetime | None = None


def add(store: Store, actor: Actor, wish: Wish) -> tuple[Key, str]:
    """Make a key; return it and its token, which is told this once.

    Raises
    ------
    RuleError
        Where it is for nothing, for what there is not, or has expired before it begins.
    """
    scopes = sorted(set(wish.scopes or (INTAKE if wish.site else ())))
    if unknown := [each for each in scopes if each not in SCOPES]:
        raise RuleError(f"权限“{unknown[0]}”不能给密钥。可以给的有：{'、'.join(sorted(SCOPES))}。", "scopes")
    if not scopes:
        raise RuleError(f"密钥没有权限。请至少给一项：{'、'.join(sorted(SCOPES))}。", "scopes")
    if wish.site and tuple(scopes) != INTAKE:
        raise RuleError("站点的收件密钥只能有 submit 权限。请去掉其他权限，或另做一个密钥。", "scopes")
    if wish.expires_at and wish.expires_at <= now():
        raise RuleError(f"到期时间 {wish.expires_at:%Y-%m-%d %H:%M} 已经过去。请改成以后的时间。", "expires_at")
    prefix = "mk" + "".join(secrets.choice(_ALPHABET) for _ in range(8))
    token = f"{prefix}_{secrets.token_urlsafe(32)}"
    key = Key(
        name=wish.name, prefix=prefix, hash=token_hash(token), scopes=scopes, site=wish.site, created_by=str(actor),
        created_at=now(), seen_at=None, expires_at=wish.expires_at, revoked_at=None,
    )  # fmt: skip
    with store.writing() as session:
        session.add(key)
        session.flush()
        told = {"name": key.name, "scopes": scopes, "site": key.site}
        audit.record(session, actor, "key.add", f"key:{prefix}", after=told)
    return key, token


def every(session: Session) -> Sequence[Key]:
    """Return all keys, the latest first."""
    return session.scalars(select(Key).order_by(Key.id.desc())).all()


def revoke(store: Store, actor: Actor, prefix: str) -> Key:
    """Make a key useless, for good.

    Raises
    ------
    NotFoundError
        Where there is none of that prefix.
    """
    with store.writing() as session:
        key = session.scalar(select(Key).where(Key.prefix == prefix))
        if key is None:
            raise NotFoundError(
                f"没有以“{prefix}”开头的密钥。请在密钥列表（“管理→密钥”，或命令 minyi key list）里核对。"
            )
        if key.revoked_at is None:
            key.revoked_at = now()
            audit.record(session, actor, "key.revoke", f"key:{prefix}")
    return key


def holder(store: Store, token: str) -> Actor:
    """Return who is behind a token.

    Raises
    ------
    UnauthorizedError
        Where the key is unknown, revoked or expired.
    """
    with store.engine.connect() as connection:
        key = connection.execute(_HELD, {"hash": token_hash(token)}).first()
    moment = now()
    if key is None or key.revoked_at or (key.expires_at and key.expires_at <= moment):
        raise UnauthorizedError("密钥无效：不存在、已停用或已过期。请找管理员换一个。")
    if key.seen_at is None or moment - key.seen_at > _MINUTE:
        with store.writing() as session:
            session.get_one(Key, key.id).seen_at = moment
    return Actor("key", key.prefix, frozenset(key.scopes), id=key.id, site=key.site, shown=key.name)


def without(text: str) -> tuple[str, bool]:
    """Return a text with keys taken out of it, and whether there were any."""
    scrubbed = TOKEN.sub(lambda found: found[0].partition("_")[0] + "_…", text)
    return scrubbed, scrubbed != text
