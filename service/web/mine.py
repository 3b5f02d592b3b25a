"""A member's own pages (我的交办): what is theirs, masked, and what they do with it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from service.api.values import Which
from service.desk import assign, mine
from service.desk.life import Said
from service.export.labels import title_and_body
from service.store import Assignment
from service.web import marks
from service.web.page import Page, SignedIn

router = APIRouter(prefix="/mine")
_DONE = ("answered", "closed")
_ALL = 100_000
"""More than anybody has in hand."""
_SHOWN = 50

Version = Annotated[int, Form()]


@router.get("")
def own(page: SignedIn, after: int = 0) -> Response:
    """List all that is in a member's hands, what is due first; then page by page what they answered."""
    actor = page.need("own")
    member = actor.member or ""
    with page.here.store.reading() as session:
        in_hand = mine.of_member(session, member, mine.OPEN, most=_ALL)
        done = mine.of_member(session, member, _DONE, after=after, most=_SHOWN + 1)
        rows = [*(() if after else in_hand), *done[:_SHOWN]]
        told = mine.answers(session, [assignment.number for assignment, _ in rows])
    answers: dict[int, list[str]] = {}
    for answer in told:
        answers.setdefault(answer.assignment or 0, []).append(answer.text)
    items = [_item(assignment, shown) | {"answers": answers.get(assignment.id, [])} for assignment, shown in rows]
    items.sort(key=lambda item: (item["state"] not in mine.OPEN, item["due"] or "9", item["id"]))
    late = sum(_late(assignment) for assignment, _ in in_hand)
    following = f"/mine?after={done[_SHOWN - 1][0].id}" if len(done) > _SHOWN else ""
    return page.show(
        "mine", title="我的交办", items=items, open=len(in_hand), late=late, next=following,
        first="/mine" if after else "",
    )  # fmt: skip


def _item(assignment: Assignment, shown: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "number", "version", "state", "role", "due", "note")
    return {name: getattr(assignment, name) for name in names} | {
        "title": title_and_body(shown["text"])[0],
        "text": shown["text"],
        "priority": shown["priority"],
        "level1": shown["topic"]["level1"],
        "place": shown["route"]["place"],
        "reasons": [marks.plain(reason) for reason in shown["reasons"]],
        "late": _late(assignment),
    }


def _late(assignment: Assignment) -> bool:
    return bool(assignment.due and assignment.due < mine.today() and assignment.state in mine.OPEN)


def _act(page: Page, which: int, name: str, version: int, told: str, said: Said) -> Response:
    actor = page.need("own")
    with page.here.store.writing() as session:
        assign.act(session, actor, which, name, version, said)
    return page.go("/mine", told)


@router.post("/{which}/accept")
def accept(page: SignedIn, which: Which, version: Version) -> Response:
    """Take it up."""
    return _act(page, which, "accept", version, "已接收", Said())


@router.post("/{which}/hand-back")
def hand_back(
    page: SignedIn,
    which: Which,
    version: Version,
    reason: Annotated[str, Form()],
    note: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Hand it back, with a reason."""
    return _act(page, which, "hand_back", version, f"已退回：{reason}", Said(reason=reason, note=note))


@router.post("/{which}/answer")
def answer(
    page: SignedIn,
    which: Which,
    version: Version,
    text: Annotated[str, Form(max_length=20_000)],
    public: Annotated[str, Form()] = "",
) -> Response:
    """Answer it."""
    return _act(page, which, "answer", version, "答复已提交", Said(text=text, public=bool(public)))
