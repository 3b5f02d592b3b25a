"""Signing in and out, and who one is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from service.accounts import sessions, users
from service.accounts.actor import Actor
from service.accounts.doors import address
from service.api.context import Acting, Context, Here
from service.api.values import Exact, Secret
from service.desk.errors import ForbiddenError

router = APIRouter(tags=["session"])


class SignInIn(Exact):
    """A name and a password."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    password: Secret


class PasswordIn(Exact):
    """The password of now, and the new one."""

    old: Secret
    new: Secret


class MeOut(BaseModel):
    """Who is asking. `csrf` goes into the header X-CSRF-Token of writes by session."""

    kind: str
    name: str
    shown: str
    role: str
    member: str | None
    may: list[str]
    csrf: str | None


class EndedOut(BaseModel):
    """How many sessions ended."""

    ended: int


@router.post("/session")
def sign_in(sent: SignInIn, request: Request, response: Response, here: Here) -> MeOut:
    """Sign in: the answer sets a cookie."""
    opened = sessions.sign_in(
        here.store,
        sent.name,
        sent.password,
        address(request),
        here.settings.session_hours,
        request.cookies.get(here.doors.cookie),
    )
    return _welcome(here, response, opened)


@router.delete("/session", status_code=204)
def sign_out(request: Request, response: Response, here: Here, actor: Acting) -> None:
    """Sign out here."""
    _as_user(actor)
    sessions.sign_out(here.store, request.cookies.get(here.doors.cookie, ""))
    response.delete_cookie(here.doors.cookie, secure=here.settings.secure_cookies, httponly=True, samesite="lax")


@router.get("/me")
def me(request: Request, actor: Acting) -> MeOut:
    """Tell who is asking, and what they may do."""
    return _told(actor, getattr(request.state, "csrf", None))


@router.put("/me/password")
def change_password(sent: PasswordIn, request: Request, response: Response, here: Here, actor: Acting) -> MeOut:
    """Give oneself a new password: all sessions end, and a new one begins here."""
    _as_user(actor)
    hours = here.settings.session_hours
    opened = sessions.change_password(here.store, actor, sent.old, sent.new, address(request), hours)
    return _welcome(here, response, opened)


@router.delete("/me/sessions")
def sign_out_everywhere(here: Here, actor: Acting) -> EndedOut:
    """Sign out on all devices."""
    _as_user(actor)
    return EndedOut(ended=users.sign_out(here.store, actor, actor.id))


def _as_user(actor: Actor) -> None:
    if actor.kind != "user":
        raise ForbiddenError("密钥没有登录可退，也没有口令可改。停用密钥请找管理员。")


def _welcome(here: Context, response: Response, opened: sessions.Opened) -> MeOut:
    settings = here.settings
    response.set_cookie(
        here.doors.cookie, opened.token, max_age=int(settings.session_hours * 3600), path="/",
        secure=settings.secure_cookies, httponly=True, samesite="lax",
    )  # fmt: skip
    return _told(opened.actor, opened.csrf)


def _told(actor: Actor, csrf: str | None) -> MeOut:
    return MeOut(
        kind=actor.kind, name=actor.name, shown=actor.shown, role=actor.role, member=actor.member,
        may=sorted(actor.may), csrf=csrf,
    )  # fmt: skip
