"""Issues (事项): the hottest, one with all its voices, and what officers do with them."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response
from sqlalchemy import select

from service.desk import heat, issues
from service.desk.errors import RuleError
from service.export.hot import HotIssue
from service.export.labels import title_and_body
from service.store import Issue, Theme
from service.web.inbox import blotted_texts, pairs, queue_of
from service.web.page import SignedIn, local, query_of

router = APIRouter(prefix="/issues")
_SHOWN = 50
_OFFERED = 200
"""So many issues are offered to be joined to; of others the number is typed."""

Version = Annotated[int, Form()]


@router.get("")
def hottest(
    page: SignedIn, level1: str = "", place: str = "", theme: str = "", text: str = "", after: str = ""
) -> Response:
    """Show a page of the issues by heat; `after` names the last one that was seen."""
    actor = page.need("read")
    with page.here.store.reading() as session:
        found = page.here.hottest.ranked(session, actor)
        themes = dict(session.execute(select(Theme.id, Theme.name).order_by(Theme.name)).tuples().all())
        kept = dict(session.execute(select(Issue.id, Issue.theme).where(Issue.theme.is_not(None))).tuples().all())
        speaking = heat.speaking_of(session, actor, queue_of(page), text) if text.strip() else None
        wanted = [
            each
            for each in found
            if level1 in ("", each.topic)
            and place in ("", *each.places)
            and theme in ("", str(kept.get(each.issue, "")))
            and (speaking is None or each.issue in speaking)
        ]
        begin = bisect_right(wanted, _place(after), key=heat.place_of) if after else 0
        shown = heat.named(session, actor, wanted[begin : begin + _SHOWN])
    filters = {"level1": level1, "place": place, "theme": theme, "text": text.strip()}

    def link(begin: int) -> str:
        """Return the address of the page that begins there."""
        cursor = _cursor(wanted[begin - 1]) if begin > 0 else ""
        return f"/issues?{query_of(filters | {'after': cursor})}"

    return page.show(
        "issues", title="事项", topics=pairs(sorted({each.topic for each in found if each.topic})),
        places=pairs(sorted({name for each in found for name in each.places})),
        themes=[(str(number), name) for number, name in themes.items()], filters=filters, count=len(wanted),
        query=query_of(filters | {"after": after}),
        next=link(begin + _SHOWN) if begin + _SHOWN < len(wanted) else "", first=link(0) if begin else "",
        back_page=link(max(0, begin - _SHOWN)) if begin else "",
        rows=[_row(each, themes.get(kept.get(each.issue) or 0, "")) for each in shown],
    )  # fmt: skip


def _cursor(issue: HotIssue) -> str:
    score, first = heat.place_of(issue)
    return f"{-score}_{first}"


def _place(cursor: str) -> tuple[float, int]:
    score, _, first = cursor.partition("_")
    try:
        return -float(score), int(first)
    except ValueError:
        raise RuleError("翻页标记读不懂。请从第一页开始。", "after") from None


def _row(each: Any, theme: str) -> dict[str, Any]:
    return {
        "id": each.issue, "name": each.title, "heat": each.heat, "texts": len(each.rows), "theme": theme,
        "places": list(each.places)[:4], "level1": each.topic,
    }  # fmt: skip


@router.get("/{name}")
def show(page: SignedIn, name: str, cursor: str = "", listed: str = "") -> Response:
    """Show an issue with its heat, its weeks and its texts; `listed` is the query of the list that it was found in."""
    actor = page.need("read")
    with page.here.store.reading() as session:
        told = heat.whole(session, actor, queue_of(page), name, cursor or None)
        themes = session.execute(select(Theme.id, Theme.name).order_by(Theme.name)).tuples().all()
        hot = page.here.hottest.issues(session, actor, most=_OFFERED)
        shown = blotted_texts(session, [each.standing.number for each in told.texts])
    return page.show(
        "issue", title=told.issue.name, issue=told.issue, theme=told.theme, count=told.count,
        heat=told.heat.heat if told.heat else None, weeks=_weeks(told.days), themes=themes,
        candidates=[(each.issue, each.title) for each in hot if each.issue != name],
        texts=[_text(each, shown) for each in told.texts], can_review="review" in actor.may,
        back=local(f"/issues?{listed}" if listed else "/issues"),
        next=f"/issues/{name}?{query_of({'cursor': told.cursor or '', 'listed': listed})}" if told.cursor else "",
        first=f"/issues/{name}?{query_of({'listed': listed})}" if cursor else "",
    )  # fmt: skip


def _text(listed: Any, texts: dict[int, str]) -> dict[str, Any]:
    own = listed.standing
    names = ("number", "version", "day", "priority", "status", "place", "kind", "link")
    return {name: getattr(own, name) for name in names} | {"title": title_and_body(texts[own.number])[0]}


def _weeks(days: dict[str, int]) -> list[tuple[str, int]]:
    """Return how many texts came in each week, the latest last; weeks are told by their Monday."""
    weeks: Counter[str] = Counter()
    for told, count in days.items():
        try:
            day = date.fromisoformat(told)
        except ValueError:
            continue
        weeks[date.fromordinal(day.toordinal() - day.weekday()).isoformat()] += count
    return sorted(weeks.items())[-12:]


@router.post("/{name}/rename")
def rename(page: SignedIn, name: str, version: Version, title: Annotated[str, Form(alias="name")]) -> Response:
    """Give an issue another name."""
    actor = page.need("review")
    with page.here.store.writing() as session:
        issues.rename(session, actor, name, version, title)
    return page.go(f"/issues/{name}", "已改名")


@router.post("/{name}/theme")
def set_theme(page: SignedIn, name: str, version: Version, theme: Annotated[str, Form()] = "") -> Response:
    """Put an issue under a theme."""
    actor = page.need("review")
    with page.here.store.writing() as session:
        issues.set_theme(session, actor, name, version, theme.strip() or None)
    return page.go(f"/issues/{name}", f"已归入“{theme.strip()}”" if theme.strip() else "已移出大主题")


@router.post("/{name}/merge")
def merge(page: SignedIn, name: str, version: Version, into: Annotated[str, Form()]) -> Response:
    """Join an issue to another."""
    actor = page.need("review")
    with page.here.store.writing() as session:
        reviews = issues.merge_issues(session, actor, name, version, into.strip())
    return page.go(f"/issues/{into.strip()}", f"并入了 {len(reviews)} 件", f"/undo/{reviews[0].act}" if reviews else "")
