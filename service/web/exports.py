"""Lists as workbooks: issues as they are filtered, assignments with how far each is. Who took one is written down."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select

from service.accounts.sight import visible
from service.desk import audit
from service.export.labels import PRIORITY, ROLE, title_and_body
from service.store import Answer, Assignment, Issue, Member, Standing, Theme
from service.web import issues
from service.web.files import download
from service.web.inbox import blotted_texts
from service.web.page import WORDS, Page, SignedIn
from service.web.telling import moment

router = APIRouter(prefix="/export")
_AT_ONCE = 500
_MOST_ISSUES = 10_000
_ISSUES = ("热度", "事项", "人数", "件数", "近两周人数", "此前两周人数", "主题", "地点", "起", "止", "大主题")
_ASSIGNMENTS = (
    "来件", "标题", "紧急程度", "主题", "地点", "委员编号", "委员", "身份", "状态", "交办时间", "期限", "首次答复",
    "用时（小时）", "退回理由",
)  # fmt: skip


@router.get("/issues{ending}")
def take_issues(page: SignedIn, request: Request, ending: str) -> Response:
    """Give the issues under the filters of their page."""
    _record(page, "issues", ending)
    page.need("read")
    with page.here.store.reading() as session:
        kept = select(Issue.id, Theme.id, Theme.name).join(Theme, Theme.id == Issue.theme)
        themes = {issue: (number, name) for issue, number, name in session.execute(kept)}
        numbers: dict[str, int | None] = {issue: number for issue, (number, _) in themes.items()}
        found = issues.found(session, page, issues.asked_of(request), numbers, _MOST_ISSUES)
    rows = [
        (each.heat.score, each.title, each.heat.voices, len(each.rows), each.heat.recent, each.heat.before, each.topic,
         "、".join(each.places), each.first, each.last, themes.get(each.issue, ("", ""))[1])
        for each in found
    ]  # fmt: skip
    return download("事项", ending, [("事项", _ISSUES, rows)])


@router.get("/assignments{ending}")
def take_assignments(page: SignedIn, ending: str, since: str = "", until: str = "") -> Response:
    """Give the assignments of the submissions of a span of days."""
    _record(page, "assignments", ending)
    return download("交办清单", ending, [("交办清单", _ASSIGNMENTS, _assigned(page, since, until))])


def _record(page: Page, what: str, ending: str) -> None:
    actor = page.need("export")
    with page.here.store.writing() as session:
        audit.record(session, actor, "export", what, after={"format": ending.removeprefix(".")})


def _assigned(page: Page, since: str, until: str) -> list[tuple[Any, ...]]:
    assert page.actor
    query = (
        select(Assignment, Standing, Member.name)
        .join(Standing, Standing.number == Assignment.number)
        .outerjoin(Member, Member.id == Assignment.member)
        .where(Standing.day >= since, Standing.day <= (until or "9999"))
        .order_by(Assignment.id)
    )
    with page.here.store.reading() as session:
        found = session.execute(visible(query, page.actor)).all()
        numbers = [standing.number for _, standing, _ in found]
        texts: dict[int, str] = {}
        answered: dict[int, Any] = {}
        for begin in range(0, len(numbers), _AT_ONCE):
            chunk = numbers[begin : begin + _AT_ONCE]
            texts |= blotted_texts(session, chunk)
            for answer in session.scalars(select(Answer).where(Answer.number.in_(chunk)).order_by(Answer.id.desc())):
                answered[answer.assignment or 0] = answer.at
    return [_row(own, standing, name, texts, answered.get(own.id)) for own, standing, name in found]


def _row(own: Assignment, standing: Standing, name: str | None, texts: dict[int, str], at: Any) -> tuple[Any, ...]:
    hours = round((at - own.sent_at).total_seconds() / 3600, 1) if at else ""
    return (
        standing.number, title_and_body(texts[standing.number])[0], PRIORITY[standing.priority], standing.level1 or "",
        standing.place or "", own.member, name or "", ROLE.get(own.role, own.role), WORDS["DELIVERY"][own.state],
        moment(own.sent_at), own.due or "", moment(at), hours, own.reason or "",
    )  # fmt: skip
