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
from service.desk.sheets import rows_of
from service.jobs import queue
from service.store import Standing, User
from service.web.admin.columns import TABLES
from service.web.page import Anybody, Page, SignedIn, local

router = APIRouter()
_FIRST = ("places", "members", "stations")
"""The tables that an office begins with."""


@router.get("/login")
def ask(page: Anybody, next: str = "/") -> Response:  # noqa: A002 - the usual name in an address
    """Ask who somebody is; where there is nobody yet, tell how the first one comes."""
    return _login(page, next)


def _login(page: Page, where: str, name: str = "", wrong: str = "", status: int = 200) -> Response:
    with page.here.store.reading() as session:
        nobody = session.scalar(select(User.id).limit(1)) is None
    return page.show("login", status, title="登录", next=local(where), name=name, wrong=wrong, nobody=nobody)


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
        return _login(page, next, name, str(error), status_of(error))
    return _opened(page, page.go(next), opened.token)


@router.get("/password")
def ask_password(page: SignedIn) -> Response:
    """Ask for a new password."""
    return page.show("password", title="换口令", least=passwords.LEAST)


@router.post("/password")
def change_password(
    request: Request,
    page: SignedIn,
    old: Annotated[str, Form(max_length=1000)],
    new: Annotated[str, Form(max_length=1000)],
    again: Annotated[str, Form(max_length=1000)],
) -> Response:
    """Change one's own password: all other devices are signed out."""
    assert page.actor
    hours = page.here.settings.session_hours
    try:
        if new != again:
            raise RuleError("两次填的新口令不一样。请重填。", "again")
        if new == old:
            raise RuleError("新口令和现在的一样。请换一个。", "new")
        opened = sessions.change_password(page.here.store, page.actor, old, new, address(request), hours)
    except (UnauthorizedError, TooManyError, RuleError) as error:
        wrong = "现在的口令不对。请再填一次。" if isinstance(error, UnauthorizedError) else str(error)
        return page.show("password", status_of(error), title="换口令", wrong=wrong, least=passwords.LEAST)
    return _opened(page, page.go("/", "口令已换好；别的设备上的登录都已退出"), opened.token)


def _opened(page: Page, response: Response, token: str) -> Response:
    """Give the browser its token."""
    doors, settings = page.here.doors, page.here.settings
    response.set_cookie(doors.cookie, token, httponly=True, samesite="lax", secure=settings.secure_cookies, path="/")
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


@router.get("/")
def start(page: SignedIn) -> Response:
    """Lead everybody to where they work; an empty office to its first file."""
    assert page.actor
    if "own" in page.actor.may and "read" not in page.actor.may:
        return page.go("/mine")
    with page.here.store.reading() as session:
        if session.scalar(select(Standing.number).limit(1)) is not None:
            return page.go("/inbox")
        contents = tables.contents(session)
        kept = {kind: len(rows_of(kind, contents[kind])) if kind in contents else 0 for kind in _FIRST}
        roles = set(session.scalars(select(User.role).where(User.active)))
        job = next((each for each in queue.seen(session, page.actor, 20) if each.kind == "import"), None)
    return page.show(
        "first", title="开始", rows=kept, staffed=bool(roles & {"officer", "clerk"}), officer="officer" in roles,
        tables=[(kind, TABLES[kind]) for kind in _FIRST], job=job.id if job else None,
    )  # fmt: skip
