"""Review: what officers do with a decision. Each act names the version that was seen; 409 tells what changed since."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import Field
from sqlalchemy.orm import Session

from service.accounts import sight
from service.accounts.actor import Actor
from service.api.context import Here, may
from service.api.routes.shapes import Intent, Priority, ReviewOut, StandingOut
from service.api.values import Day, Given, Name, Number, Reason, Sent, Short, Version
from service.desk import acts, issues, review
from service.desk.review import Seen
from service.store import Standing

router = APIRouter(tags=["reviews"])
Officer = Annotated[Actor, Depends(may("review"))]


class ActIn(Sent):
    """What comes with an act."""

    version: Version
    reason: Reason = ""


class CorrectIn(ActIn):
    """What is to hold instead; what is not named stays. A null takes a value away."""

    level1: Short | None = None
    level2: Short | None = None
    priority: Priority | None = None
    intent: Intent | None = None
    place: Short | None = None
    sector: Short | None = None
    committee: Short | None = None
    due: Day | None = None
    restricted: bool | None = None

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent; what must have a value is not taken away."""
        told = self.model_dump(exclude={"version", "reason"}, exclude_unset=True)
        needed = ("priority", "intent", "restricted")
        return {name: value for name, value in told.items() if value is not None or name not in needed}


class MergeIn(ActIn):
    """To which issue a submission belongs: its id, or the number of a submission in it."""

    into: Short | None = Field(None, description="事项编号")
    number: int | None = Field(None, ge=1, le=2**53, description="或该事项里任一来件的编号")


class SeenIn(Sent):
    """A submission as it was seen."""

    number: int = Field(ge=1, le=2**53)
    version: Version


class SureIn(Sent):
    """What an officer had before them."""

    items: list[SeenIn] = Field(min_length=1, max_length=1000)


class ActsOut(Given):
    """What was done, and the numbers that were left because they had changed or need a look; `act` undoes it."""

    act: str | None
    reviews: list[ReviewOut]
    left: list[int]


Plain = Literal["accept", "junk", "reopen", "confirm_link", "reject_link", "split"]
_PLAIN: dict[Plain, tuple[Any, str]] = {
    "accept": (review.accept, "Agree with the decision."),
    "junk": (review.junk, "Call it no submission; it stays and can be reopened."),
    "reopen": (review.reopen, "Put it back into the queue."),
    "confirm_link": (issues.confirm_link, "Confirm that it repeats another or joins its issue."),
    "reject_link": (issues.reject_link, "Reject that it repeats or joins another: it becomes an issue of its own."),
    "split": (issues.split, "Take it out of its issue, into one of its own, with those that repeat it."),
}


def _out(session: Session, actor: Actor, own: Standing) -> StandingOut:
    session.flush()
    return StandingOut.model_validate(own).model_copy(update={"title": sight.title(session, own, actor)})


def _plain(name: Plain) -> Any:
    function, told = _PLAIN[name]

    def done(number: Number, sent: ActIn, here: Here, actor: Officer) -> StandingOut:
        with here.store.writing() as session:
            return _out(session, actor, function(session, actor, Seen(number, sent.version), sent.reason))

    done.__name__, done.__doc__ = name, told
    return done


for _name in _PLAIN:
    router.add_api_route(f"/submissions/{{number}}/{_name}", _plain(_name), methods=["POST"])


@router.post("/submissions/{number}/correct")
def correct(number: Number, sent: CorrectIn, here: Here, actor: Officer) -> StandingOut:
    """Change what was decided; a new topic, priority or place routes it anew."""
    router = here.intake.triage.router
    with here.store.writing() as session:
        seen = Seen(number, sent.version)
        return _out(session, actor, review.correct(session, actor, seen, sent.changes(), router, sent.reason))


@router.post("/submissions/{number}/merge")
def merge(number: Number, sent: MergeIn, here: Here, actor: Officer) -> StandingOut:
    """Join it to an issue."""
    with here.store.writing() as session:
        into = sent.into or ""
        if sent.number:
            into = acts.standing(session, actor, sent.number).issue
        return _out(session, actor, issues.merge(session, actor, Seen(number, sent.version), into, sent.reason))


@router.post("/submissions/{number}/undo")
def undo(number: Number, sent: ActIn, here: Here, actor: Officer) -> ActsOut:
    """Take back the last act on it, with all that the same click did."""
    with here.store.writing() as session:
        return _acts(acts.undo(session, actor, number, sent.version))


@router.post("/reviews/accept")
def accept_sure(sent: SureIn, here: Here, actor: Officer) -> ActsOut:
    """Accept at a glance all that need no review; the answer names what was left, and the act that undoes it."""
    with here.store.writing() as session:
        return _acts(*review.accept_sure(session, actor, [Seen(each.number, each.version) for each in sent.items]))


@router.post("/reviews/{act}/undo")
def undo_act(act: Name, here: Here, actor: Officer) -> ActsOut:
    """Take back all that one click did; what was changed since is left."""
    with here.store.writing() as session:
        return _acts(*acts.undo_act(session, actor, act))


def _acts(reviews: Any, left: Any = ()) -> ActsOut:
    told = [ReviewOut.model_validate(each) for each in reviews]
    return ActsOut(act=told[0].act if told else None, reviews=told, left=list(left))
