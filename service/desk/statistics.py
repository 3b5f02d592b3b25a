"""Statistics: how much came of what, how far it got, what officers corrected, what members have in hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from service.accounts.actor import Actor
from service.accounts.sight import visible
from service.desk.errors import RuleError
from service.desk.queue import Filters, Queue
from service.store import Answer, Assignment, Member, Review, Standing

BY = ("day", "level1", "level2", "priority", "place", "sector", "source", "channel", "intent", "owner")
STEPS = ("received", "triaged", "issues", "assigned", "answered")
_ASSIGNED = ("sent", "accepted", "handed_back", "answered", "closed")
_ANSWERED = ("answered", "closed")


def _accepted(*, glance: bool) -> Select[int]:
    """Return the submissions that were accepted at a glance, or one by one, where that was not taken back."""
    undone = select(Review.undoes).where(Review.undoes.is_not(None))
    accepted = Review.action == "accept", Review.glance.is_(glance), Review.id.not_in(undone)
    return select(Review.number).where(*accepted)


_GLANCED = and_(
    Standing.review == "accepted",
    Standing.number.in_(_accepted(glance=True)),
    Standing.number.not_in(_accepted(glance=False)),
)


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many came, and how many got how far; `dropped` counts those that did not, by reason."""

    received: int
    triaged: int
    issues: int
    assigned: int
    answered: int
    dropped: dict[str, int]


@dataclass(frozen=True, slots=True)
class Confused:
    """How often officers found a topic where the software had decided for another, or the same."""

    decided: str | None
    officer: str | None
    count: int


@dataclass(frozen=True, slots=True)
class MemberLoad:
    """What a member has in hand and had, and how many hours pass until they answer, in the middle."""

    member: str
    name: str
    open: int
    answered: int
    handed_back: int
    hours: float | None


class Statistics:
    """Counts over what an actor may see under some filters; usually over a span of days."""

    def __init__(self, session: Session, actor: Actor, queue: Queue, filters: Filters) -> None:
        self.session = session
        seen = visible(select(Standing.number), actor).whereclause
        self.where: Sequence[ColumnElement[bool]] = queue.conditions(session, actor, filters)
        if seen is not None:
            self.where = [*self.where, seen]

    def by(self, what: str) -> dict[str, int]:
        """Return how many there are of each value, the most frequent first, days in their order.

        Raises
        ------
        RuleError
            Where it is nothing to count by.
        """
        if what not in BY:
            raise RuleError(f"不能按“{what}”统计。可用：{'、'.join(BY)}。", "by")
        column = getattr(Standing, what)
        order = (column,) if what == "day" else (func.count().desc(), column)
        query = select(column, func.count()).where(*self.where).group_by(column).order_by(*order)
        return {str(value): count for value, count in self.session.execute(query) if value is not None}

    def funnel(self) -> Funnel:
        """Return how many got how far."""
        triaged = Standing.status == "triaged"
        repeats = (Standing.kind == "duplicate") & (Standing.link != "rejected") & triaged
        wanted: list[Any] = [
            func.count(),
            func.count().filter(triaged),
            func.count(Standing.issue.distinct()).filter(triaged),
            func.count().filter(Standing.delivery.in_(_ASSIGNED)),
            func.count().filter(Standing.delivery.in_(_ANSWERED)),
            func.count().filter(Standing.status == "junk"),
            func.count().filter(Standing.status == "unreadable"),
            func.count().filter(repeats),
        ]
        told = self.session.execute(select(*wanted).where(*self.where)).one()
        dropped = dict(zip(("junk", "unreadable", "duplicate"), told[5:], strict=True))
        return Funnel(**dict(zip(STEPS, told[:5], strict=True)), dropped=dropped)

    def confusion(self) -> list[Confused]:
        """Return what officers made of the decided topics, where they looked at one after the other.

        Corrections that were taken back do not count.
        """
        undone = select(Review.undoes).where(Review.undoes.is_not(None))
        corrected = (
            select(Review.number, Review.before, Review.after)
            .join(Standing, Standing.number == Review.number)
            .where(Review.action == "correct", Review.id.not_in(undone), *self.where)
            .order_by(Review.id)
        )
        ends: dict[int, tuple[str | None, str | None]] = {}
        for number, before, after in self.session.execute(corrected):
            if "level1" in after:  # corrected twice: from the first decision to the last word
                ends[number] = ends.get(number, (before["level1"],))[0], after["level1"]
        agreed = (
            select(Standing.level1, func.count())
            .where(Standing.review.in_(("accepted", "corrected")), Standing.number.not_in(ends), ~_GLANCED, *self.where)
            .group_by(Standing.level1)
        )
        counts = Counter(ends.values())
        for level1, count in self.session.execute(agreed):
            counts[level1, level1] += count
        return [Confused(*key, count) for key, count in counts.most_common()]

    def glanced(self) -> int:
        """Return how many were accepted with many others at once, and by nobody by themselves."""
        return self.session.scalar(select(func.count()).select_from(Standing).where(_GLANCED, *self.where)) or 0

    def members(self) -> list[MemberLoad]:
        """Return what members have in hand, the busiest first."""
        first = select(Answer.assignment, func.min(Answer.at).label("at")).group_by(Answer.assignment).subquery()
        query = (
            select(Assignment.member, Member.name, Assignment.state, Assignment.sent_at, first.c.at)
            .join(Member, Member.id == Assignment.member)
            .join(Standing, Standing.number == Assignment.number)
            .outerjoin(first, first.c.assignment == Assignment.id)
            .where(*self.where)
        )
        rows: dict[tuple[str, str], list[tuple[str, float | None]]] = {}
        for member, name, state, sent, answered in self.session.execute(query):
            hours = (answered - sent).total_seconds() / 3600 if answered else None
            rows.setdefault((member, name), []).append((state, hours))
        loads = [_load(*who, own) for who, own in rows.items()]
        return sorted(loads, key=lambda load: (-load.open, -load.answered, load.member))


def _load(member: str, name: str, own: Sequence[tuple[str, float | None]]) -> MemberLoad:
    states = Counter(state for state, _ in own)
    hours = [taken for _, taken in own if taken is not None]
    return MemberLoad(
        member=member,
        name=name,
        open=states["sent"] + states["accepted"],
        answered=sum(states[state] for state in _ANSWERED),
        handed_back=states["handed_back"],
        hours=round(median(hours), 1) if hours else None,
    )
