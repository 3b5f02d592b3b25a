"""Issues: officers join submissions to one, take them out again, name it and put it under a theme."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.accounts.actor import Actor
from service.accounts.sight import visible
from service.desk import audit, feed
from service.desk.acts import Step, did, first_of, pair, perform, standing, undo_act
from service.desk.errors import ConflictError, NotFoundError, RuleError
from service.desk.review import Seen
from service.export.labels import title_and_body
from service.masking import masked, spans_of
from service.store import AuditEntry, DecisionRow, Issue, Review, Standing, Theme, now

_LONGEST = 200
"""Characters of an issue's name."""


def issue(session: Session, name: str, version: int | None = None) -> Issue:
    """Return an issue as somebody saw it.

    Raises
    ------
    NotFoundError
        Where there is none.
    ConflictError
        Where it is of another version by now; it names the last change, by whom and when.
    """
    found = session.get(Issue, name)
    if found is None:
        raise _missing(name)
    if version is not None and found.version != version:
        last = session.scalar(
            select(AuditEntry).where(AuditEntry.what == f"issue:{name}").order_by(AuditEntry.seq.desc()).limit(1)
        )
        what = did(session, last.actor, datetime.fromisoformat(last.at), last.action) if last else "有来件并入或拆出"
        changed = {"version": found.version, "name": found.name, "theme": found.theme, "merged_into": found.merged_into}
        raise ConflictError(
            f"事项“{name}”已不是您看到的样子（您看到第 {version} 版，现在是第 {found.version} 版）：{what}。"
            "请刷新后再操作。",
            changed,
        )
    return found


def names(session: Session, actor: Actor, which: Sequence[str]) -> dict[str, str]:
    """Return the names of issues, of those that an actor may know of.

    Where a text of an issue is hidden from them, what officers called it may tell of that text: the first text that
    they may know of names it then.
    """
    ours = visible(select(Standing.issue, func.min(Standing.number)), actor).where(Standing.issue.in_(which))
    first: dict[str, int] = dict(session.execute(ours.group_by(Standing.issue)).all())
    told: dict[str, str] = dict(session.execute(select(Issue.id, Issue.name).where(Issue.id.in_(first))).all())
    hidden = _hiding(session, actor, first)
    query = (
        select(Standing.issue, DecisionRow.content)
        .join(DecisionRow, DecisionRow.id == Standing.decision)
        .where(Standing.number.in_([first[name] for name in hidden]))
    )
    for name, content in session.execute(query) if hidden else ():
        told[name] = _title(orjson.loads(content))
    return told


def as_read(session: Session, actor: Actor, own: Issue) -> Issue:
    """Return an issue as an actor may read it; one that was merged, where they may know of the one that it went to.

    Raises
    ------
    NotFoundError
        Where they may know of no text of it: they are told the same as where there is none.
    """
    home = _home(session, own)
    told = names(session, actor, [home.id]).get(home.id)
    if told is None:
        raise _missing(own.id)
    if told == home.name:
        return own
    kept = {name: getattr(own, name) for name in ("id", "theme", "merged_into", "version", "opened_at")}
    return Issue(name=told, **kept)


def confirm_link(session: Session, actor: Actor, seen: Seen, reason: str = "") -> Standing:
    """Confirm that a submission repeats another or joins its issue."""
    own = standing(session, actor, seen.number, seen.version)
    if own.repeats is None:
        raise RuleError(f"第 {own.number} 号没有待确认的关联。要并案，请用“并入事项”。", "number")
    rulings: dict[str, bool | None] = {pair(own.number, own.repeats): True}
    perform(session, actor, "confirm_link", [Step(own, {"link": "confirmed"}, rulings)], reason=reason)
    return own


def reject_link(session: Session, actor: Actor, seen: Seen, reason: str = "") -> Standing:
    """Reject that a submission repeats or joins another: it becomes an issue of its own."""
    return split(session, actor, seen, reason, action="reject_link")


def merge(session: Session, actor: Actor, seen: Seen, into: str, reason: str = "") -> Standing:
    """Join a submission, with those that repeat it, to an issue."""
    own = standing(session, actor, seen.number, seen.version)
    goal = _open(session, actor, into)
    first = first_of(session, goal.id)
    if own.issue == goal.id or first is None:
        told = f"第 {own.number} 号已在事项“{into}”里" if first else f"事项“{into}”已并入“{goal.merged_into}”"
        raise RuleError(f"{told}。请另选一个事项。", "into")
    after = {"issue": goal.id, "kind": "same_issue", "repeats": first, "link": "confirmed"}
    steps = [Step(own, after, {pair(own.number, first): True})]
    steps += [Step(each, {"issue": goal.id}) for each in _repeating(session, own)]
    perform(session, actor, "merge", steps, reason=reason)
    return own


def split(session: Session, actor: Actor, seen: Seen, reason: str = "", *, action: str = "split") -> Standing:
    """Take a submission, with those that repeat it, out of its issue, into one of its own."""
    own = standing(session, actor, seen.number, seen.version)
    along = _repeating(session, own)
    stays = first_of(session, own.issue, without=[own.number, *(each.number for each in along)])
    if stays is None:
        raise RuleError(f"事项“{own.issue}”里只有这一件，不用拆出。", "number")
    rulings: dict[str, bool | None] = {pair(own.number, stays): False}
    if own.repeats and session.get_one(Standing, own.repeats).issue == own.issue:
        rulings[pair(own.number, own.repeats)] = False
    name = _own_issue(session, own)
    link = own.link if own.link == "none" else "rejected"
    steps = [Step(own, {"issue": name, "kind": "unique", "repeats": None, "link": link}, rulings)]
    steps += [Step(each, {"issue": name}) for each in along]
    perform(session, actor, action, steps, reason=reason)
    return own


def merge_issues(session: Session, actor: Actor, name: str, version: int, into: str, reason: str = "") -> list[Review]:
    """Join all of an issue to another. Its id stays and names where its texts are."""
    source, goal = _open(session, actor, name, version), _open(session, actor, into)
    first, goal_first = first_of(session, source.id), first_of(session, goal.id)
    if source.id == goal.id or first is None or goal_first is None:
        raise RuleError(f"“{name}”不能并入“{into}”：两个事项应不同，且都还有来件。请刷新后再选。", "into")
    steps = []
    for each in session.scalars(select(Standing).where(Standing.issue == source.id).order_by(Standing.number)):
        after: dict[str, Any] = {"issue": goal.id}
        if each.number == first:
            after |= {"kind": "same_issue", "repeats": goal_first, "link": "confirmed"}
        steps.append(Step(each, after, {pair(first, goal_first): True} if each.number == first else {}))
    reviews = perform(session, actor, "merge_issue", steps, reason=reason)
    _record(session, actor, "issue.merge", source, {"merged_into": None}, {"merged_into": goal.id}, reason)
    return reviews


def unmerge(session: Session, actor: Actor, name: str, version: int) -> list[Review]:
    """Take an issue out again of the one that it was merged into, as it was.

    Raises
    ------
    RuleError
        Where it was not merged.
    ConflictError
        Where texts of it were moved on since.
    """
    source = _open(session, actor, name, version)
    if source.merged_into is None:
        raise RuleError(f"事项“{name}”没有并入别的事项。", "issue")
    query = (
        select(Review)
        .join(Standing, Standing.number == Review.number)
        .where(Standing.issue == source.merged_into, Review.action == "merge_issue")
        .order_by(Review.id.desc())
    )
    last = next((each for each in session.scalars(query) if each.before.get("issue") == name), None)
    if last is None:
        raise RuleError(f"事项“{name}”不是整体并入的。请逐件拆出。", "issue")
    reviews, _ = undo_act(session, actor, last.act)
    _record(session, actor, "issue.unmerge", source, {}, {"merged_into": None}, "")
    return reviews


def rename(session: Session, actor: Actor, name: str, version: int, title: str, reason: str = "") -> Issue:
    """Give an issue a name that people understand."""
    own = _open(session, actor, name, version)
    title = title.strip()
    if not title:
        raise RuleError("事项名称不能为空。", "name")
    if len(title) > _LONGEST:
        raise RuleError(f"事项名称有 {len(title)} 个字，最多 {_LONGEST} 个。请写短些。", "name")
    before, own.name = own.name, title
    return _changed(session, actor, "issue.rename", own, {"name": before}, {"name": own.name}, reason)


def set_theme(session: Session, actor: Actor, name: str, version: int, theme: str | None) -> Issue:
    """Put an issue under a theme, which is made where it is new; None takes it away."""
    own = _open(session, actor, name, version)
    before, own.theme = own.theme, None
    if theme:
        found = session.scalar(select(Theme).where(Theme.name == theme))
        if found is None:
            found = Theme(name=theme)
            session.add(found)
            session.flush()
        own.theme = found.id
    return _changed(session, actor, "issue.theme", own, {"theme": before}, {"theme": own.theme}, "")


def _open(session: Session, actor: Actor, name: str, version: int | None = None) -> Issue:
    """Return an issue for somebody to act on: they may know of all its texts; see `issue`."""
    own = session.get(Issue, name)
    if own is None or _hiding(session, actor, [_home(session, own).id]):
        raise _missing(name)
    return issue(session, name, version)


def _missing(name: str) -> NotFoundError:
    return NotFoundError(f"没有事项“{name}”，或者不归您查看。请核对编号。")


def _title(decision: dict[str, Any]) -> str:
    return title_and_body(masked(decision["clean"]["text"], spans_of(decision)))[0]


def _hiding(session: Session, actor: Actor, which: Iterable[str]) -> set[str]:
    """Return those of some issues in which there is a text that an actor may not know of."""
    if "read" not in actor.may:
        return set(which)
    if "read_restricted" in actor.may:
        return set()
    return set(session.scalars(select(Standing.issue).where(Standing.issue.in_(which), Standing.restricted)))


def _home(session: Session, own: Issue) -> Issue:
    """Return the issue that has the texts of one now."""
    while own.merged_into is not None:
        own = session.get_one(Issue, own.merged_into)
    return own


def _repeating(session: Session, own: Standing) -> Sequence[Standing]:
    """Return the texts of the same issue that repeat one: they go where it goes."""
    query = select(Standing).where(
        Standing.repeats == own.number, Standing.kind == "duplicate", Standing.issue == own.issue
    )
    return session.scalars(query.order_by(Standing.number)).all()


def _own_issue(session: Session, own: Standing) -> str:
    """Return the id of an issue for one text: the one called after it where nobody is in it, else a new one."""
    name, count = f"issue-{own.number}", 1
    while first_of(session, name) is not None:
        count += 1
        name = f"issue-{own.number}-{count}"
    if session.get(Issue, name) is None:
        decision = orjson.loads(session.get_one(DecisionRow, own.decision).content)
        session.add(Issue(id=name, name=_title(decision), opened_at=now()))
        session.flush()
    return name


def _changed(
    session: Session, actor: Actor, action: str, own: Issue, before: dict[str, Any], after: dict[str, Any], reason: str
) -> Issue:
    own.version += 1
    session.flush()
    _record(session, actor, action, own, before, after, reason)
    return own


def _record(
    session: Session, actor: Actor, action: str, own: Issue, before: dict[str, Any], after: dict[str, Any], reason: str
) -> None:
    audit.record(session, actor, action, f"issue:{own.id}", before, after, reason)
    told = {name: value for name, value in after.items() if name != "name"}  # it may tell of what is restricted
    first = first_of(session, _home(session, own).id)
    feed.tell(session, action, [(first, {"issue": own.id, "actor": str(actor), "version": own.version, **told})])
