"""The audit: who did what, when; and whether anybody has changed it since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from service.accounts.actor import Actor
from service.accounts.sight import why
from service.desk import audit
from service.export.labels import DELIVERY, PRIORITY, REVIEW, REVIEWED
from service.store import AuditEntry
from service.web.admin.columns import TABLES
from service.web.admin.frame import show
from service.web.files import download
from service.web.page import FIELDS, WORDS, Page, SignedIn, query_of
from service.web.telling import moment, names

router = APIRouter(prefix="/admin/audit")
_FILTERS = ("actor", "action", "kind", "which", "since", "until")
_ENTRIES = 100
_SIGNS, _CHANGES = 80, 10
"""So much of a value, and so many fields of an entry, are shown at once; the rest can be opened."""
_TAKEN = 100_000
"""So many entries go into one file."""
_DID = {
    "submission.receive": "收件", "submission.personal": "看个人信息", "submission.rejudge": "重新研判（软件）",
    "export": "导出", "table.put": "改表", "session.start": "登录", "session.end": "退出",
    "session.lock": "试错太多，锁住",
    "user.add": "添加用户", "user.change": "修改用户", "user.password": "换口令", "user.sign_out": "退出全部登录",
    "key.add": "添加密钥", "key.revoke": "停用密钥", "model.promote": "启用模型", "model.rollback": "退回模型",
    "job.put": "开始任务", "job.cancel": "停下任务", "job.retry": "重试任务", "job.done": "任务完成",
    "job.failed": "任务失败", "job.cancelled": "任务停下", "webhook.add": "添加订阅", "webhook.change": "修改订阅",
    "webhook.remove": "取消订阅", "webhook.give_up": "订阅送不到，停止",
}  # fmt: skip
_NAMES = FIELDS | {
    "level1": "一级主题", "level2": "二级主题", "review": "研判", "link": "关联", "delivery": "交办",
    "kind": "种类", "issue": "事项", "status": "来件状态", "rows": "行数", "changed": "有变化", "model": "模型",
    "added": "新增行", "removed": "删去行", "format": "格式", "owner": "承办", "sector": "界别", "committee": "专委会",
    "repeats": "重复于", "due": "期限", "score": "紧急分", "needs_review": "需复核", "restricted": "只到办公室",
    "sessions": "登录数", "count": "件数", "job": "任务",
}  # fmt: skip
_THINGS = {
    "submission": "来件", "issue": "事项", "assignment": "交办", "user": "用户", "key": "密钥", "table": "表",
    "model": "模型", "job": "任务", "webhook": "订阅",
}  # fmt: skip
_VALUES = {**WORDS["ROLES"], **PRIORITY, **REVIEW, **{name: told for name, told in DELIVERY.items() if told}, **TABLES}


def did(action: str) -> str:
    """Return an act in words, such as 采纳 for submission.accept."""
    return _DID.get(action) or REVIEWED.get(action) or REVIEWED.get(action.partition(".")[2]) or action


@router.get("")
def show_audit(request: Request, page: SignedIn, before: Annotated[int, Query(ge=0, le=2**53)] = 0) -> Response:
    """List the entries under some filters, the latest first."""
    page.need("audit")
    return _audit(page, _asked(request), before)


def _asked(request: Request) -> dict[str, str]:
    return {name: request.query_params.get(name, "").strip() for name in _FILTERS}


@router.get("/entries{ending}")
def take(request: Request, page: SignedIn, ending: str) -> Response:
    """Give the entries under some filters as a file."""
    actor, asked = page.need("audit"), _asked(request)
    with page.here.store.writing() as session:
        audit.record(session, actor, "export", "audit", after=asked | {"format": ending.removeprefix(".")})
    with page.here.store.reading() as session:
        found = audit.entries(session, _filter(asked), None, _TAKEN)
        shown = names(session, [entry.actor for entry in found])
        rows = [
            (entry.seq, moment(datetime.fromisoformat(entry.at)), shown[entry.actor], did(entry.action),
             entry.what, entry.before, entry.after, why(entry, actor), entry.hash)
            for entry in found
        ]  # fmt: skip
    heads = ("序号", "时间", "谁", "做了什么", "对什么", "之前", "之后", "理由", "哈希")
    return download("审计记录", ending, [("审计", heads, rows)])


@router.post("")
def verify_audit(page: SignedIn) -> Response:
    """Check the whole chain."""
    page.need("audit")
    with page.here.store.reading() as session:
        count, broken = audit.verify(session)
        head = audit.head(session)
    told = f"{count} 条记录都完好。" if broken is None else f"第 {broken} 条起被改过或缺了；之前 {count} 条完好。"
    return _audit(page, {}, 0, {"good": broken is None, "told": told, "head": head})


def _filter(asked: dict[str, str]) -> audit.Filter:
    told = {name: value or None for name, value in asked.items()}
    kind, which = told.pop("kind", None), told.pop("which", None)
    return audit.Filter(**told, what=f"{kind}:{which or ''}" if kind else None)


def _audit(page: Page, asked: dict[str, str], before: int, verified: dict[str, Any] | None = None) -> Response:
    assert page.actor
    with page.here.store.reading() as session:
        entries = audit.entries(session, _filter(asked), before or None, _ENTRIES)
        actors, done = page.here.cast.look(session)
        shown = names(session, actors.union(entry.actor for entry in entries))
        actions = [(each, did(each)) for each in done]
    rows = [_told(entry, shown[entry.actor], page.actor) for entry in entries]
    query = query_of(asked)
    more = len(entries) == _ENTRIES
    return show(
        page, "admin_audit", rows=rows, verified=verified, actors=sorted(shown.items(), key=lambda each: each[1]),
        actions=sorted(actions, key=lambda each: each[1]), filters=dict.fromkeys(_FILTERS, "") | asked,
        kinds=_THINGS.items(), query=query, signs=_SIGNS, changes=_CHANGES,
        next=f"/admin/audit?{query}&before={entries[-1].seq}" if more else "",
        first=f"/admin/audit?{query}" if before else "",
    )  # fmt: skip


def _told(entry: AuditEntry, by: str, actor: Actor) -> dict[str, Any]:
    """Return an entry in words."""
    before, after = orjson.loads(entry.before), orjson.loads(entry.after)
    kind, _, which = entry.what.partition(":")
    return {
        "seq": entry.seq, "at": moment(datetime.fromisoformat(entry.at)), "who": by,
        "did": did(entry.action), "raw": entry.what, "reason": why(entry, actor),
        "what": f"{_THINGS.get(kind.removesuffix('s'), kind)} {TABLES.get(which, which)}",
        "changed": [(_NAMES.get(name, name), _value(was), _value(now)) for name, was, now in _differing(before, after)],
    }  # fmt: skip


def _differing(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the fields that differ, with what they were and are; of what has fields itself only those that differ."""
    for name in dict.fromkeys((*before, *after)):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        if isinstance(was, dict) and isinstance(now, dict):
            inner = list(_differing(was, now))
            was, now = ({each[0]: each[side] for each in inner if each[side] is not None} for side in (1, 2))
        yield name, was, now


def _value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dict):
        return "，".join(f"{_NAMES.get(name, name)} {_value(each)}".strip() for name, each in value.items())
    if isinstance(value, list):
        return "、".join(map(_value, value))
    return str(_VALUES.get(value, value)) if isinstance(value, str) else str(value)
