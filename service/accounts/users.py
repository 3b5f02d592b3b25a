"""Users: add, change, disable, give a new password. Who is disabled or gets a new password is signed out everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service.accounts import names, passwords
from service.accounts.actor import PERMISSIONS, Actor
from service.desk import audit
from service.desk.errors import ConflictError, NotFoundError, RuleError
from service.store import Member, SignIn, Store, User, now


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A user to be added.

    member : the id in the roster, of a member's account.
    once : whether the password serves for one sign-in only, at which they choose their own.
    """

    name: str
    role: str
    password: str
    shown: str = ""
    member: str | None = None
    once: bool = False


def actor_of(user: User) -> Actor:
    """Return a user as somebody who acts."""
    return Actor("user", user.name, PERMISSIONS[user.role], user.role, user.member, user.id, shown=user.shown,
                 must_change=user.must_change)  # fmt: skip


def add(store: Store, actor: Actor, newcomer: Newcomer) -> User:
    """Add a user.

    Raises
    ------
    RuleError
        Where name, role, password or member break a rule.
    ConflictError
        Where the name is taken.
    """
    name = names.new(newcomer.name)
    _check_role(newcomer.role)
    kept = passwords.hashed(newcomer.password, name)
    with store.writing() as session:
        if session.scalar(select(User.id).where(User.name == name)):
            raise ConflictError(f"用户“{name}”已经有了。请换一个名字，或修改原有的账号。")
        _check_member(session, newcomer.role, newcomer.member)
        user = User(
            name=name, shown=newcomer.shown.strip() or name, role=newcomer.role, password=kept, member=newcomer.member,
            active=True, must_change=newcomer.once, created_at=now(), seen_at=None,
        )  # fmt: skip
        session.add(user)
        session.flush()
        told = {"role": user.role, "member": user.member}
        audit.record(session, actor, "user.add", f"user:{name}", after=told)
    return user


def everybody(session: Session) -> Sequence[User]:
    """Return all users, by name."""
    return session.scalars(select(User).order_by(User.name)).all()


def named(session: Session, name: str) -> User:
    """Return a user by name.

    Raises
    ------
    NotFoundError
        Where there is none.
    """
    user = session.scalar(select(User).where(User.name == names.normal(name)))
    if user is None:
        raise NotFoundError(f"没有用户“{name}”。请在用户列表（“管理→用户”，或命令 minyi user list）里核对。")
    return user


def change(store: Store, actor: Actor, which: int, changes: dict[str, Any], version: int | None = None) -> User:
    """Change shown, role, member or active of a user.

    Parameters
    ----------
    version : the one that the actor saw; None changes whatever is there.

    Raises
    ------
    ConflictError
        Where somebody else changed the user since.
    RuleError
        Where no administrator would be left, or a member's account names no member.
    """
    _check_role(changes.get("role", "officer"))
    with store.writing() as session:
        user = _get(session, which)
        before = {name: getattr(user, name) for name in changes}
        if version is not None and version != user.version:
            told = {name: getattr(user, name) for name in ("shown", "role", "member", "active", "version")}
            raise ConflictError(f"用户“{user.name}”已经改过（现为第 {user.version} 版）。请刷新后再改。", told)
        for name, value in changes.items():
            setattr(user, name, value)
        _check_member(session, user.role, user.member)
        session.flush()
        left = select(func.count()).where(User.role == "administrator", User.active)
        if (before.get("role", user.role) == "administrator") and not session.scalar(left):
            raise RuleError("这是最后一个管理员，不能停用或改作别的角色。请先指定另一个管理员。", "role")
        user.version += 1
        if not user.active:
            _end_sessions(session, user.id)
        audit.record(session, actor, "user.change", f"user:{user.name}", before, changes)
    return user


def give_password(store: Store, actor: Actor, which: int, password: str, *, once: bool = False) -> User:
    """Give a user a new password; their sessions end. See `Newcomer` for `once`.

    Raises
    ------
    RuleError
        Where it is too weak.
    """
    with store.reading() as session:
        name = _get(session, which).name
    kept = passwords.hashed(password, name)
    with store.writing() as session:
        user = _get(session, which)
        user.password, user.must_change = kept, once
        user.version += 1
        _end_sessions(session, which)
        audit.record(session, actor, "user.password", f"user:{name}")
    return user


def sign_out(store: Store, actor: Actor, which: int) -> int:
    """Sign a user out on all devices; return how many sessions ended."""
    with store.writing() as session:
        user = _get(session, which)
        ended = _end_sessions(session, which)
        audit.record(session, actor, "user.sign_out", f"user:{user.name}", after={"sessions": ended})
    return ended


def _end_sessions(session: Session, which: int) -> int:
    ended = session.execute(delete(SignIn).where(SignIn.user == which).returning(SignIn.id))
    return len(ended.all())


def _get(session: Session, which: int) -> User:
    user = session.get(User, which)
    if user is None:
        raise NotFoundError(f"没有编号为 {which} 的用户。")
    return user


def _check_role(role: str) -> None:
    if role not in PERMISSIONS:
        raise RuleError(f"角色“{role}”：只能是 {'、'.join(PERMISSIONS)}。", "role")


def _check_member(session: Session, role: str, member: str | None) -> None:
    if (role == "member") != (member is not None):
        raise RuleError("委员账号须指明委员编号（member），其他角色不指明。请改正后再试。", "member")
    if member is not None and session.get(Member, member) is None:
        raise RuleError(f"委员表中没有编号“{member}”。请先导入委员表，或改正编号。", "member")
