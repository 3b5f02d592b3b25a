"""Users: who signs in, with which role; a password is made here, told once, and serves for one sign-in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response
from sqlalchemy import select

from service.accounts import passwords, users
from service.accounts.actor import PERMISSIONS
from service.api.values import Which
from service.desk.errors import ConflictError, RuleError
from service.store import Member
from service.web.admin.frame import show
from service.web.page import WORDS, Page, SignedIn
from service.web.telling import moment

router = APIRouter(prefix="/admin/users")
_ABOUT = {
    "officer": "研判、交办、看个人信息",
    "clerk": "录入和导入",
    "member": "只看交办给自己的",
    "analyst": "统计、训练模型",
    "administrator": "管表、用户、密钥，不看个人信息",
}

Version = Annotated[int, Form()]
Text = Annotated[str, Form()]


@router.get("")
def show_users(page: SignedIn) -> Response:
    """List the users."""
    page.need("users")
    return _users(page)


def _users(
    page: Page, name: str = "", password: str = "", typed: users.Newcomer | None = None, wrong: str = ""
) -> Response:
    with page.here.store.reading() as session:
        everybody = [(user, moment(user.seen_at)) for user in users.everybody(session)]
        members = session.execute(select(Member.id, Member.name).where(Member.active).order_by(Member.id)).all()
    roles = [(role, f"{WORDS['ROLES'][role]}：{_ABOUT[role]}") for role in PERMISSIONS]
    return show(
        page, "admin_users", 422 if wrong else 200, wrong=wrong, typed=typed, users=everybody, members=members,
        roles=roles, name=name, password=password,
        names=dict(members), address=str(page.request.base_url).rstrip("/"),
    )  # fmt: skip


@router.post("")
def add_user(page: SignedIn, name: Text, role: Text, shown: Text = "", member: Text = "") -> Response:
    """Add a user; the password is made here and told once."""
    actor = page.need("users")
    password = passwords.generated()
    newcomer = users.Newcomer(name, role, password, shown, member.strip() or None, once=True)
    try:
        user = users.add(page.here.store, actor, newcomer)
    except (ConflictError, RuleError) as error:
        return _users(page, typed=newcomer, wrong=str(error))
    return _users(page, user.name, password)


@router.post("/{which}")
def change_user(page: SignedIn, which: Which, version: Version, shown: Text, role: Text, member: Text = "") -> Response:
    """Change what somebody is called, their role, or who they are in the roster."""
    actor = page.need("users")
    changes: dict[str, Any] = {"role": role, "member": member.strip() or None if role == "member" else None}
    changes |= {"shown": shown.strip()} if shown.strip() else {}
    user = users.change(page.here.store, actor, which, changes, version)
    return page.go("/admin/users", f"{user.name} 已修改")


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
    password = passwords.generated()
    user = users.give_password(page.here.store, actor, which, password, once=True)
    return _users(page, user.name, password)
