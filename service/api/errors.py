"""Errors as problem+json (RFC 9457), in one shape: what is wrong, where, by which rule, and the next step."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from pipeline.errors import InputError, MinyiError
from service.desk.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RuleError,
    TooManyError,
    UnauthorizedError,
    UnavailableError,
)

_STATUS: dict[type[MinyiError], HTTPStatus] = {
    UnauthorizedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    RuleError: HTTPStatus.UNPROCESSABLE_ENTITY,
    InputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooManyError: HTTPStatus.TOO_MANY_REQUESTS,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}
_RULES = {
    "missing": "必填，请补上",
    "string_too_long": "太长",
    "string_too_short": "不能为空",
    "extra_forbidden": "没有这个字段，请去掉",
    "string_unicode": "有不成字的半个字符，请去掉",
    "json_invalid": "不是有效的 JSON",
}
"""Of the usual mistakes; the others are told in the words of the validation."""


_log = logging.getLogger("minyi.request")


class Violation(BaseModel):
    """One value that breaks a rule."""

    field: str
    rule: str


class Problem(BaseModel):
    """What went wrong, and what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[Violation] = []
    changed: dict[str, Any] = {}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": told, "model": Problem}
    for status, told in {
        400: "请求读不懂，或密钥写在了网址里",
        401: "没有登录，或密钥、口令、登录无效",
        403: "没有权限，或写操作缺少 CSRF 令牌",
        404: "没有，或不归您查看",
        408: "请求没有及时收完",
        409: "别人先改了；changed 说明现在怎样",
        413: "请求太长",
        422: "哪个字段违反了哪条规则",
        429: "太快或试错太多；Retry-After 秒后再来",
    }.items()
}
"""What any route may answer beside what it is for: said here once for the whole description of the API."""


def respond(status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """Return a problem as an answer."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, **more)
    return JSONResponse(problem.model_dump(), status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Let an application answer all errors as problems."""

    @app.exception_handler(MinyiError)
    def _told(request: Request, error: MinyiError) -> JSONResponse:
        status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), HTTPStatus.BAD_REQUEST)
        more: dict[str, Any] = {}
        headers = {}
        if isinstance(error, ConflictError):
            more["changed"] = error.changed
        if isinstance(error, RuleError) and error.field:
            more["errors"] = [Violation(field=error.field, rule=str(error))]
        if isinstance(error, TooManyError):
            headers["Retry-After"] = str(error.retry_after)
        if isinstance(error, UnauthorizedError):
            headers["WWW-Authenticate"] = "Bearer"
        return respond(status, str(error), headers=headers, **more)

    @app.exception_handler(OperationalError)
    @app.exception_handler(PoolTimeoutError)
    @app.exception_handler(TimeoutError)
    def _busy(request: Request, error: Exception) -> JSONResponse:
        _log.error("the database is busy or away", extra={"error": type(error).__name__})
        return respond(503, "数据库忙或连不上，这次没有存下。请过几秒再发一次。", headers={"Retry-After": "3"})

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        found = [
            Violation(field=".".join(str(part) for part in each["loc"]), rule=_RULES.get(each["type"], each["msg"]))
            for each in error.errors()
        ]
        detail = "；".join(f"{each.field}：{each.rule}" for each in found[:5])
        return respond(422, f"请求有误：{detail}。请按接口说明改正后重发。", errors=found)

    @app.exception_handler(HTTPException)
    def _refused(request: Request, error: HTTPException) -> JSONResponse:
        told = {
            400: "请求的正文读不懂。请按接口说明发送 JSON 或表单。",
            404: "没有这个地址。接口说明在 /api/v1/docs。",
            405: "这个地址不支持这种方法。接口说明在 /api/v1/docs。",
        }
        return respond(
            error.status_code, told.get(error.status_code, str(error.detail)), headers=dict(error.headers or {})
        )

    @app.exception_handler(OverflowError)
    @app.exception_handler(DataError)
    def _unstorable(request: Request, error: Exception) -> JSONResponse:
        return respond(422, "请求里有数据库放不下的值：数字太大，或有空字符。请改正后重发。")

    _describe(app)


def _describe(app: FastAPI) -> None:
    """Let the description of the API say in which form problems come."""
    original = app.openapi

    def described() -> dict[str, Any]:
        if not app.openapi_schema:
            for path in original()["paths"].values():
                for operation in path.values():
                    for status, told in operation["responses"].items():
                        if int(status) in PROBLEMS and "application/json" in told.get("content", {}):
                            told["content"] = {"application/problem+json": told["content"]["application/json"]}
        return original()

    app.openapi = described  # type: ignore[method-assign]
