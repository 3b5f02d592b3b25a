"""Signing in and out, the start page, the first run."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy import select

from service.accounts import passwords, sessions
from service.accounts.doors import address
from service.api.errors import status_of
from service.desk import tables
from service.desk.errors import ForbiddenError, RuleError, TooManyError, UnauthorizedError
from service.store import Standing
from service.web.page import Anybody, Page, SignedIn, local

router = APIRouter()


@router.get("/login")
def ask(page: Anybody, next: str = "/") -> Response:  # noqa: A002 - the usual name in an address
    """Ask who somebody is."""
    return page.show("login", title="登录", next=local(next), name="")


@router.post("/login")
def sign_in(
    request: Request,
    page: Anybody,
    name: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Sign somebody in; a form of another site does not."""
    origin, host = request.headers.get("origin"), request.headers.get("host", "")
    foreign = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
    if foreign or request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForbiddenError("登录请求来自别的网站。请在本页登录。")
    doors, settings = page.here.doors, page.here.settings
    try:
        before = request.cookies.get(doors.cookie)
        opened = sessions.sign_in(
            page.here.store, name, password, address(request), settings.session_hours, before=before
        )
    except (UnauthorizedError, TooManyError) as error:
        return page.show("login", status_of(error), title="登录", next=local(next), name=name, wrong=str(error))
    return _opened(page, next, opened)


def _opened(page: Page, where: str, opened: sessions.Opened, told: str = "") -> Response:
    response = page.go(where, told)
    secure = page.here.settings.secure_cookies
    response.set_cookie(page.here.doors.cookie, opened.token, httponly=True, samesite="lax", secure=secure, path="/")
    return response


@router.post("/logout")
def sign_out(request: Request, page: SignedIn) -> Response:
    """End the session."""
    cookie = page.here.doors.cookie
    sessions.sign_out(page.here.store, request.cookies.get(cookie, ""))
    response = page.go("/login")
    secure = page.here.settings.secure_cookies
    response.delete_cookie(cookie, path="/", secure=secure, httponly=True, samesite="lax")
    return response


@router.get("/account")
def account(page: SignedIn) -> Response:
    """Show somebody their account."""
    return page.show("account", title="我的账号", least=passwords.LEAST)


@router.post("/account/password")
def change_password(
    request: Request,
    page: SignedIn,
    old: Annotated[str, Form(max_length=1000)],
    new: Annotated[str, Form(max_length=1000)],
    again: Annotated[str, Form(max_length=1000)],
) -> Response:
    """Give oneself a new password; other devices are signed out."""
    assert page.actor
    hours = page.here.settings.session_hours
    try:
        if new != again:
            raise RuleError("两次输入的新口令不一样。请再输一遍。", "again")
        opened = sessions.change_password(page.here.store, page.actor, old, new, address(request), hours)
    except (RuleError, UnauthorizedError, TooManyError) as error:
        told = "现在的口令不对，没有改。请检查大小写和输入法。" if isinstance(error, UnauthorizedError) else str(error)
        status = 422 if isinstance(error, UnauthorizedError) else status_of(error)
        return page.show("account", status, title="我的账号", wrong=told, least=passwords.LEAST)
    return _opened(page, "/account", opened, "口令已改，别处的登录都已退出")


@router.get("/")
def start(page: SignedIn) -> Response:
    """Lead everybody to where they work; an empty office to its first file."""
    assert page.actor
    if "own" in page.actor.may and "read" not in page.actor.may:
        return page.go("/mine")
    with page.here.store.reading() as session:
        empty = session.scalar(select(Standing.number).limit(1)) is None
        kept = bool(tables.versions(session))
    return page.show("first", title="开始", tables=kept) if empty else page.go("/inbox")
