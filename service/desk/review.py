"""Review: an officer accepts, corrects, throws out or reopens what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import orjson
from sqlalchemy.orm import Session

from pipeline.knowledge import CORPORA, table
from pipeline.records import INTENTS, LEVELS, Level, Status, Topic
from pipeline.route import Matter, Router
from pipeline.route.places import NOWHERE, Recognised
from service.accounts.actor import Actor
from service.desk.acts import Step, perform, standing
from service.desk.days import day
from service.desk.errors import ConflictError, NotFoundError, RuleError
from service.store import DecisionRow, Review, Standing

CORRECTABLE = ("level1", "level2", "priority", "intent", "place", "sector", "committee", "due", "restricted")
_REROUTING = {"level1", "level2", "priority", "place"}
_ROUTED = ("sector", "committee", "station", "due", "restricted", "owner")


@dataclass(frozen=True, slots=True)
class Seen:
    """A submission, and the version of it that an officer saw."""

    number: int
    version: int


@cache
def topics() -> frozenset[tuple[str, str]]:
    """Return the topics, first and second level."""
    return frozenset((row["level1"], row["level2"]) for _, row in table(CORPORA / "topics.csv", "level1", "level2"))


def accept(session: Session, actor: Actor, seen: Seen, reason: str = "") -> Standing:
    """Agree with what was decided; that it repeats or joins another is confirmed by itself."""
    own = standing(session, actor, seen.number, seen.version)
    perform(session, actor, "accept", [Step(own, {"review": "accepted", "needs_review": False})], reason=reason)
    return own


def accept_sure(
    session: Session, actor: Actor, items: Sequence[Seen], *, picked: bool = False
) -> tuple[list[Review], list[int]]:
    """Accept at a glance all that an officer had before them and that needs no review by the precision dial.

    Where the officer picked them one by one, those that need review are accepted as well.

    Return the reviews, which `undo_act` takes back together, and the numbers that were left: changed since, unsure,
    restricted or looked at already.
    """
    steps, left = [], []
    for seen in {each.number: each for each in items}.values():
        try:
            own = standing(session, actor, seen.number, seen.version)
        except (ConflictError, NotFoundError):
            left.append(seen.number)
            continue
        sure = picked or not (own.needs_review or own.restricted)
        if own.waits and own.status == Status.TRIAGED and sure:
            steps.append(Step(own, {"review": "accepted", "needs_review": False}))
        else:
            left.append(seen.number)
    return perform(session, actor, "accept", steps, glance=True), left


def junk(session: Session, actor: Actor, seen: Seen, reason: str = "") -> Standing:
    """Call it no submission. It stays, and can be reopened."""
    own = standing(session, actor, seen.number, seen.version)
    after = {"review": "junked", "status": Status.JUNK.value, "needs_review": False}
    perform(session, actor, "junk", [Step(own, after)], reason=reason)
    return own


def reopen(session: Session, actor: Actor, seen: Seen, reason: str = "") -> Standing:
    """Put it back into the queue as a submission that nobody looked at.

    Raises
    ------
    RuleError
        Where its matter is closed: no queue holds it.
    """
    own = standing(session, actor, seen.number, seen.version)
    if own.delivery == "closed":
        other = "主题等有误，请用“更正”；没有办好，请在交办里点“请其重办”。"
        raise RuleError(f"第 {seen.number} 件已办结，不再回到待研判。{other}", "number")
    status = own.status if own.status == Status.UNREADABLE else Status.TRIAGED.value
    after = {"review": "pending", "status": status, "needs_review": True}
    perform(session, actor, "reopen", [Step(own, after)], reason=reason)
    return own


def correct(
    session: Session, actor: Actor, seen: Seen, changes: dict[str, Any], router: Router, reason: str = ""
) -> Standing:
    """Change what was decided. A new topic, priority or place routes it anew, as far as the changes do not say how.

    Parameters
    ----------
    changes : of `CORRECTABLE`; a first level without a second takes the second away.
    router : the office's tables.

    Raises
    ------
    RuleError
        Where a value is none that there is.
    """
    own = standing(session, actor, seen.number, seen.version)
    if "level1" in changes:
        changes = {"level2": None} | changes
    _check(own, changes, router)
    after = dict(changes)
    if "priority" in changes:
        after["score"] = _moved(own.score, own.priority, changes["priority"])
    if any(getattr(own, name) != changes[name] for name in _REROUTING & changes.keys()):
        after = _rerouted(session, own, after, router) | after
    after |= {"review": "corrected", "needs_review": False, "status": Status.TRIAGED.value}
    perform(session, actor, "correct", [Step(own, after)], reason=reason)
    return own


def _check(own: Standing, changes: dict[str, Any], router: Router) -> None:
    if unknown := sorted(changes.keys() - set(CORRECTABLE)):
        raise RuleError(f"不能更正“{unknown[0]}”。可更正：{'、'.join(CORRECTABLE)}。", unknown[0])
    if not changes:
        raise RuleError("没有写要更正什么。请至少给出一个字段。", "changes")
    level1, level2 = (changes.get(name, getattr(own, name)) for name in ("level1", "level2"))
    if level1 not in {first for first, _ in topics()}:
        raise RuleError(f"没有一级主题“{level1}”。可用的主题见 corpora/topics.csv。", "level1")
    if level2 is not None and (level1, level2) not in topics():
        raise RuleError(f"“{level1}”下面没有二级主题“{level2}”。可用的主题见 corpora/topics.csv。", "level2")
    for name, known in (("priority", [*LEVELS]), ("intent", [*INTENTS])):
        if name in changes and changes[name] not in known:
            raise RuleError(f"{name} 不能是“{changes[name]}”。可用：{'、'.join(known)}。", name)
    places = {place.name for place in router.places.by_id.values()}
    if changes.get("place") and places and changes["place"] not in places:
        raise RuleError(f"地点表里没有“{changes['place']}”。请先在地点表中补上，或改用表里的名称。", "place")
    day(changes.get("due"), "due", "期限")


def _moved(score: float, old: str, new: str) -> float:
    """Return the score at the same height in another level's band."""
    return round(score + (LEVELS.index(Level(new)) - LEVELS.index(Level(old))) / len(LEVELS), 4)


def _rerouted(session: Session, own: Standing, after: dict[str, Any], router: Router) -> dict[str, Any]:
    """Return the columns that the office's tables give to what a submission is now; a member who has it keeps it."""
    told = orjson.loads(session.get_one(DecisionRow, own.decision).content)
    level1, level2, level, name = (
        after.get(name, getattr(own, name)) for name in ("level1", "level2", "priority", "place")
    )
    place = next((place for place in router.places.by_id.values() if place.name == name), None)
    try:
        day = date.fromisoformat(own.day)
    except ValueError:
        day = None
    matter = Matter(
        told["clean"]["text"],
        Topic(level1, level2, 1.0, {level1: 1.0}, needs_review=False),
        Level(level),
        place=Recognised(place) if place else NOWHERE,
        day=day,
        keywords=tuple(told["keywords"]),
    )
    route = router.route(matter)
    kept = () if own.delivery == "none" else ("owner", "station")
    return {name: getattr(route, name) for name in _ROUTED if name not in kept}
