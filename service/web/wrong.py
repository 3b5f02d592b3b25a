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
from service.desk.errors import ConflictError, PasswordDueError, UnauthorizedError
from service.web.page import FIELDS, Page, address, local

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

    @app.exception_handler(MinyiError)
    async def _told_wrong(request: Request, error: MinyiError) -> Response:
        changed = error.changed if isinstance(error, ConflictError) else {}
        return await _wrong(request, status_of(error), str(error), changed)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        if any(each["loc"][0] == "path" for each in error.errors()):
            return await _wrong(request, 404, _NO_PAGE, {})
        fields = "、".join(FIELDS.get(name := str(each["loc"][-1]), name) for each in error.errors())
        return await _wrong(request, 422, f"填写有误：{fields}。请返回改正。", {})

    @app.exception_handler(HTTPException)
    async def _refused(request: Request, error: HTTPException) -> Response:
        told = {404: _NO_PAGE, 405: "这个地址不能这样用。"}.get(error.status_code, str(error.detail))
        return await _wrong(request, error.status_code, told, {})

    @app.exception_handler(OperationalError)
    @app.exception_handler(PoolTimeoutError)
    @app.exception_handler(TimeoutError)
    async def _busy(request: Request, error: Exception) -> Response:
        _log.error("the database is busy or away", extra={"error": type(error).__name__})
        return await _wrong(request, 503, "数据库忙或连不上，这次没有存下。请过几秒再试一次。", {})

    @app.exception_handler(OverflowError)
    @app.exception_handler(DataError)
    async def _unstorable(request: Request, error: Exception) -> Response:
        return await _wrong(request, 422, "有数据库放不下的值：数字太大，或有空字符。请返回改正。", {})

    @app.exception_handler(Exception)
    async def _failed(request: Request, error: Exception) -> Response:
        page = getattr(request.state, "page", None)  # its request has read the form; this one has no way to it
        told = f"系统内部出错，这次没有成功。请稍后再试；仍不行，请把请求号 {request.state.number} 告诉管理员。"
        return await _wrong(page.request if page else request, 500, told, {})


_NO_PAGE = "没有这个页面。"
_TITLES = {
    401: "请先登录",
    403: "没有权限",
    404: "没有找到",
    409: "别人先改了",
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
_UNREAD = (408, 413)
"""Where the body itself was refused, it is not read again."""


async def _wrong(request: Request, status: int, detail: str, changed: dict[str, Any]) -> Response:
    """Return the page of an error; what somebody typed is shown again, so that it is not lost."""
    kept = {} if status in _UNREAD else await _kept(request)
    return _page_of_error(request, status, detail, changed, kept, (_came_from(request), "返回"))


async def _kept(request: Request) -> dict[str, str]:
    """Return what somebody typed, under the names that the form has for it."""
    if request.method != "POST":
        return {}
    try:
        form = await request.form()
    except (HTTPException, ClientDisconnect, RuntimeError):  # it cannot be read, or was read by somebody else
        return {}
    told = [(name, value) for name, value in form.items() if isinstance(value, str) and name not in _OURS and value]
    return {FIELDS.get(name, name): value for name, value in told}


def _page_of_error(
    request: Request, status: int, detail: str, changed: dict[str, Any], kept: dict[str, str], way: tuple[str, str]
) -> Response:
    page = getattr(request.state, "page", None) or Page(request, request.app.state.context, None)
    return page.show(
        "wrong", status, title=_TITLES.get(status, "没有成功"), detail=detail, kept=kept, way=way,
        changed={FIELDS.get(name, name): value for name, value in changed.items()
                 if not isinstance(value, list | dict)},
    )  # fmt: skip


def _came_from(request: Request) -> str:
    return local("/" + request.headers.get("referer", "/").partition("://")[2].partition("/")[2])
