"""The inbox (待研判): the queue by filters, page by page, and accepting many at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.accounts.actor import Actor
from service.accounts.sight import blotted, visible
from service.api.values import Which
from service.desk import acts, audit, exporting, review
from service.desk.errors import NotFoundError, RuleError
from service.desk.queue import Queue
from service.desk.review import Seen
from service.export import stored
from service.export.labels import PRIORITY, title_and_body
from service.masking import spans_of
from service.store import DecisionRow, SavedView, Standing
from service.web.filters import DROPPED, Asked
from service.web.page import WORDS, Page, SignedIn, local, query_of

router = APIRouter()
_AT_ONCE = 1000
_SHOWN_ROWS = 50
_ABOVE = 10
"""Lines above the submission to which somebody comes back."""


def queue_of(page: Page) -> Queue:
    """Return the queue of the office, by its tables and words of now."""
    triage = page.here.intake.triage
    return Queue(triage.router.places, triage.segmenter, triage.classifier.vocabulary)


def names_of(page: Page) -> dict[str, str]:
    """Return the names of members by id."""
    return {member.id: member.name for member in page.here.intake.triage.router.members}


@router.get("/inbox")
def inbox(request: Request, page: SignedIn, cursor: str = "", at: int = 0) -> Response:
    """Show a page of the queue; `at` is the submission to stand on, or on what followed it."""
    actor = page.need("read")
    asked, queue = Asked.of(request.query_params), queue_of(page)
    filters, order = asked.filters, asked.order
    with page.here.store.reading() as session:
        own = session.scalar(visible(select(Standing).where(Standing.number == at), actor)) if at else None
        if own and not cursor:
            cursor = queue.above(session, actor, filters, own, _ABOVE, order=order) or ""
        found = queue.page(session, actor, filters, order=order, cursor=cursor or None, most=_SHOWN_ROWS)
        shown = [each.standing for each in found.items]
        back = queue.above(session, actor, filters, shown[0], _SHOWN_ROWS, order=order) if cursor and shown else None
        whole = queue.overview(session, actor, filters, _dialled())
        waiting, dropped = _waiting(session, actor), _dropped(session, actor)
        upto = session.scalar(select(func.max(Standing.number))) or 0
        views = session.scalars(select(SavedView).where(SavedView.user == actor.id).order_by(SavedView.name)).all()
        texts = blotted_texts(session, [each.standing.number for each in found.items])
    rows = [_row(each, texts) for each in found.items]
    at = _standing_on(shown, own, order)
    here = "/inbox?" + "&".join(filter(None, (asked.query, f"cursor={cursor}" if cursor else "")))
    return page.show(
        "inbox", title=WORDS["REVIEW"].get(asked.get("review"), "来件"), asked=asked.given, query=asked.query,
        filters={name: asked.get(name) for name in _SHOWN} | {"status": asked.given.get("status", "")},
        page_rows=rows, at=at, back=here, dropped=dropped,
        count=sum(whole.levels.values()), upto=upto,
        counts=[(PRIORITY[each], whole.levels[each]) for each in PRIORITY if each in whole.levels],
        waiting=[(_WAITING[state], number, state) for state, number in waiting.items()],
        sure=whole.sure if "review" in actor.may else 0, can_accept="review" in actor.may,
        next=f"/inbox?{asked.query}&cursor={found.cursor}" if found.cursor else "",
        first=f"/inbox?{asked.query}" if cursor else "",
        back_page=f"/inbox?{asked.query}" + (f"&cursor={back}" if back else "") if cursor and shown else "",
        names=names_of(page), more=bool(_MORE & asked.given.keys()),
        views=[{"id": each.id, "name": each.name, "query": each.query["query"]} for each in views],
        sources=pairs(whole.sources),
        topics=pairs(sorted({first for first, _ in review.topics()})), **choices(page),
    )  # fmt: skip


_WAITING = {"handed_back": "已退回，等改派", "answered": "已答复，等办结"}


def _waiting(session: Session, actor: Actor) -> dict[str, int]:
    """Return how many came back from members and wait for an officer."""
    if "assign" not in actor.may:
        return {}
    state = Standing.delivery
    query = visible(select(state, func.count()).where(state.in_([*_WAITING])).group_by(state), actor)
    return dict(session.execute(query).all())


def _dropped(session: Session, actor: Actor) -> int:
    """Return how many the software takes for no submission, and nobody looked at."""
    pending = Standing.waits, Standing.status.in_(DROPPED["dropped"])
    return session.scalar(visible(select(func.count()).select_from(Standing).where(*pending), actor)) or 0


def _standing_on(shown: list[Standing], own: Standing | None, order: str) -> int:
    """Return where to stand on a page: on a submission, or where it is gone from the list, on what came after it."""
    if own is None:
        return 0
    if order == "newest":
        return next((each.number for each in shown if each.number <= own.number), 0)
    return next((each.number for each in shown if (-each.score, each.number) >= (-own.score, own.number)), 0)


_MORE = {"sector", "source", "status", "delivery", "needs_review", "since", "until", "order"}
_SHOWN = {"text", "review", "level1", "priority", "intent", "place"} | _MORE


def pairs(values: list[str]) -> list[tuple[str, str]]:
    """Return values as choices that are shown as they are."""
    return [(value, value) for value in values]


def choices(page: Page) -> dict[str, Any]:
    """Return the sectors and places that the office knows."""
    router = page.here.intake.triage.router
    sectors = {lead.sector for leads in router.crosswalk.values() for lead in leads if lead.sector}
    return {
        "sectors": pairs(sorted(sectors)),
        "places": [place.name for place in router.places.by_id.values()],
    }


def blotted_texts(session: Session, numbers: list[int]) -> dict[int, str]:
    """Return the clean texts of submissions, personal data blotted out: nobody needs it before asking for it."""
    query = (
        select(DecisionRow.number, DecisionRow.content)
        .join(Standing, Standing.decision == DecisionRow.id)
        .where(Standing.number.in_(numbers))
    )
    told = {number: orjson.loads(content) for number, content in session.execute(query)}
    return {number: blotted(each["clean"]["text"], spans_of(each)) for number, each in told.items()}


def _row(listed: Any, texts: dict[int, str]) -> dict[str, Any]:
    own = listed.standing
    names = (
        "number", "version", "priority", "status", "restricted", "kind", "level1", "level2", "needs_review",
        "confidence", "intent", "place", "owner", "day",
    )  # fmt: skip
    return {name: getattr(own, name) for name in names} | {"title": title_and_body(texts[own.number])[0]}


def _dialled() -> tuple[Any, ...]:
    """Return what holds of those that the precision dial lets pass without review."""
    return (
        Standing.waits, Standing.status == "triaged", Standing.needs_review.is_(False), Standing.restricted.is_(False),
    )  # fmt: skip


def _sure(session: Session, queue: Queue, page: Page, asked: Asked, upto: int | None = None) -> tuple[int, int]:
    """Return how many the precision dial lets pass without review, as far as a number, and the highest of them."""
    assert page.actor
    where = _passing(session, queue, page.actor, asked, upto)
    query = select(func.count(), func.max(Standing.number)).where(*where)
    count, last = session.execute(visible(query, page.actor)).one()
    return count, last or 0


def _passing(session: Session, queue: Queue, actor: Actor, asked: Asked, upto: int | None) -> list[Any]:
    known = [] if upto is None else [Standing.number <= upto]
    return [*queue.conditions(session, actor, asked.filters), *_dialled(), *known]


@router.post("/accept")
def accept_many(
    page: SignedIn,
    pick: Annotated[list[str] | None, Form()] = None,
    all: Annotated[str, Form()] = "",  # noqa: A002 - the name of a button
    back: Annotated[str, Form()] = "/inbox",
    upto: Annotated[int, Form(ge=0, le=2**53)] = 0,
    counted: Annotated[int, Form()] = 0,
    confirmed: Annotated[str, Form()] = "",
) -> Response:
    """Accept what was picked, or all that the dial lets pass under the filters of the page.

    Parameters
    ----------
    back : the page, with its filters.
    upto, counted : the highest number that would pass when the page was shown, and how many: none that came since is
        accepted, and where there are more the question is asked again.
    confirmed : "yes" where the question was answered.
    """
    actor = page.need("review")
    asked, queue, rest = Asked.parse(back.partition("?")[2]), queue_of(page), 0
    if all:
        with page.here.store.reading() as session:
            count, _ = _sure(session, queue, page, asked, upto)
        if confirmed != "yes" or count > counted:
            return page.show("sure", title="采纳", count=count, upto=upto, back=local(back))
    with page.here.store.writing() as session:
        if all:
            where = _passing(session, queue, actor, asked, upto)
            query = visible(select(Standing.number, Standing.version).where(*where), actor).order_by(Standing.number)
            seen = [Seen(*row) for row in session.execute(query.limit(_AT_ONCE))]
        else:
            seen = [_seen(each) for each in pick or ()]
        if not seen:
            raise RuleError("没有选中来件。请先勾选（按 x）。", "pick")
        reviews, left = review.accept_sure(session, actor, seen, picked=not all)
        if all:
            rest, _ = _sure(session, queue, page, asked, upto)
    told = f"采纳了 {len(reviews)} 件" + (f"；{len(left)} 件没有采纳：别人刚改过，或不是待研判" if left else "")
    told += f"；一次最多 {_AT_ONCE} 件，还有 {rest} 件，请再按一次" if rest else ""
    return page.go(back, told, f"/undo/{reviews[0].act}" if reviews else "")


def _seen(told: str) -> Seen:
    try:
        number, version = map(int, told.split(":"))
    except ValueError:
        raise RuleError(f"选中的“{told}”读不懂。请刷新页面再选。", "pick") from None
    return Seen(number, version)


@router.get("/export.xlsx")
def export(request: Request, page: SignedIn) -> Response:
    """Give what the filters of the page let pass as a workbook; who took it out of the house is written down."""
    actor = page.need("export")
    queue, filters = queue_of(page), Asked.of(request.query_params).filters
    with page.here.store.writing() as session:
        audit.record(session, actor, "export", "submissions", after={"format": "xlsx"})

    def pieces() -> Iterator[bytes]:
        with page.here.store.reading() as session:
            where = queue.conditions(session, actor, filters)
            wanted = set(session.scalars(visible(select(Standing.number).where(*where), actor)))
            found = exporting.rows(session, exporting.Filters(filters.since, filters.until), actor)
            yield from stored.stream((row for row in found if row["number"] in wanted), ".xlsx")

    headers = {"Content-Disposition": 'attachment; filename="minyi.xlsx"'}
    return StreamingResponse(pieces(), media_type=stored.MEDIA[".xlsx"], headers=headers)


@router.post("/undo/{act}")
def undo_many(page: SignedIn, act: str, back: Annotated[str, Form(max_length=4000)] = "/inbox") -> Response:
    """Take back what one click did; the page to go to keeps the filters of `back`, where the click was made."""
    actor = page.need("review")
    with page.here.store.writing() as session:
        reviews, left = acts.undo_act(session, actor, act)
    told = f"撤销了 {len(reviews)} 件" + (f"；{len(left)} 件后来又改过，没有撤销" if left else "")
    query = Asked.parse(back.partition("?")[2]).query
    one = f"/submissions/{reviews[0].number}?{query}" if len(reviews) == 1 else ""
    return page.go(one or back, told)


@router.post("/views")
def keep_view(
    page: SignedIn,
    name: Annotated[str, Form(min_length=1, max_length=30)],
    query: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Keep the filters of the page under a name; the same name is given anew."""
    actor = page.need("read")
    asked = Asked.parse(query)
    with page.here.store.writing() as session:
        mine = SavedView.user == actor.id
        view = session.scalar(select(SavedView).where(mine, SavedView.name == name.strip()))
        if view is None:
            view = SavedView(user=actor.id, name=name.strip(), query={})
            session.add(view)
        view.query = {"query": asked.query}
    return page.go(f"/inbox?{asked.query}", f"视图“{name.strip()}”已保存")


@router.post("/views/{which}/delete")
def drop_view(page: SignedIn, which: Which, query: Annotated[str, Form(max_length=2000)] = "") -> Response:
    """Take away a view of one's own."""
    actor = page.need("read")
    with page.here.store.writing() as session:
        view = session.scalar(select(SavedView).where(SavedView.user == actor.id, SavedView.id == which))
        if view is None:
            raise NotFoundError("这个视图已经不在了。")
        name, kept = view.name, view.query["query"]
        session.delete(view)
    undo = f"/views/again?{query_of({'name': name, 'kept': kept})}"
    return page.go(f"/inbox?{Asked.parse(query).query}", f"视图“{name}”已删除", undo)


@router.post("/views/again")
def keep_again(page: SignedIn, name: Annotated[str, Query(max_length=30)], kept: str = "") -> Response:
    """Undo taking a view away."""
    return keep_view(page, name, kept)
