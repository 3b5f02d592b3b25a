"""Requests that carry an Idempotency-Key: asked again, they are answered the same, and nothing happens twice."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.accounts.actor import Actor
from service.desk.errors import RuleError
from service.store import Asked, now


@dataclass(frozen=True, slots=True)
class Request:
    """A request by its key, its actor, and the hash of what it asks for."""

    key: str
    actor: str
    hash: str

    @classmethod
    def of(cls, key: str, actor: Actor, what: str, body: bytes) -> Request:
        """Return the request of an actor to an address."""
        return cls(key, str(actor), hashlib.sha256(what.encode() + b"\n" + body).hexdigest())

    def row_hash(self, nth: int = 0) -> str:
        """Return the hash of a row that comes with it: the row enters once even if the answer was never kept."""
        return hashlib.sha256(f"{self.actor}\n{self.key}\n{self.hash}\n{nth}".encode()).hexdigest()


def answered(session: Session, request: Request) -> Asked | None:
    """Return the answer that was given before.

    Raises
    ------
    RuleError
        Where the key came with another body.
    """
    found = session.get(Asked, (request.key, request.actor))
    if found and found.request != request.hash:
        raise RuleError(
            f"Idempotency-Key“{request.key}”已用于另一个请求。重发请用同样的内容，新请求请换一个键。", "Idempotency-Key"
        )
    return found


def remember(session: Session, request: Request, status: int, answer: str) -> None:
    """Keep an answer within the write that it tells of."""
    if answered(session, request) is None:
        told = Asked(key=request.key, actor=request.actor, request=request.hash, status=status, answer=answer, at=now())
        session.add(told)
        session.flush()
