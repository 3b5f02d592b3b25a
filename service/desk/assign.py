"""Assignments (交办): a submission goes to members, who take it up, hand it back or answer; officers close it.

What may be done when is in `life`. The delivery of the submission follows from all its assignments.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.route.ledger import LEAD
from service.accounts.actor import Actor
from service.accounts.sight import standing_or_raise
from service.desk import audit, doubled, feed, mine
from service.desk.days import day
from service.desk.errors import ConflictError, ForbiddenError, NotFoundError, RuleError
from service.desk.life import ACTS, ROLES, UNDER_WAY, Said, checked, delivery_of
from service.export.labels import ROLE
from service.store import Answer, Assignment, DecisionRow, Member, Review, Standing, now

_REVIEWED = {"accept": "take", "reopen": "return"}
"""Acts whose names mean something else among the reviews of a decision."""
_STATE = {
    "sent": "已交办", "accepted": "已接办", "handed_back": "已退回", "answered": "已答复", "closed": "已办结",
    "withdrawn": "已撤回",
}  # fmt: skip


def assign(
    session: Session,
    actor: Actor,
    number: int,
    version: int,
    members: Sequence[tuple[str, str]] = (),
    due: str | None = None,
    note: str = "",
) -> list[Assignment]:
    """Send a submission to members. The same form sent twice is answered as done; see `doubled`.

    Parameters
    ----------
    version : of the submission, as the officer saw it.
    members : id and role (lead, assist, informed) of each; those that the decision proposes by default.
    due : the day by which they answer; see `due_of` by default.

    Raises
    ------
    ForbiddenError
        Where members must not see the matter.
    RuleError, ConflictError, NotFoundError
        Where a value breaks a rule, somebody was faster, or there is no such submission.
    """
    standing = _standing(session, actor, number)
    chosen = list(members) or _proposed(session, standing)
    wanted = day(due, "due", "期限")
    due = wanted or due_of(standing)
    told = {"members": [{"id": member, "role": role} for member, role in chosen], "due": due}
    _assignable(standing)
    if standing.version != version and (before := doubled.sent(session, actor, number, version, told, note)):
        return list(before)
    _as_seen(standing, version)
    if not chosen:
        raise RuleError(f"第 {number} 件没有建议的委员，请指定交给谁。", "members")
    _members_fit(session, number, chosen)
    _ahead(wanted)
    delivery = standing.delivery
    sent = [_send(session, actor, number, member, role, due, note) for member, role in chosen]
    session.flush()
    _written(session, standing, actor, "assign", {"delivery": delivery}, told, note)
    return sent


def act(session: Session, actor: Actor, which: int, name: str, version: int, said: Said = Said()) -> Assignment:  # noqa: B008
    """Do one of `ACTS` with an assignment; `version` is the one that was seen."""
    assignment, rule = get_or_raise(session, which, actor), ACTS[name]
    if rule.by == "officer" and "assign" not in actor.may:
        raise ForbiddenError("只有信息员可以这样做。")
    _unchanged(assignment, version)
    if assignment.state not in rule.states:
        raise ConflictError(_cannot(assignment), _seen(assignment))
    said = checked(rule, said)
    standing = _standing(session, actor, assignment.number)
    others = (each for each in of_submission(session, assignment.number) if each.id != which)
    if name == "reopen" and any(each.member == assignment.member and each.state in UNDER_WAY for each in others):
        called = session.scalar(select(Member.name).where(Member.id == assignment.member)) or assignment.member
        raise RuleError(f"委员“{called}”已另外接到第 {assignment.number} 件，不必重办这一号。", "which")
    if name == "answer":
        session.add(
            Answer(
                number=assignment.number, assignment=which, actor=str(actor), text=said.text, public=said.public,
                at=now(),
            )
        )  # fmt: skip
    if rule.told == "reason":
        assignment.reason = said.reason
    before = _move(assignment, rule.to, said.note)
    told = {"assignment": which, "member": assignment.member, "state": rule.to}
    why = "：".join(filter(None, (said.reason, said.note)))
    _written(session, standing, actor, _REVIEWED.get(name, name), {"assignment": which, "state": before}, told, why)
    return assignment


def reassign(
    session: Session, actor: Actor, which: int, version: int, member: str, due: str | None = None, note: str = ""
) -> Assignment:
    """Send to another member what one handed back or has not answered; the earlier assignment stays as history."""
    assignment = get_or_raise(session, which, actor)
    standing = _standing(session, actor, assignment.number)
    wanted = day(due, "due", "期限")
    due = wanted or due_of(standing, assignment)
    _assignable(standing)
    if done := doubled.reassigned(session, actor, assignment, member, due, note):
        return done
    _unchanged(assignment, version)
    if assignment.state not in ACTS["withdraw"].states:
        raise ConflictError(_cannot(assignment), _seen(assignment))
    before, earlier = assignment.state, assignment.member
    if assignment.state == "handed_back":
        assignment.version += 1  # it stays handed back; whoever saw it before no longer gives it to yet another
    else:
        _move(assignment, "withdrawn", note)
    _members_fit(session, assignment.number, [(member, assignment.role)])
    _ahead(wanted)
    fresh = _send(session, actor, assignment.number, member, assignment.role, due, note)
    session.flush()
    told = {"assignment": fresh.id, "member": member, "state": "sent"}
    _written(
        session, standing, actor, "reassign", {"assignment": which, "member": earlier, "state": before}, told, note
    )
    return fresh


def close(session: Session, actor: Actor, number: int, version: int, note: str = "") -> list[Assignment]:
    """Close a submission that was answered: all its assignments that are under way end."""
    standing = _standing(session, actor, number, version)
    rows = [each for each in of_submission(session, number) if each.state in UNDER_WAY]
    if not any(each.state == "answered" for each in rows):
        raise RuleError(f"第 {number} 件还没有待办结的答复。不再办的，请撤回交办。", "number")
    before = standing.delivery
    for each in rows:
        _move(each, "closed", "")
    told = {"assignments": [each.id for each in rows]}
    _written(session, standing, actor, "close", {"delivery": before}, told, note)
    return rows


def publish(session: Session, actor: Actor, number: int, version: int, which: int, *, public: bool) -> Answer:
    """Let an answer be read by whoever asks by the reference of its submission, or no longer.

    Parameters
    ----------
    version : of the submission, as the officer saw it.
    """
    standing = _standing(session, actor, number, version)
    answer = session.get(Answer, which)
    if answer is None or answer.number != number:
        raise NotFoundError(f"第 {number} 件没有第 {which} 号答复。请刷新后再操作。")
    if answer.public != public:
        answer.public = public
        told = {"answer": which, "public": public}
        _written(session, standing, actor, "publish" if public else "hide", told | {"public": not public}, told, "")
    return answer


def due_of(standing: Standing, earlier: Assignment | None = None) -> str | None:
    """Return the day by which a submission is to be answered, if it is given to somebody today.

    One that lay for long, or came with an old file, has as many days as it had: nobody is late when they are asked.
    What goes from one member to another keeps the day of the earlier assignment, unless that has passed.
    """
    if earlier and earlier.due and earlier.due >= mine.today():
        return earlier.due
    if standing.due is None or standing.due >= mine.today():
        return standing.due
    try:
        term = date.fromisoformat(standing.due) - date.fromisoformat(standing.day)
    except ValueError:  # the day of the submission is none
        return None
    return (date.fromisoformat(mine.today()) + term).isoformat()


def _ahead(wanted: str | None) -> None:
    """Refuse a day that an officer set and that has passed."""
    today = mine.today()
    if wanted and wanted < today:
        raise RuleError(f"期限 {wanted} 已经过了。请写今天（{today}）或以后的日期。", "due")


def is_assignable(standing: Standing) -> bool:
    """Whether members may be given a submission."""
    return not standing.restricted and standing.status == "triaged" and standing.review != "junked"


def get_or_raise(session: Session, which: int, actor: Actor) -> Assignment:
    """Return an assignment that an actor may know of: their own, or any for who assigns."""
    assignment = session.get(Assignment, which)
    if assignment is None or not ("assign" in actor.may or (actor.member and actor.member == assignment.member)):
        raise NotFoundError(f"没有第 {which} 号交办，或不是交给您的。")
    if "assign" in actor.may:
        standing_or_raise(session, assignment.number, actor)
    elif session.get_one(Standing, assignment.number).restricted:
        raise NotFoundError(f"没有第 {which} 号交办，或不是交给您的。")
    return assignment


def of_submission(session: Session, number: int) -> Sequence[Assignment]:
    """Return all assignments of a submission, in their order."""
    return session.scalars(select(Assignment).where(Assignment.number == number).order_by(Assignment.id)).all()


def _send(
    session: Session, actor: Actor, number: int, member: str, role: str, due: str | None, note: str
) -> Assignment:
    at = now()
    assignment = Assignment(
        number=number, member=member, role=role, state="sent", due=due, note=note, sent_by=str(actor), sent_at=at,
        changed_at=at,
    )  # fmt: skip
    session.add(assignment)
    return assignment


def _move(assignment: Assignment, state: str, note: str) -> str:
    """Bring an assignment to a state; return that which it had."""
    before, assignment.state = assignment.state, state
    assignment.note = note or assignment.note
    assignment.version += 1
    assignment.changed_at = now()
    return before


def _written(
    session: Session,
    standing: Standing,
    actor: Actor,
    action: str,
    before: dict[str, Any],
    after: dict[str, Any],
    reason: str,
) -> None:
    """Let the submission follow its assignments, and write down who did what."""
    session.flush()
    standing.delivery = delivery_of(each.state for each in of_submission(session, standing.number))
    standing.version += 1
    standing.changed_at = now()
    after = after | {"delivery": standing.delivery}
    review = Review(
        number=standing.number, action=action, actor=str(actor), before=before, after=after, reason=reason,
        version=standing.version, act=secrets.token_hex(12), at=now(),
    )  # fmt: skip
    session.add(review)
    session.flush()
    audit.record(session, actor, f"assignment.{action}", f"submission:{standing.number}", before, after)
    feed.tell(session, f"assignment.{action}", [(standing.number, after | {"version": standing.version})])


def _standing(session: Session, actor: Actor, number: int, version: int | None = None) -> Standing:
    standing = standing_or_raise(session, number, actor)
    if version is not None:
        _as_seen(standing, version)
    return standing


def _as_seen(standing: Standing, version: int) -> None:
    if standing.version != version:
        seen = {"version": standing.version, "delivery": standing.delivery, "review": standing.review}
        raise ConflictError(
            f"第 {standing.number} 件已经改过（您看到第 {version} 版，现在是第 {standing.version} 版）。"
            "请看过现在的再改。",
            seen,
        )


def _assignable(standing: Standing) -> None:
    if standing.restricted:
        raise ForbiddenError(f"第 {standing.number} 件只到办公室，不能交办委员。")
    if standing.status != "triaged" or standing.review == "junked":
        raise RuleError(f"第 {standing.number} 件是垃圾信息或不可读，不能交办。判错的，请先改正。", "number")


def _proposed(session: Session, standing: Standing) -> list[tuple[str, str]]:
    decision = orjson.loads(session.get_one(DecisionRow, standing.decision).content)
    return [(each["id"], each["role"]) for each in decision["route"]["members"] if each.get("role", LEAD) in ROLES]


def _members_fit(session: Session, number: int, chosen: Sequence[tuple[str, str]]) -> None:
    """Refuse who is not on the roster, twice named, or has the matter already."""
    names = [member for member, _ in chosen]
    query = select(Member.id, Member.name).where(Member.id.in_(names), Member.active)
    active = dict(session.execute(query).all())
    have = {each.member for each in of_submission(session, number) if each.state in UNDER_WAY}
    for member, role in chosen:
        if role not in ROLES:
            offered = "、".join(f"{ROLE[each]}（{each}）" for each in ROLES)
            raise RuleError(f"委员 {member} 的分工“{role}”不对，只能是 {offered}。", "members")
        if member not in active:
            raise RuleError(f"委员“{member}”不在委员表中，或已不在任。请改选，或先更新委员表。", "members")
        if member in have or names.count(member) > 1:
            raise RuleError(f"委员“{active[member]}”已经接到第 {number} 件。请改选他人。", "members")


def _unchanged(assignment: Assignment, version: int) -> None:
    if assignment.version != version:
        raise ConflictError(
            f"第 {assignment.id} 号交办已被改过（现在{_STATE[assignment.state]}）。请看过现在的再改。",
            _seen(assignment),
        )


def _cannot(assignment: Assignment) -> str:
    return f"第 {assignment.id} 号交办{_STATE[assignment.state]}，现在不能这样做。"


def _seen(assignment: Assignment) -> dict[str, Any]:
    return {"version": assignment.version, "state": assignment.state, "member": assignment.member}
