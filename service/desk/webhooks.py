"""Webhooks: who is told of changes. An administrator names the address, and sees the secret once."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.accounts.actor import Actor
from service.desk import audit
from service.desk.errors import NotFoundError, RuleError
from service.store import Change, Webhook

PREFIX = "whsec_"


def check(url: str) -> None:
    """Refuse an address that cannot be told.

    Addresses inside the office's network are what webhooks are for here, so they are allowed: only an administrator
    names them, redirects are not followed, and what is answered is never shown.

    Raises
    ------
    RuleError
        Where it is not http(s), or carries a name and password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), 0
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or port == 0
        or not (url.isascii() and url.isprintable())
        or " " in url
    ):
        raise RuleError("地址应以 http:// 或 https:// 开头，例如 https://oa.example/minyi。", "url")
    if parts.username or parts.password:
        raise RuleError("地址里不能带用户名和口令：签名已能证明消息来自本系统。", "url")


def add(session: Session, actor: Actor, url: str, kinds: list[str]) -> Webhook:
    """Tell an address of all changes from now on, or of some kinds; within a write."""
    check(url)
    secret = PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()
    last = session.scalar(select(func.max(Change.seq))) or 0
    hook = Webhook(url=url, secret=secret, kinds=kinds, seq=last, made_by=str(actor))
    session.add(hook)
    session.flush()
    audit.record(session, actor, "webhook.add", f"webhook:{hook.id}", after={"url": url, "kinds": kinds})
    return hook


def every(session: Session) -> Sequence[Webhook]:
    """Return all webhooks."""
    return session.scalars(select(Webhook).order_by(Webhook.id)).all()


def get(session: Session, which: int) -> Webhook:
    """Return a webhook.

    Raises
    ------
    NotFoundError
        Where there is none.
    """
    hook = session.get(Webhook, which)
    if hook is None:
        raise NotFoundError(f"没有编号为 {which} 的推送地址。")
    return hook


def change(
    session: Session, actor: Actor, which: int, *, url: str | None, kinds: list[str] | None, active: bool | None
) -> Webhook:
    """Change a webhook, within a write; one that is made active again goes on where it was."""
    hook = get(session, which)
    before = {"url": hook.url, "kinds": hook.kinds, "active": hook.active}
    if url is not None:
        check(url)
        hook.url = url
    if kinds is not None:
        hook.kinds = kinds
    if active is not None:
        hook.active = active
    hook.failures, hook.next_at = 0, None
    after = {"url": hook.url, "kinds": hook.kinds, "active": hook.active}
    audit.record(session, actor, "webhook.change", f"webhook:{which}", before, after)
    return hook


def remove(session: Session, actor: Actor, which: int) -> None:
    """Tell an address no longer, within a write."""
    hook = get(session, which)
    audit.record(session, actor, "webhook.remove", f"webhook:{which}", before={"url": hook.url})
    session.delete(hook)
