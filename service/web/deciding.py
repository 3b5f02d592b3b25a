"""What an officer does with one submission by one key: accept, correct, junk, reopen, join, take out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.accounts.actor import Actor
from service.api.values import Number
from service.desk import acts, assign, issues, mine, review
from service.desk.review import Seen
from service.store import Review, Standing
from service.web.filters import Asked
from service.web.inbox import queue_of
from service.web.page import Page, SignedIn

router = APIRouter(prefix="/submissions/{number}")

Version = Annotated[int, Form()]
Queue = Annotated[str, Form(max_length=2000)]
Reason = Annotated[str, Form(max_length=500)]
_NOTHING = "没有改动"


def done(
    page: Page,
    seen: Seen,
    queue: str,
    told: str,
    do: Callable[[Session, Actor], object],
    holds: Callable[[Session, Standing], bool],
    *,
    stay: bool = False,
) -> Response:
    """Do an act, and go on to the submission that came after it in the queue before the act.

    What changed nothing stays where it is, says so, and offers nothing to take back. A doubled click goes on. What
    members have and may no longer see stays where it is, for the officer to withdraw it.

    Parameters
    ----------
    do : returns what to tell instead of `told`, where that is a text.
    holds : whether a submission is already as it is to become.
    """
    number = seen.number
    actor = page.need("review")
    asked = Asked.parse(queue)
    with page.here.store.reading() as session:  # what comes after may take long to find: nobody is to wait for it
        here = acts.standing(session, actor, number)
        _, after = queue_of(page).beside(session, actor, asked.filters, here, order=asked.order)
    with page.here.store.writing() as session:
        own = acts.standing(session, actor, number)
        doubled = _done_already(session, actor, own, seen) and holds(session, own)
        version = seen.version if doubled else own.version
        said = None if doubled else do(session, actor)
        session.flush()
        made = select(Review.act).where(Review.number == number, Review.version > version)
        act = session.scalar(made.order_by(Review.id.desc()).limit(1))
        lost = not assign.is_assignable(own) and own.delivery in mine.OPEN
    if not act:
        return page.go(f"/submissions/{number}?{asked.query}", f"第 {number} 号：{_NOTHING}")
    stay = stay or lost
    if after and not stay:
        where = f"/submissions/{after}?{asked.query}"
    else:
        where = f"/submissions/{number}?{asked.query}" if stay else f"/inbox?{asked.query}"
    told = (said if isinstance(said, str) else told) + ("。已交办的委员看不到它了，请在“分派”里撤回" if lost else "")
    return page.go(where, f"第 {number} 号：{told}", f"/undo/{quote(act)}")


def _done_already(session: Session, actor: Actor, own: Standing, seen: Seen) -> bool:
    """Whether one act of the same person is all that happened to a submission since it was seen."""
    query = select(Review.actor, Review.version).where(Review.number == seen.number, Review.version > seen.version)
    return session.execute(query).all() == [(str(actor), own.version)]


def _is(review: str) -> Callable[[Session, Standing], bool]:
    return lambda session, own: own.review == review


@router.post("/accept")
def accept(page: SignedIn, number: Number, version: Version, queue: Queue = "", reason: Reason = "") -> Response:
    """Accept what was decided."""
    seen = Seen(number, version)
    return done(page, seen, queue, "已采纳", lambda s, a: review.accept(s, a, seen, reason), _is("accepted"))


@router.post("/junk")
def junk(page: SignedIn, number: Number, version: Version, queue: Queue = "", reason: Reason = "") -> Response:
    """Call it no submission."""
    seen = Seen(number, version)
    return done(page, seen, queue, "不是来件", lambda s, a: review.junk(s, a, seen, reason), _is("junked"))


@router.post("/reopen")
def reopen(page: SignedIn, number: Number, version: Version, queue: Queue = "", reason: Reason = "") -> Response:
    """Put it back into the queue."""
    seen = Seen(number, version)
    do = lambda s, a: review.reopen(s, a, seen, reason)  # noqa: E731
    return done(page, seen, queue, "回到待研判", do, _is("pending"), stay=True)


@router.post("/correct")
def correct(
    page: SignedIn,
    number: Number,
    version: Version,
    topic: Annotated[str, Form()],
    priority: Annotated[str, Form()],
    intent: Annotated[str, Form()],
    place: Annotated[str, Form(max_length=100)] = "",
    queue: Queue = "",
    reason: Reason = "",
) -> Response:
    """Correct what was decided; only what is different counts."""
    level1, _, level2 = topic.partition("/")
    asked = {
        "level1": level1 or None,
        "level2": level2 or None,
        "priority": priority,
        "intent": intent,
        "place": place.strip() or None,
    }

    def do(session: Session, actor: Actor) -> object:
        own = acts.standing(session, actor, number, version)
        changes = {name: value for name, value in asked.items() if getattr(own, name) != value}
        if not changes:
            if own.review == "pending":  # who looked and changed nothing agrees; what was decided before stays decided
                review.accept(session, actor, Seen(number, version), reason)
            return "已采纳"
        if {"level1", "level2"} & changes.keys():
            changes |= {"level1": level1, "level2": level2 or None}
        return review.correct(session, actor, Seen(number, version), changes, page.here.intake.triage.router, reason)

    def holds(session: Session, own: Standing) -> bool:
        return own.review != "pending" and all(getattr(own, name) == value for name, value in asked.items())

    return done(page, Seen(number, version), queue, "已更正", do, holds)


@router.post("/confirm-link")
def confirm_link(page: SignedIn, number: Number, version: Version, queue: Queue = "") -> Response:
    """Confirm that it repeats or joins another."""
    seen = Seen(number, version)
    do = lambda s, a: issues.confirm_link(s, a, seen)  # noqa: E731
    return done(page, seen, queue, "已确认", do, lambda _, own: own.link == "confirmed", stay=True)


@router.post("/split")
def split(page: SignedIn, number: Number, version: Version, queue: Queue = "") -> Response:
    """Take it out of its issue."""
    seen = Seen(number, version)
    do = lambda s, a: issues.split(s, a, seen)  # noqa: E731
    return done(page, seen, queue, "已拆出", do, lambda _, own: own.link == "rejected", stay=True)


@router.post("/merge")
def merge(
    page: SignedIn, number: Number, version: Version, other: Annotated[int, Form(alias="with")], queue: Queue = ""
) -> Response:
    """Join it to the issue of another."""

    def do(session: Session, actor: Actor) -> object:
        goal = acts.standing(session, actor, other).issue
        return issues.merge(session, actor, Seen(number, version), goal)

    def holds(session: Session, own: Standing) -> bool:
        return own.issue == acts.standing(session, page.need("review"), other).issue

    return done(page, Seen(number, version), queue, f"已并入第 {other} 号的事项", do, holds, stay=True)
