"""How a page is made: one environment of templates, who is signed in, and what was just done."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from service.accounts.actor import Actor
from service.api.context import Acting, Context, Here
from service.desk.errors import ForbiddenError
from service.desk.life import REASONS
from service.export import labels

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
    page = request.state.page = Page(request, here, actor)  # an error is told on it, with the menu and what was typed
    return page


def anybody(request: Request, here: Here) -> Page:
    """Return a page for which nobody needs to sign in."""
    page = request.state.page = Page(request, here, None)
    return page


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


FIELDS = {
    "version": "版本", "reason": "理由", "pick": "选中的来件", "topic": "主题", "priority": "紧急程度",
    "intent": "诉求", "place": "地点", "text": "内容", "name": "名称", "note": "说明", "content": "表的内容",
    "member": "委员", "role": "角色", "why": "理由", "password": "口令", "title": "标题", "theme": "大主题",
    "into": "并入的事项", "file": "文件", "site": "收件点", "submitter": "称呼", "contact": "联系方式",
    "query": "条件", "step": "步骤", "wanted": "要恢复的版本", "with": "另一件", "shown": "姓名", "scopes": "权限",
    "editor": "修改人", "at": "时间", "state": "状态", "active": "启用", "until": "到期日",
    "delivery": "交办", "review": "研判", "due": "期限", "precision": "免复核的精度",
}  # fmt: skip
"""What the fields of our forms are called on them."""


def address(request: Request) -> str:
    """Return the path of a request with its query."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _told(request: Request) -> dict[str, str] | None:
    try:
        told = orjson.loads(base64.urlsafe_b64decode(request.cookies.get(_TOLD, "")))
        return {"text": str(told["text"])[:300], "undo": local(told["undo"]) if told["undo"] else ""}
    except (ValueError, KeyError, TypeError):
        return None
