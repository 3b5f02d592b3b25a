"""Giving a submission to members (交办): to whom, back again, once more, to an end; and whether an answer is public."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Form
from fastapi.responses import Response

from service.api.values import Number, Which
from service.desk import acts, assign, mine
from service.desk.candidates import candidates
from service.desk.errors import NotFoundError, RuleError
from service.desk.life import Said
from service.export.labels import title_and_body
from service.store import Assignment, DecisionRow
from service.web.filters import Asked
from service.web.inbox import blotted_texts, names_of
from service.web.page import Page, SignedIn

router = APIRouter()
_SHOWN = 60
"""So many members are listed; the others are found by a word."""

Version = Annotated[int, Form()]
Queue = Annotated[str, Form(max_length=2000)]
Note = Annotated[str, Form(max_length=500)]
Due = Annotated[str, Form(max_length=10)]


def _back(page: Page, number: int, queue: str, told: str, undo: str = "") -> Response:
    """Go back to the submission, where one sees what became of it."""
    return page.go(f"/submissions/{number}?{Asked.parse(queue).query}", f"第 {number} 号：{told}", undo)


@router.get("/submissions/{number}/assign")
def choose(page: SignedIn, number: Number, who: str = "", instead: int = 0, queue: str = "") -> Response:
    """Show to whom a submission may go; `instead` is the assignment that goes to somebody else."""
    actor = page.need("assign")
    with page.here.store.reading() as session:
        own = acts.standing(session, actor, number)
        if not assign.is_assignable(own):
            raise RuleError(f"第 {number} 号只到办公室，或判为不是来件，不能交办委员。判错的，请先更正。", "number")
        title = title_and_body(blotted_texts(session, [number])[number])[0]
        route = orjson.loads(session.get_one(DecisionRow, own.decision).content)["route"]
        found = candidates(session, own, route, page.here.intake.triage.router, who)
        earlier = assign.get_or_raise(session, instead, actor) if instead else None
        if earlier and earlier.number != number:
            raise NotFoundError(f"第 {instead} 号交办不是第 {number} 号来件的。请回到来件，从它的交办里改派。")
    asked = Asked.parse(queue).query
    return page.show(
        "assign", title="改派" if earlier else "交办", item=own, subject=title, who=who, query=asked,
        members=found[:_SHOWN], more=max(0, len(found) - _SHOWN), earlier=earlier, names=names_of(page),
        due=assign.due_of(own, earlier) or "", today=mine.today(),
        barred=[each for each in route["reasons"] if "回避" in each], back=f"/submissions/{number}?{asked}",
    )  # fmt: skip


@router.post("/submissions/{number}/assign")
def send(
    page: SignedIn,
    number: Number,
    version: Version,
    member: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = "lead",
    due: Due = "",
    note: Note = "",
    queue: Queue = "",
) -> Response:
    """Send it to a member; without one, to those that are proposed."""
    actor = page.need("assign")
    chosen = [(member, role if role != "spare" else "lead")] if member else []
    with page.here.store.writing() as session:
        sent = assign.assign(session, actor, number, version, chosen, due or None, note)
        told = "、".join(names_of(page).get(each.member, each.member) for each in sent)
        undo = f"/assignments/{sent[0].id}/1/take-back" if len(sent) == 1 else ""
    return _back(page, number, queue, f"已交办给{told}", undo)


@router.post("/assignments/{which}/reassign")
def reassign(
    page: SignedIn,
    which: Which,
    version: Version,
    member: Annotated[str, Form()],
    due: Due = "",
    note: Note = "",
    queue: Queue = "",
) -> Response:
    """Send to another member what one handed back or has not answered."""
    actor = page.need("assign")
    with page.here.store.writing() as session:
        fresh = assign.reassign(session, actor, which, version, member, due or None, note)
    return _back(page, fresh.number, queue, f"已改派给{names_of(page).get(member, member)}")


def _act(page: Page, which: int, name: str, version: int, note: str = "") -> Assignment:
    actor = page.need("assign")
    with page.here.store.writing() as session:
        return assign.act(session, actor, which, name, version, Said(note=note))


@router.post("/assignments/{which}/withdraw")
def withdraw(page: SignedIn, which: Which, version: Version, note: Note = "", queue: Queue = "") -> Response:
    """Take it back from a member."""
    done = _act(page, which, "withdraw", version, note)
    return _back(page, done.number, queue, f"已从{names_of(page).get(done.member, done.member)}撤回")


@router.post("/assignments/{which}/{version}/take-back")
def take_back(page: SignedIn, which: Which, version: int, back: Annotated[str, Form(max_length=4000)] = "") -> Response:
    """Undo a sending, if the member did nothing with it yet."""
    done = _act(page, which, "withdraw", version)
    return _back(page, done.number, back.partition("?")[2], "已撤销交办")


@router.post("/assignments/{which}/reopen")
def reopen(page: SignedIn, which: Which, version: Version, note: Note = "", queue: Queue = "") -> Response:
    """Ask a member for it once more, and say why."""
    done = _act(page, which, "reopen", version, note)
    return _back(page, done.number, queue, f"已请{names_of(page).get(done.member, done.member)}重办")


@router.post("/submissions/{number}/close")
def close(page: SignedIn, number: Number, version: Version, note: Note = "", queue: Queue = "") -> Response:
    """Close what was answered."""
    actor = page.need("assign")
    with page.here.store.writing() as session:
        assign.close(session, actor, number, version, note)
    return _back(page, number, queue, "已办结")


@router.post("/submissions/{number}/answers/{which}")
def publish(
    page: SignedIn,
    number: Number,
    which: Which,
    version: Version,
    public: Annotated[str, Form()] = "",
    queue: Queue = "",
) -> Response:
    """Let an answer be read on the page of the reference number, or no longer."""
    actor = page.need("assign")
    with page.here.store.writing() as session:
        assign.publish(session, actor, number, version, which, public=bool(public))
    return _back(page, number, queue, "答复已在查询页公开" if public else "答复不再公开")
