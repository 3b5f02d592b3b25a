"""Issues (事项): the hottest, one with all its voices, and what officers do with them."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.desk import heat, issues, review
from service.desk.errors import RuleError
from service.desk.queue import Filters
from service.export.hot import HotIssue
from service.export.labels import title_and_body
from service.store import Issue, Theme
from service.web.inbox import blotted_texts, choices, pairs, queue_of
from service.web.page import Page, SignedIn, local, query_of

router = APIRouter(prefix="/issues")
_SHOWN = 50
_FILTERS = ("show", "level1", "place", "theme", "text")
_OFFERED = 200
"""So many issues are offered to be joined to; of others the number is typed."""

Version = Annotated[int, Form()]
Skip = Annotated[int, Query(ge=0, le=10**7)]


@router.get("")
def listed(page: SignedIn, request: Request, after: str = "", skip: Skip = 0) -> Response:
    """Show a page of the issues: the hot ones by heat, or all of them by their number of texts.

    Parameters
    ----------
    after, skip : the last issue that was seen, of the hot ones; how many were seen, of all.
    """
    actor = page.need("read")
    asked = asked_of(request)
    with page.here.store.reading() as session:
        hot = page.here.hottest.ranked(session, actor)
        themes = dict(session.execute(select(Theme.id, Theme.name).order_by(Theme.name)).all())
        kept = dict(session.execute(select(Issue.id, Issue.theme).where(Issue.theme.is_not(None))).all())
        if not hot and not asked["show"]:
            asked["show"] = "all"
        if asked["show"] == "all":
            shown = _largest(session, page, asked, skip, _SHOWN + 1)
            links = _links(asked, "skip", str(skip + _SHOWN) if len(shown) > _SHOWN else "", skip, str(skip - _SHOWN))
        else:
            found = _wanted(session, page, hot, asked, kept)
            begin = bisect_right(found, _place(after), key=heat.place_of) if after else 0
            shown = heat.named(session, actor, found[begin : begin + _SHOWN])
            following = _cursor(shown[-1]) if begin + _SHOWN < len(found) else ""
            before = _cursor(found[begin - _SHOWN - 1]) if begin > _SHOWN else ""
            links = _links(asked, "after", following, begin, before)
    return page.show(
        "issues", title="事项", topics=pairs(sorted({first for first, _ in review.topics()})),
        places=choices(page)["places"], themes=[(str(number), name) for number, name in themes.items()],
        filters=asked, count=len(found) if asked["show"] != "all" else None,
        query=query_of(asked | {"after": after, "skip": str(skip or "")}), **links,
        rows=[_row(each, themes.get(kept.get(each.issue) or 0, "")) for each in shown[:_SHOWN]],
    )  # fmt: skip


def asked_of(request: Request) -> dict[str, str]:
    """Return the filters of the page."""
    return {name: request.query_params.get(name, "").strip() for name in _FILTERS}


def found(
    session: Session, page: Page, asked: dict[str, str], themes: dict[str, int | None], most: int
) -> list[HotIssue]:
    """Return all issues that the page lists under some filters, one after the other."""
    assert page.actor
    hot = page.here.hottest.ranked(session, page.actor)
    if asked["show"] == "all" or not (hot or asked["show"]):
        return _largest(session, page, asked, 0, most)
    return heat.named(session, page.actor, _wanted(session, page, hot, asked, themes)[:most])


def _largest(session: Session, page: Page, asked: dict[str, str], skip: int, most: int) -> list[HotIssue]:
    """Return those of all issues that fulfil the filters of the page."""
    assert page.actor
    theme = int(asked["theme"]) if asked["theme"].isdecimal() else None
    level1, place = ((asked[name],) if asked[name] else () for name in ("level1", "place"))
    wanted = Filters(level1=level1, place=place, text=asked["text"])
    return heat.largest(session, page.actor, queue_of(page), wanted, theme, skip, most)


def _wanted(
    session: Session, page: Page, hot: list[HotIssue], asked: dict[str, str], themes: dict[str, int | None]
) -> list[HotIssue]:
    """Return those of the hot issues that fulfil the filters of the page."""
    assert page.actor
    found = [
        each
        for each in hot
        if asked["level1"] in ("", each.topic)
        and asked["place"] in ("", *each.places)
        and asked["theme"] in ("", str(themes.get(each.issue, "")))
    ]
    if asked["text"]:
        speaking = set(session.scalars(heat.speaking_of(session, page.actor, queue_of(page), asked["text"])))
        found = [each for each in found if each.issue in speaking]
    return found


def _links(asked: dict[str, str], name: str, following: str, begin: int, before: str) -> dict[str, Any]:
    """Return the addresses of the next page, of the first and of the one before, "" where there is none."""

    def link(place: str) -> str:
        return f"/issues?{query_of(asked | {name: place})}"

    return {
        "next": link(following) if following else "", "first": link("") if begin else "",
        "back_page": link(before if begin > _SHOWN else "") if begin else "",
    }  # fmt: skip


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
        themes = session.execute(select(Theme.id, Theme.name).order_by(Theme.name)).all()
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
