"""Acts of officers on submissions: each is written as it was seen, changes standings, and can be taken back.

An act is a set of steps, one for each submission: what was before and what is after, kept in reviews that are only
ever added. So one function changes standings, and undoing is doing the steps the other way round.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from service.accounts.actor import Actor
from service.accounts.sight import standing_or_raise
from service.desk import audit, feed
from service.desk.errors import ConflictError, NotFoundError, RuleError
from service.export.labels import REVIEWED
from service.neighbours import texts
from service.store import Issue, Review, RulingRow, Standing, User, now

UNDOABLE = ("accept", "correct", "junk", "reopen", "confirm_link", "reject_link", "merge", "merge_issue", "split")
_DECIDING = {"accept", "correct", "junk", "reopen"}
"""Acts that all say what the decision is to be: one is not taken back from under another."""
_BESIDE = ("undo", "second")
"""What is no act on a submission: taking one back, and a second reading of its text for the labels."""
_RULINGS = "rulings"


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one submission.

    after : columns of its standing.
    rulings : "3-7" → whether these two are one matter, None for what nobody decided.
    undoes : the review that this takes back.
    """

    standing: Standing
    after: dict[str, Any]
    rulings: dict[str, bool | None] = field(default_factory=dict)
    undoes: int | None = None


def standing(session: Session, actor: Actor, number: int, version: int | None = None) -> Standing:
    """Return a standing that the actor may know of, as they saw it.

    Raises
    ------
    NotFoundError
        Where there is none, or only the desk may know of it.
    ConflictError
        Where it is of another version by now; it names what changed, by whom and when.
    """
    found = standing_or_raise(session, number, actor)
    if version is not None and found.version != version:
        raise conflict(session, found, version)
    return found


def conflict(session: Session, found: Standing, version: int) -> ConflictError:
    """Return the error that tells what happened to a standing since a version."""
    query = select(Review).where(Review.number == found.number, Review.version > version).order_by(Review.id)
    since = session.scalars(query).all()
    told = [
        {
            "action": each.action,
            "actor": each.actor,
            "at": each.at.isoformat(timespec="seconds"),
            "before": {name: value for name, value in each.before.items() if name != _RULINGS},
            "after": {name: value for name, value in each.after.items() if name != _RULINGS},
        }
        for each in since
    ]
    who = "；".join(did(session, each.actor, each.at, each.action) for each in since) or "系统重新研判"
    return ConflictError(
        f"第 {found.number} 号已不是您看到的样子（您看到第 {version} 版，现在是第 {found.version} 版）：{who}。"
        "请刷新后再操作。",
        {"version": found.version, "reviews": told},
    )


def did(session: Session, actor: str, at: datetime, action: str) -> str:
    """Return who did what when, as people say it: the name that is shown, and the time where this machine is."""
    kind, _, name = actor.partition(":")
    shown = session.scalar(select(User.shown).where(User.name == name)) if kind == "user" else None
    when = at.astimezone().strftime("%m月%d日 %H:%M")
    return f"{shown or name} 于 {when} {REVIEWED.get(action, action)}"


def perform(
    session: Session, actor: Actor, action: str, steps: Sequence[Step], *, reason: str = "", glance: bool = False
) -> list[Review]:
    """Do an act: change standings, and keep the reviews, the rulings, the audit, the feed and the matching in step.

    What changes nothing leaves no trace. The new issue of a step must be there already.
    """
    act, at = secrets.token_hex(12), now()
    reviews, moved = [], {}
    for step in steps:
        own = step.standing
        before: dict[str, Any] = {name: getattr(own, name) for name in step.after}
        after = {name: value for name, value in step.after.items() if before[name] != value}
        before = {name: before[name] for name in after}
        rulings = _differing(session, step.rulings)
        if not after and not rulings:
            continue
        if "issue" in after:
            moved[own.number] = before["issue"], after["issue"]
        for name, value in after.items():
            setattr(own, name, value)
        own.version, own.changed_at = own.version + 1, at
        if rulings:
            before[_RULINGS], after[_RULINGS] = rulings, {pair: step.rulings[pair] for pair in rulings}
        review = Review(
            number=own.number, action=action, actor=str(actor), before=before, after=after, reason=reason,
            version=own.version, glance=glance, act=act, undoes=step.undoes, at=at,
        )  # fmt: skip
        session.add(review)
        reviews.append(review)
    session.flush()
    for review in reviews:
        _rule(session, review)
    _settle(session, [each.number for each in reviews if {"issue", "repeats", "kind"} & each.after.keys()])
    _tidy(session, moved.values())
    _tell(session, actor, action, reviews, reason)
    return reviews


def undo(session: Session, actor: Actor, number: int, version: int) -> list[Review]:
    """Take back the last act on a submission, with all that the same click did; of many accepted at once only this.

    Raises
    ------
    ConflictError
        Where it or another submission of the act was changed since.
    RuleError
        Where there is nothing to take back.
    """
    standing(session, actor, number, version)
    undone = select(Review.undoes).where(Review.undoes.is_not(None), Review.number == number)
    query = (
        select(Review)
        .where(Review.number == number, Review.action.not_in(_BESIDE), Review.id.not_in(undone))
        .order_by(Review.id.desc())
        .limit(1)
    )
    last = session.scalar(query)
    if last is None or last.action not in UNDOABLE:
        what = f"上一步是“{REVIEWED.get(last.action, last.action)}”，不能在这里撤销" if last else "没有可撤销的操作"
        raise RuleError(f"第 {number} 号：{what}。", "number")
    reviews = [last] if last.glance else list(session.scalars(select(Review).where(Review.act == last.act)))
    for each in reviews:
        standing_or_raise(session, each.number, actor)
    return perform(
        session, actor, "undo", [_back(session, each) for each in reviews], reason=f"撤销{REVIEWED[last.action]}"
    )


def undo_act(session: Session, actor: Actor, act: str) -> tuple[list[Review], list[int]]:
    """Take back what one click did, all that nobody changed since; also return the numbers that were left.

    Raises
    ------
    NotFoundError
        Where there is no such act, or the actor may not know of what it was done with.
    """
    reviews = session.scalars(select(Review).where(Review.act == act, Review.action.in_(UNDOABLE))).all()
    if not reviews:
        raise NotFoundError(f"没有操作 {act}。请从操作的回执里取它的 act。")
    for each in reviews:
        standing_or_raise(session, each.number, actor)
    undone = set(session.scalars(select(Review.undoes).where(Review.undoes.in_([each.id for each in reviews]))))
    steps, left = [], []
    for each in reviews:
        try:
            steps += [_back(session, each)] if each.id not in undone else []
        except ConflictError:
            left.append(each.number)
    if left and not reviews[0].glance:  # a merge goes back whole or not at all
        raise ConflictError(
            f"第 {'、'.join(map(str, left))} 号后来又改过，不能整批撤销。请逐件处理。", {"numbers": left}
        )
    return perform(session, actor, "undo", steps, reason=f"撤销{REVIEWED[reviews[0].action]}"), left


def first_of(session: Session, issue: str, *, without: Iterable[int] = ()) -> int | None:
    """Return the first text of an issue."""
    query = select(Standing.number).where(Standing.issue == issue, Standing.number.not_in(list(without)))
    return session.scalar(query.order_by(Standing.number).limit(1))


def pair(one: int, other: int) -> str:
    """Return the name of two texts, the earlier first."""
    return f"{min(one, other)}-{max(one, other)}"


def _back(session: Session, review: Review) -> Step:
    """Return the step that takes a review back.

    Raises
    ------
    ConflictError
        Where somebody acted since on what it changed, even if all is as it left it.
    """
    own = session.get_one(Standing, review.number)
    if own.version != review.version and any(_bears_on(each, review) for each in _since(session, review)):
        raise conflict(session, own, review.version)
    after = {name: value for name, value in review.after.items() if name != _RULINGS}
    rulings = review.after.get(_RULINGS, {})
    if any(getattr(own, name) != value for name, value in after.items()) or _held(session, rulings) != rulings:
        raise conflict(session, own, review.version)
    before = dict(review.before)
    return Step(own, before, before.pop(_RULINGS, {}), review.id)


def _since(session: Session, review: Review) -> Sequence[Review]:
    """Return what was done with a submission after a review and not taken back."""
    undone = select(Review.undoes).where(Review.undoes.is_not(None), Review.number == review.number)
    query = select(Review).where(Review.number == review.number, Review.id > review.id)
    return session.scalars(query.where(Review.action.not_in(_BESIDE), Review.id.not_in(undone))).all()


def _bears_on(later: Review, review: Review) -> bool:
    both = {later.action, review.action} <= _DECIDING
    return both or not _touched(later).isdisjoint(_touched(review))


def _touched(review: Review) -> set[str]:
    """Return the columns and the pairs of texts that a review changed."""
    return {*review.after, *review.after.get(_RULINGS, ())} - {_RULINGS}


def _held(session: Session, pairs: Iterable[str]) -> dict[str, bool | None]:
    """Return what officers decided about some pairs."""
    held: dict[str, bool | None] = {}
    for name in pairs:
        one, other = map(int, name.split("-"))
        query = select(RulingRow.together).where(RulingRow.one == one, RulingRow.other == other)
        held[name] = session.scalar(query)
    return held


def _differing(session: Session, rulings: dict[str, bool | None]) -> dict[str, bool | None]:
    """Return what holds of those pairs about which something else is to hold."""
    return {name: held for name, held in _held(session, rulings).items() if held != rulings[name]}


def _rule(session: Session, review: Review) -> None:
    for name, together in review.after.get(_RULINGS, {}).items():
        one, other = map(int, name.split("-"))
        session.execute(delete(RulingRow).where(RulingRow.one == one, RulingRow.other == other))
        if together is not None:
            session.add(RulingRow(one=one, other=other, together=together, review=review.id))
    session.flush()


def _settle(session: Session, numbers: Sequence[int]) -> None:
    """Let the matching know the issues of texts, so that what comes later joins the right one."""
    if not numbers:
        return
    rows = session.scalars(select(Standing).where(Standing.number.in_(numbers))).all()
    repeated = {str(each.repeats) for each in rows if each.kind == "duplicate"}
    places = dict(session.execute(select(texts.c.id, texts.c.number).where(texts.c.id.in_(repeated))).all())
    for each in rows:
        first = places.get(str(each.repeats), -1) if each.kind == "duplicate" else -1
        session.execute(update(texts).where(texts.c.id == str(each.number)).values(issue=each.issue, first=first))


def _tidy(session: Session, moves: Iterable[tuple[str, str]]) -> None:
    """Let an issue that lost all its texts name the one that has them now; one that has texts names none."""
    for left, joined in dict.fromkeys(moves):
        old, new = session.get_one(Issue, left), session.get_one(Issue, joined)
        old.version, new.version = old.version + 1, new.version + 1
        new.merged_into = None
        old.merged_into = None if first_of(session, left) else joined
    session.flush()


def _tell(session: Session, actor: Actor, action: str, reviews: Sequence[Review], reason: str) -> None:
    if not reviews:
        return
    told = [(each.number, {"action": action, "actor": each.actor, "version": each.version}) for each in reviews]
    feed.tell(session, f"submission.{action}", told)
    before, after = ({str(each.number): getattr(each, side) for each in reviews} for side in ("before", "after"))
    what = "submission:" + ",".join(str(each.number) for each in reviews[:50]) + ("…" if len(reviews) > 50 else "")
    audit.record(session, actor, f"submission.{action}", what, before, after, reason)
