"""Users: who signs in, with which role; a password is made here and told once."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response
from sqlalchemy import select

from service.accounts import users
from service.accounts.actor import PERMISSIONS
from service.api.values import Which
from service.store import Member
from service.web.admin.frame import show
from service.web.page import WORDS, Page, SignedIn

router = APIRouter(prefix="/admin/users")
Version = Annotated[int, Form()]
Text = Annotated[str, Form()]


@router.get("")
def show_users(page: SignedIn) -> Response:
    """List the users."""
    page.need("users")
    return _users(page)


def _users(page: Page, name: str = "", password: str = "") -> Response:
    with page.here.store.reading() as session:
        everybody = users.everybody(session)
        members = (
            session.execute(select(Member.id, Member.name).where(Member.active).order_by(Member.id)).tuples().all()
        )
    roles = [(role, WORDS["ROLES"][role]) for role in PERMISSIONS]
    return show(page, "admin_users", users=everybody, members=members, roles=roles, name=name, password=password)


@router.post("")
def add_user(page: SignedIn, name: Text, role: Text, shown: Text = "", member: Text = "") -> Response:
    """Add a user; the password is made here and told once."""
    actor = page.need("users")
    password = secrets.token_urlsafe(12)
    newcomer = users.Newcomer(name=name, role=role, password=password, shown=shown, member=member or None)
    user = users.add(page.here.store, actor, newcomer)
    return _users(page, user.name, password)


@router.post("/{which}/active")
def switch_user(page: SignedIn, which: Which, version: Version, active: Text = "") -> Response:
    """Let a user in again, or no longer."""
    actor = page.need("users")
    user = users.change(page.here.store, actor, which, {"active": bool(active)}, version)
    return page.go("/admin/users", f"{user.name} 已{'启用' if user.active else '停用'}")


@router.post("/{which}/password")
def renew_password(page: SignedIn, which: Which) -> Response:
    """Give a user a new password, told once."""
    actor = page.need("users")
    password = secrets.token_urlsafe(12)
    users.give_password(page.here.store, actor, which, password)
    with page.here.store.reading() as session:
        name = next(user.name for user in users.everybody(session) if user.id == which)
    return _users(page, name, password)
