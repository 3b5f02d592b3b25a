"""Telling webhooks of changes: signed, in order, each at least once, as the Standard Webhooks specification has it.

An address that does not answer is asked again after growing pauses, and no longer after many.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from datetime import timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import orjson
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from service.accounts.actor import Actor
from service.desk import audit, feed
from service.desk.webhooks import PREFIX
from service.store import Change, Store, Webhook, now

_TIMEOUT = 5.0
_BATCH = 50
"""Changes told to one address in a round …"""
_ROUND = 5.0
"""… as long as it takes no longer than so many seconds: a job may be waiting for its sign of life."""
_PAUSES = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200)
"""Seconds until the next attempt; after the last one the address is given up (in all, about 28 hours)."""
_ME = Actor("command", "worker", frozenset())


def sign(secret: str, name: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message.

    >>> body = b'{"test": 2432232314}'
    >>> sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    told = hmac.new(key, f"{name}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(told.digest()).decode()}"


def message(change: Change) -> bytes:
    """Return what is told of a change: what happened to which submission, no text and nobody's name."""
    data = {"seq": change.seq, "number": change.number, **change.content}
    return orjson.dumps({"type": change.kind, "timestamp": change.at.isoformat(), "data": data})


def deliver(store: Store) -> int:
    """Tell every address that is due of what it does not know yet; return how many messages arrived."""
    with store.reading() as session:
        last = feed.last(session)  # before the changes are read: what comes in between waits for the next round
        due = or_(Webhook.next_at.is_(None), Webhook.next_at <= now())
        hooks = session.scalars(select(Webhook).where(Webhook.active, due).order_by(Webhook.id)).all()
        waiting = [(hook, feed.since(session, hook.seq, _BATCH, restricted=False, kinds=hook.kinds)) for hook in hooks]
    told = 0
    for hook, changes in waiting:
        end, arrived, failure = time.monotonic() + _ROUND, hook.seq, ""
        for change in changes:
            if failure := _send(hook, change):
                break
            arrived, told = change.seq, told + 1
            if time.monotonic() > end:
                break
        if not changes and last > hook.seq + _BATCH:
            arrived = last  # nothing of its kinds up to here: it need not be looked through again
        if arrived > hook.seq or failure:
            _book(store, hook, arrived, failure)
    return told


def _send(hook: Webhook, change: Change) -> str:
    """Send one message; return what went wrong, or nothing. Redirects are not followed, the answer is not read."""
    parts, body = urlsplit(hook.url), message(change)
    name, timestamp = f"{hook.id}-{change.seq}", int(time.time())
    headers = {
        "content-type": "application/json", "user-agent": "minyi", "webhook-id": name,
        "webhook-timestamp": str(timestamp), "webhook-signature": sign(hook.secret, name, timestamp, body),
    }  # fmt: skip
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, headers)
        status = connection.getresponse().status
    except (OSError, HTTPException, ValueError) as error:
        return f"连不上（{type(error).__name__}）"
    finally:
        connection.close()
    return "" if 200 <= status < 300 else f"回答了 {status}"


def _book(store: Store, hook: Webhook, arrived: int, failure: str) -> None:
    """Write down how far an address has been told, and when it is asked again."""
    with store.writing(ordered=False) as session:
        now_there = session.get(Webhook, hook.id, with_for_update=True)
        if now_there is None or now_there.url != hook.url:  # changed meanwhile
            return
        now_there.seq = max(now_there.seq, arrived)
        failures = (0 if arrived > hook.seq else hook.failures) + bool(failure)
        now_there.failures, now_there.next_at = failures, None
        if failure and failures <= len(_PAUSES):
            now_there.next_at = now() + timedelta(seconds=_PAUSES[failures - 1])
    if failure and failures > len(_PAUSES):
        with store.writing() as session:
            _give_up(session, hook.id, failure)


def _give_up(session: Session, which: int, failure: str) -> None:
    hook = session.get(Webhook, which)
    if hook and hook.active:
        hook.active = False
        reason = f"连续 {hook.failures} 次没有送到：{failure}"
        audit.record(session, _ME, "webhook.give_up", f"webhook:{which}", reason=reason)
