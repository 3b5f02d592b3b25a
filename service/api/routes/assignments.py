"""Assignments: officers send a submission to members, who take it up, hand it back or answer; officers close it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from service.accounts.actor import Actor
from service.api.context import Here, Reading, acting, may
from service.desk import assign, mine
from service.desk.errors import ForbiddenError
from service.desk.life import UNDER_WAY, ActName, Said
from service.store import Assignment

router = APIRouter(tags=["assignments"])

Officer = Annotated[Actor, Depends(may("assign"))]
Number = Annotated[int, Path(ge=1, le=2**62)]
Version = Annotated[int, Field(ge=1, le=2**31, description="您看到的版本")]
State = Literal["sent", "accepted", "handed_back", "answered", "closed", "withdrawn"]
After = Annotated[int, Query(ge=0, le=2**62, description="上一页最后一号")]


def taking_part(actor: Annotated[Actor, Depends(acting)]) -> Actor:
    """Let pass who has assignments of their own, or gives them."""
    if not actor.may & {"own", "assign"}:
        raise ForbiddenError(f"“{actor.shown or actor.name}”不是委员，也不能交办。")
    return actor


Part = Annotated[Actor, Depends(taking_part)]


class Sent(BaseModel):
    """What is sent; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    version: Version
    note: str = Field("", max_length=2000)


class Chosen(BaseModel):
    """A member and their part in it."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, max_length=64)
    role: Literal["lead", "assist", "informed"] = "lead"


class AssignIn(Sent):
    """To whom a submission goes, by default those that are proposed; the version is the submission's."""

    members: list[Chosen] = Field([], max_length=50)
    due: str | None = Field(None, max_length=10, description="答复期限，如 2026-03-07")


class ActIn(Sent):
    """What comes with an act; the version is the assignment's."""

    reason: Literal["", "属地不符", "权属不清", "职能交叉", "回避"] = Field("", description="退回时必填")
    text: str = Field("", max_length=20_000, description="答复时必填")
    public: bool = Field(False, description="答复是否可以公开")


class ReassignIn(Sent):
    """To whom else an assignment goes."""

    member: str = Field(min_length=1, max_length=64)
    due: str | None = Field(None, max_length=10)


class AssignmentOut(BaseModel):
    """An assignment."""

    id: int
    number: int
    member: str
    role: str
    state: State
    reason: str
    note: str
    due: str | None
    version: int
    sent_at: datetime
    changed_at: datetime
    overdue: bool


class MineOut(AssignmentOut):
    """An assignment of a member, with what they may read of its submission: masked."""

    submission: dict[str, Any]
    answers: list[str]


@router.get("/assignments")
def listed(
    session: Reading,
    actor: Officer,
    state: Annotated[list[State] | None, Query()] = None,
    member: Annotated[str | None, Query(max_length=64)] = None,
    number: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    overdue: Annotated[bool, Query(description="只看逾期未答复的")] = False,
    after: After = 0,
    most: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[AssignmentOut]:
    """List assignments by state, member and submission; `overdue` gives those to remind."""
    rows = mine.listed(
        session, actor, states=state or (), member=member, number=number, overdue=overdue, after=after, most=most
    )
    return [_out(row) for row in rows]


@router.get("/mine")
def own(
    session: Reading,
    actor: Annotated[Actor, Depends(may("own"))],
    state: Annotated[list[State] | None, Query()] = None,
    after: After = 0,
    most: Annotated[int, Query(ge=1, le=200)] = 50,
    open_first: Annotated[bool, Query(description="待办的在前，先到期的排前；翻页用 skip")] = False,
    skip: Annotated[int, Query(ge=0, le=10**6, description="已读过几条")] = 0,
) -> list[MineOut]:
    """List what the member who asks has in hand, without the submitter's personal data."""
    found = mine.of_member(
        session, actor.member or "", state or UNDER_WAY, after, most, open_first=open_first, skip=skip
    )
    said: dict[int | None, list[str]] = {}
    for answer in mine.answers(session, [row.number for row, _ in found]):
        said.setdefault(answer.assignment, []).append(answer.text)
    return [MineOut(**_out(row).model_dump(), submission=shown, answers=said.get(row.id, [])) for row, shown in found]


@router.post("/submissions/{number}/assignments", status_code=201)
def send(number: Number, told: AssignIn, here: Here, actor: Officer) -> list[AssignmentOut]:
    """Assign a submission to members."""
    chosen = [(each.id, each.role) for each in told.members]
    with here.store.writing() as session:
        return [_out(row) for row in assign.assign(session, actor, number, told.version, chosen, told.due, told.note)]


@router.post("/submissions/{number}/close")
def close(number: Number, told: Sent, here: Here, actor: Officer) -> list[AssignmentOut]:
    """Close a submission that was answered; the version is the submission's."""
    with here.store.writing() as session:
        return [_out(row) for row in assign.close(session, actor, number, told.version, told.note)]


@router.post("/assignments/{number}/reassign", status_code=201)
def reassign(number: Number, told: ReassignIn, here: Here, actor: Officer) -> AssignmentOut:
    """Send to another member what one handed back or has not answered."""
    with here.store.writing() as session:
        return _out(assign.reassign(session, actor, number, told.version, told.member, told.due, told.note))


def _act(name: ActName) -> Callable[..., AssignmentOut]:
    def done(number: Number, told: ActIn, here: Here, actor: Part) -> AssignmentOut:
        said = Said(told.reason, told.note, told.text, told.public)
        with here.store.writing() as session:
            return _out(assign.act(session, actor, number, name, told.version, said))

    done.__name__ = name
    done.__doc__ = _ACTS[name]
    return done


_ACTS: dict[ActName, str] = {
    "accept": "A member takes it up.",
    "hand_back": "A member hands it back, with a reason.",
    "answer": "A member answers; a later answer goes before an earlier one, which stays.",
    "withdraw": "An officer takes it back.",
    "reopen": "An officer asks for it once more, with a note.",
}
for _name in _ACTS:
    router.add_api_route(f"/assignments/{{number}}/{_name}", _act(_name), methods=["POST"])


def _out(row: Assignment) -> AssignmentOut:
    overdue = row.state in mine.OPEN and row.due is not None and row.due < mine.today()
    names = [name for name in AssignmentOut.model_fields if name != "overdue"]
    return AssignmentOut(**{name: getattr(row, name) for name in names}, overdue=overdue)
