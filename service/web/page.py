"""How a page is made: one environment of templates, who is signed in, what was just done, and errors as pages."""

from __future__ import annotations

import base64
import hashlib
import logging
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import orjson
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from pipeline.errors import MinyiError
from service.accounts.actor import Actor
from service.api.context import Acting, Context, Here
from service.api.errors import status_of
from service.desk.errors import ConflictError, ForbiddenError, PasswordDueError, UnauthorizedError
from service.desk.life import REASONS
from service.export import labels

_log = logging.getLogger("minyi.request")
STATIC = Path(__file__).parent / "static"
_TOLD = "minyi-told"
"""The cookie that carries a notice over to the next page; it holds nothing secret and is shown escaped."""

WORDS: dict[str, Any] = {
    "PRIORITY": labels.PRIORITY,
    "STATUS": labels.STATUS,
    "INTENT": labels.INTENT,
    "DUPLICATE": labels.DUPLICATE | {"unique": "单独"},
    "ROLE": labels.ROLE,
    "REVIEW": {"pending": "待研判", "accepted": "已采纳", "corrected": "已更正", "junked": "不是来件"},
    "LINK": {"none": "", "suggested": "待确认", "confirmed": "已确认", "rejected": "已否定"},
    "DELIVERY": {
        "none": "未交办", "sent": "已交办", "accepted": "已接收", "handed_back": "已退回", "answered": "已答复",
        "closed": "已办结", "withdrawn": "已撤回",
    },
    "JOBS": {"import": "导入", "retrain": "训练模型", "rejudge": "重新研判", "drift": "比较来件变化"},
    "JOB": {"waiting": "等候", "running": "进行中", "done": "完成", "failed": "失败", "cancelled": "已停下"},
    "ROLES": {
        "officer": "信息员", "clerk": "录入员", "member": "委员", "analyst": "分析员", "administrator": "管理员",
        "": "",
    },
    "HAND_BACKS": REASONS,
    "NAVIGATION": (
        ("/inbox", "待研判", "read"), ("/issues", "事项", "read"), ("/mine", "我的交办", "own"),
        ("/import", "导入", "import"), ("/statistics", "统计", "statistics"), ("/admin", "管理", "tables_write"),
        ("/admin/models", "模型", "labels"),
    ),
    "KEYS": (
        ("j", "下一件"), ("k", "上一件"), ("Enter", "打开"), ("x", "选中（列表）；不是来件（详情）"), ("a", "采纳"),
        ("1 2 3", "改成第一、二、三个候选主题"), ("c", "更正别的"), ("m", "并入最相近的事项"),
        ("y", "确认是同一件"), ("s", "拆出"), ("r", "交办给建议的委员"), ("t", "交办给其他委员"), ("e", "办结"),
        ("o", "重新研判"),
        ("p", "显示个人信息"),
        ("u", "撤销上一步"), ("q", "返回列表"), ("n", "下一页"), ("b", "上一页"), ("/", "查找"), ("?", "这张表"),
    ),
}  # fmt: skip


@cache
def environment() -> Environment:
    """Return the templates. What a template asks for and nobody gave is an error, not an empty string."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= WORDS | {"static": static}
    return made


@cache
def static(name: str) -> str:
    """Return the address of a file of ours, which changes with its content: browsers keep it for long."""
    return f"/static/{name}?{hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]}"


class Page:
    """One request for a page: who asks, and how to answer.

    It is a dependency: `page: Page = Depends(signed_in)`.
    """

    def __init__(self, request: Request, here: Context, actor: Actor | None) -> None:
        self.request, self.here, self.actor = request, here, actor

    def show(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a page; a notice of the page before is shown once."""
        told = _told(self.request)
        given: dict[str, Any] = {
            "page": template, "title": "", "actor": self.actor, "here": self.request.url.path, "told": told,
            "address": address(self.request),
            "wrong": "", "csrf": self._csrf,
        }  # fmt: skip
        html = environment().get_template(f"{template}.html.j2").render(given | values)
        response = HTMLResponse(html, status)
        if told:
            response.delete_cookie(_TOLD)
        return response

    def go(self, where: str, told: str = "", undo: str = "") -> RedirectResponse:
        """Return the way to another page of ours, with a notice, and where that can be taken back."""
        response = RedirectResponse(local(where), 303)
        if told:
            value = base64.urlsafe_b64encode(orjson.dumps({"text": told, "undo": undo})).decode()
            response.set_cookie(_TOLD, value, max_age=120, httponly=True, samesite="lax")
        return response

    def need(self, permission: str) -> Actor:
        """Return who is signed in, having made sure of a permission."""
        assert self.actor
        if permission not in self.actor.may:
            raise ForbiddenError("您的角色不能看这一页或做这件事。需要的话，请找管理员。")
        return self.actor

    def _csrf(self) -> Markup:
        token = getattr(self.request.state, "csrf", "")
        return Markup('<input type="hidden" name="csrf" value="{}">').format(token)


def signed_in(request: Request, here: Here, actor: Acting) -> Page:
    """Return the page of somebody who signed in; a key has the API."""
    if actor.kind != "user":
        raise ForbiddenError("密钥不能打开网页。请用账号登录，或用密钥调用 /api/v1。")
    return Page(request, here, actor)


def anybody(request: Request, here: Here) -> Page:
    """Return a page for which nobody needs to sign in."""
    return Page(request, here, None)


SignedIn = Annotated[Page, Depends(signed_in)]
Anybody = Annotated[Page, Depends(anybody)]


def local(where: str) -> str:
    r"""Return an address if it is one of ours, else the start page: nobody is led away from here.

    >>> local("/inbox?a=b"), local("//evil.example"), local("https://evil.example"), local("/\\evil.example")
    ('/inbox?a=b', '/', '/', '/')
    """
    fine = where.startswith("/") and not where.startswith("//") and "\\" not in where and where.isprintable()
    return where if fine else "/"


def query_of(values: dict[str, str]) -> str:
    """Return values as the query of an address, without the empty ones."""
    return urlencode({name: value for name, value in values.items() if value})


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


_NO_PAGE = "没有这个页面。"
_TITLES = {
    401: "请先登录",
    403: "没有权限",
    404: "没有找到",
    409: "别人先改了",
    422: "填写有误",
    429: "太频繁了",
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
FIELDS = {
    "version": "版本", "reason": "理由", "pick": "选中的来件", "topic": "主题", "priority": "紧急程度",
    "intent": "诉求", "place": "地点", "text": "内容", "name": "名称", "note": "说明", "content": "表的内容",
    "member": "委员", "role": "角色", "why": "理由", "password": "口令", "title": "标题", "theme": "大主题",
    "into": "并入的事项", "file": "文件", "site": "收件点", "submitter": "称呼", "contact": "联系方式",
    "query": "条件", "step": "步骤", "wanted": "要恢复的版本", "with": "另一件", "shown": "显示名", "scopes": "权限",
    "editor": "修改人", "at": "时间", "state": "状态", "active": "启用", "until": "到期日",
}  # fmt: skip
"""What the fields of our forms are called on them."""
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
    page = Page(request, request.app.state.context, None)
    return page.show(
        "wrong", status, title=_TITLES.get(status, "没有成功"), detail=detail, kept=kept, way=way,
        changed={FIELDS.get(name, name): value for name, value in changed.items()
                 if not isinstance(value, list | dict)},
    )  # fmt: skip


def address(request: Request) -> str:
    """Return the path of a request with its query."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _came_from(request: Request) -> str:
    return local("/" + request.headers.get("referer", "/").partition("://")[2].partition("/")[2])


def _told(request: Request) -> dict[str, str] | None:
    try:
        told = orjson.loads(base64.urlsafe_b64decode(request.cookies.get(_TOLD, "")))
        return {"text": str(told["text"])[:300], "undo": local(told["undo"]) if told["undo"] else ""}
    except (ValueError, KeyError, TypeError):
        return None
