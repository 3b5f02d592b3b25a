"""The doors: who is behind a request, by the token of a key (and, for pages, by a session)."""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from starlette.requests import Request

from service.accounts.actor import Actor
from service.desk.errors import UnauthorizedError
from service.store import Key, Store, now


def token_hash(token: str) -> str:
    """Return what is kept of a token: long and random, it needs no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def admit(store: Store, request: Request) -> Actor:
    """Return who is behind a request.

    Raises
    ------
    UnauthorizedError
        Where there is no valid key.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise UnauthorizedError("没有登录。请登录，或在请求头里带上 Authorization: Bearer 密钥。")
    with store.reading() as session:
        key = session.scalar(select(Key).where(Key.hash == token_hash(token)))
    if key is None or key.revoked_at or (key.expires_at and key.expires_at <= now()):
        raise UnauthorizedError("密钥无效：不存在、已停用或已过期。请找管理员换一个。")
    return Actor("key", key.prefix, frozenset(key.scopes), id=key.id, site=key.site, shown=key.name)
