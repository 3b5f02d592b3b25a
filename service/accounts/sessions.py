"""Sessions of users who signed in: a random token in a cookie, of which only the hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from service.accounts import names, passwords
from service.accounts.actor import Actor
from service.accounts.limits import Attempt
from service.accounts.users import actor_of, give_password
from service.desk import audit
from service.desk.errors import UnauthorizedError
from service.store import SignIn, Store, User, now

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that was just opened. The token is told once, to the browser."""

    actor: Actor
    token: str
    csrf: str


def token_hash(token: str) -> str:
    """Return what is kept of a token: long and random, it needs no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def sign_in(store: Store, name: str, password: str, address: str, hours: float, before: str | None = None) -> Opened:
    """Open a session. Whatever token the browser had before ends here: nobody can plant one.

    Raises
    ------
    UnauthorizedError
        The same for a wrong password, an unknown name and a disabled user, after the same time.
    TooManyError
        After too many attempts.
    """
    name = names.normal(name)
    attempt = Attempt(name, address)
    with store.writing() as session:
        user = session.scalar(select(User).where(User.name == name))
        locked = attempt.count(session)
        if locked and user is not None:
            audit.record(session, actor_of(user), "session.lock", f"user:{name}")
    right, renewed = passwords.fits(password, user.password if user else None)
    if user is None or not right:
        raise UnauthorizedError("用户名或口令不对。请检查大小写和输入法；忘了口令请找管理员重设。")
    with store.writing() as session:
        # the password was looked at before this write: it must not have changed since
        row = session.scalar(select(User).where(User.id == user.id, User.active, User.password == user.password))
        if row is None:
            raise UnauthorizedError("用户名或口令不对。请检查大小写和输入法；忘了口令请找管理员重设。")
        if renewed:
            row.password = renewed
        attempt.forget(session)
        session.execute(delete(SignIn).where(SignIn.expires_at < now()))
        if before:
            session.execute(delete(SignIn).where(SignIn.id == token_hash(before)))
        opened = _open(session, row, hours)
        row.seen_at = now()
        audit.record(session, opened.actor, "session.start", f"user:{name}")
    return opened


def change_password(store: Store, actor: Actor, old: str, new: str, address: str, hours: float) -> Opened:
    """Give oneself a new password; all sessions end, and a new one begins here.

    Raises
    ------
    UnauthorizedError
        Where the old one is wrong; it counts as an attempt to sign in.
    RuleError
        Where the new one is too weak.
    """
    passwords.check_rule(new, actor.name)
    sign_in(store, actor.name, old, address, hours)
    give_password(store, actor, actor.id, new)
    with store.writing() as session:
        return _open(session, session.get_one(User, actor.id), hours)


def resume(store: Store, token: str, idle: timedelta) -> tuple[SignIn, Actor]:
    """Return the session of a token, and who is behind it.

    Raises
    ------
    UnauthorizedError
        Where it ended: signed out, too old, idle for too long, or the user was disabled.
    """
    query = select(SignIn, User).join(User, User.id == SignIn.user).where(SignIn.id == token_hash(token), User.active)
    with store.reading() as session:
        found = session.execute(query).first()
    moment = now()
    if found is None or found.SignIn.expires_at <= moment or found.SignIn.seen_at + idle <= moment:
        raise UnauthorizedError("登录已经失效。请重新登录。")
    if moment - found.SignIn.seen_at > _MINUTE:
        with store.writing() as session:
            session.execute(update(SignIn).where(SignIn.id == found.SignIn.id).values(seen_at=moment))
            session.execute(update(User).where(User.id == found.User.id).values(seen_at=moment))
    return found.SignIn, actor_of(found.User)


def sign_out(store: Store, token: str) -> None:
    """End the session of a token."""
    with store.writing() as session:
        query = select(SignIn, User).join(User, User.id == SignIn.user).where(SignIn.id == token_hash(token))
        found = session.execute(query).first()
        if found:
            session.delete(found.SignIn)
            audit.record(session, actor_of(found.User), "session.end", f"user:{found.User.name}")


def _open(session: Session, user: User, hours: float) -> Opened:
    token, csrf, moment = secrets.token_urlsafe(32), secrets.token_urlsafe(32), now()
    session.add(
        SignIn(
            id=token_hash(token), user=user.id, csrf=csrf, created_at=moment, seen_at=moment,
            expires_at=moment + timedelta(hours=hours),
        )
    )  # fmt: skip
    return Opened(actor_of(user), token, csrf)
