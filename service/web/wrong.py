"""Errors as pages: what is wrong in words, what somebody typed, the way back; who is not signed in is led there."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from pipeline.errors import MinyiError
from service.api.errors import status_of
from service.desk.errors import ConflictError, PasswordDueError, StaleError, UnauthorizedError
from service.web.inbox import names_of
from service.web.page import FIELDS, WORDS, Page, address, local

_log = logging.getLogger("minyi.request")


def install(app: FastAPI) -> None:
    """Let an application of pages answer errors as pages; who is not signed in is led to the sign-in."""

    @app.exception_handler(UnauthorizedError)
    async def _sign_in(request: Request, error: UnauthorizedError) -> Response:
        kept = await _kept(request)
        asked = address(request) if request.method == "GET" else _came_from(request)
        login = "/login?next=" + quote(asked)
        if not kept:
            return RedirectResponse(login, 303)
        told = "登录已经失效，这次没有存下。您填写的内容在下面：请先复制，登录后再填。"
        return _page_of_error(request, 401, told, {}, kept, (login, "登录"))

    @app.exception_handler(PasswordDueError)
    async def _password_due(request: Request, error: PasswordDueError) -> Response:
        return RedirectResponse("/password", 303)

    @app.exception_handler(StaleError)
    async def _stale(request: Request, error: StaleError) -> Response:
        return await _wrong(request, 403, "登录已更新，这次没有存下。请刷新后再按一次。", title="登录已更新")

    @app.exception_handler(MinyiError)
    async def _told_wrong(request: Request, error: MinyiError) -> Response:
        changed = error.changed if isinstance(error, ConflictError) else {}
        return await _wrong(request, status_of(error), str(error), changed)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        if any(each["loc"][0] == "path" for each in error.errors()):
            return await _wrong(request, 404, _NO_PAGE)
        fields = "、".join(FIELDS.get(name := str(each["loc"][-1]), name) for each in error.errors())
        return await _wrong(request, 422, f"填写有误：{fields}。请返回改正。")

    @app.exception_handler(HTTPException)
    async def _refused(request: Request, error: HTTPException) -> Response:
        told = {404: _NO_PAGE, 405: "这个地址不能这样用。"}.get(error.status_code, str(error.detail))
        return await _wrong(request, error.status_code, told)

    @app.exception_handler(OperationalError)
    @app.exception_handler(PoolTimeoutError)
    @app.exception_handler(TimeoutError)
    async def _busy(request: Request, error: Exception) -> Response:
        _log.error("the database is busy or away", extra={"error": type(error).__name__})
        return await _wrong(request, 503, "数据库忙或连不上，这次没有存下。请过几秒再试一次。")

    @app.exception_handler(OverflowError)
    @app.exception_handler(DataError)
    async def _unstorable(request: Request, error: Exception) -> Response:
        return await _wrong(request, 422, "有数据库放不下的值：数字太大，或有空字符。请返回改正。")

    @app.exception_handler(Exception)
    async def _failed(request: Request, error: Exception) -> Response:
        told = f"系统内部出错，这次没有成功。请稍后再试；仍不行，请把请求号 {request.state.number} 告诉管理员。"
        return await _wrong(_page(request).request, 500, told)  # that has read the form; this one cannot


_NO_PAGE = "没有这个页面。"
_TITLES = {
    401: "请先登录",
    403: "没有权限",
    404: "没有找到",
    409: "已经改过了",
    422: "填写有误",
    429: "太频繁了",
    500: "系统出错了",
    503: "现在很忙",
}
_OURS = (
    "csrf",
    "version",
    "queue",
    "back",
    "password",
    "old",
    "new",
    "again",
    "next",
    "once",
    "with",
    "upto",
    "counted",
    "confirmed",
    "all",
    "previewed",
)
_WORDED = {
    "priority": WORDS["PRIORITY"], "intent": WORDS["INTENT"], "role": WORDS["ROLES"] | WORDS["ROLE"],
    "review": WORDS["REVIEW"], "delivery": WORDS["DELIVERY"], "state": WORDS["DELIVERY"],
    "active": {"True": "是", "False": "否"},
}  # fmt: skip
"""The words for the values of fields whose values are not what people read."""
_SAID = ("version", "kind", "editor", "at", "note")
"""What the sentence about a conflict tells by itself."""
_UNREAD = (408, 413)
"""Where the body itself was refused, it is not read again."""


async def _wrong(
    request: Request, status: int, detail: str, changed: dict[str, Any] | None = None, title: str = ""
) -> Response:
    """Return the page of an error; what somebody typed is shown again, so that it is not lost."""
    kept = {} if status in _UNREAD else await _kept(request)
    return _page_of_error(request, status, detail, changed or {}, kept, (_came_from(request), "返回"), title)


async def _kept(request: Request) -> dict[str, str]:
    """Return what somebody typed, under the names that the form has for it."""
    if request.method != "POST":
        return {}
    try:
        form = await request.form()
    except (HTTPException, ClientDisconnect, RuntimeError):  # it cannot be read, or was read by somebody else
        return {}
    told = [(name, value) for name, value in form.items() if isinstance(value, str) and name not in _OURS and value]
    return dict(_worded(_page(request), name, value) for name, value in told)


def _worded(page: Page, name: str, value: object) -> tuple[str, str]:
    """Return a field and its value in the words of the pages."""
    words: dict[str, str] = _WORDED.get(name, {})
    if name == "member" and page.actor and "read" in page.actor.may:
        words = names_of(page)
    field = "分工" if name == "role" and value in WORDS["ROLE"] else FIELDS.get(name, name)
    return field, words.get(str(value), str(value))


def _page(request: Request) -> Page:
    """Return the page that was asked for, or one of nobody where the request did not come that far."""
    page: Page | None = getattr(request.state, "page", None)
    return page or Page(request, request.app.state.context, None)


def _page_of_error(
    request: Request,
    status: int,
    detail: str,
    changed: dict[str, Any],
    kept: dict[str, str],
    way: tuple[str, str],
    title: str = "",
) -> Response:
    page = _page(request)
    return page.show(
        "wrong", status, title=title or _title(page, status, changed), detail=detail, kept=kept, way=way,
        changed=dict(_worded(page, name, value) for name, value in changed.items()
                     if name not in _SAID and not isinstance(value, list | dict)),
    )  # fmt: skip


def _title(page: Page, status: int, changed: dict[str, Any]) -> str:
    """Return what an error is headed; a conflict with somebody else by that."""
    if any(each["actor"] != str(page.actor) for each in changed.get("reviews", ())):
        return "别人先改了"
    return _TITLES.get(status, "没有成功")


def _came_from(request: Request) -> str:
    return local("/" + request.headers.get("referer", "/").partition("://")[2].partition("/")[2])
