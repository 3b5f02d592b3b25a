"""The queue: submissions by filter and order, a page at a time, and how many there are of each kind."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, Select, SQLColumnExpression, and_, case, func, or_, select, tuple_
from sqlalchemy.orm import Session

from pipeline.features import Vocabulary
from pipeline.records import LEVELS
from pipeline.route.places import Places
from pipeline.segment import Segmenter
from service.accounts.actor import Actor
from service.accounts.sight import shown, visible
from service.desk import search, teach
from service.desk.days import day
from service.desk.errors import RuleError
from service.export.labels import title_and_body
from service.store import DecisionRow, Standing, SubmissionRow

MOST = 200
"""So many stand on a page at most."""
ORDERS = ("queue", "newest", "teach")
"""The most urgent first, of equal ones the oldest; the latest arrival first; or what teaches a later model most."""
FACETS = (
    "level1", "level2", "priority", "status", "review", "intent", "place", "sector", "owner", "source", "channel",
    "delivery", "link", "issue", "needs_review", "restricted",
)  # fmt: skip
"""The columns that can be filtered and counted by value."""

_Numbers = Select[int]
_NARROW = ("level1", "place", "sector", "owner", "issue")
"""Where one of these is asked for, few lines are left, and its index gives them in the order of the queue …"""
_BROAD = ("review", "status")
"""… which these leave many of; and of these two, the status leaves more."""

_COUNTED = (
    Standing.review, Standing.status, Standing.restricted, Standing.needs_review, Standing.priority, Standing.source,
)  # fmt: skip
"""What the queue is counted by: the columns of the index of counts in its order, so that nothing is sorted."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked for; of several values of one filter any will do, and all filters must hold.

    place : with all places below it, as far as the office's place tree knows them.
    since, until : days, both included.
    review : "pending" leaves out what was closed (办结) without a review, unless `delivery` asks for it.
    text : words that all must stand in the text, each whole or as the head of a word.
    """

    level1: tuple[str, ...] = ()
    level2: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    review: tuple[str, ...] = ()
    intent: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    sector: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    delivery: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    issue: tuple[str, ...] = ()
    needs_review: bool | None = None
    restricted: bool | None = None
    since: str | None = None
    until: str | None = None
    text: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no day: compared as text it would find nothing, or all."""
        object.__setattr__(self, "since", day(self.since, "since"))
        object.__setattr__(self, "until", day(self.until, "until"))

    @property
    def mark(self) -> str:
        """A short hash: a cursor belongs to the filters that it was given out for."""
        return hashlib.sha256(orjson.dumps(asdict(self))).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the queue: the standing, the number that the sender knows, and a title.

    Both as the reader may see them: without personal data the number is "".
    """

    standing: Standing
    reference: str
    title: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines, and the cursor for what follows; None at the end."""

    items: list[Listed]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Overview:
    """How many there are of each priority, the sources, the most frequent first, and how many are sure."""

    levels: dict[str, int]
    sources: list[str]
    sure: int


class Queue:
    """Reads the queue of an office.

    Parameters
    ----------
    places : the office's place tree.
    segmenter : cuts what is searched for as the texts were cut.
    vocabulary : of the working model; only the order "teach" needs it.
    """

    def __init__(self, places: Places, segmenter: Segmenter, vocabulary: Vocabulary | None = None) -> None:
        self.places = places
        self.segmenter = segmenter
        self.vocabulary = vocabulary

    def page(
        self,
        session: Session,
        actor: Actor,
        filters: Filters,
        *,
        order: str = "queue",
        cursor: str | None = None,
        most: int = 50,
    ) -> Page:
        """Return a page. A cursor names the last line that was seen, so it keeps its place when others change.

        Raises
        ------
        RuleError
            Where the cursor is none of ours, or belongs to other filters.
        """
        most = min(max(most, 1), MOST)
        found = self._numbers(session, actor, filters, order)
        if order == "teach":
            numbers = self._teaching(session, found, most)
        else:
            found = _from(found, order, _read(cursor, order, filters) if cursor else None).limit(most + 1)
            numbers = session.scalars(found).all()  # first alone: what has to be sorted is narrow then
        query = (
            select(Standing, SubmissionRow.reference)
            .join(SubmissionRow, SubmissionRow.number == Standing.number)
            .where(Standing.number.in_(numbers))
        )
        place = {number: at for at, number in enumerate(numbers)}
        rows = sorted(session.execute(query).all(), key=lambda row: place[row[0].number])
        titles = _titles(session, actor, rows[:most])
        personal = "read_personal" in actor.may
        items = [
            Listed(standing, reference if personal else "", titles[standing.number])
            for standing, reference in rows[:most]
        ]
        last = items[-1].standing if len(rows) > most else None
        return Page(items, _write(order, last, filters) if last else None)

    def above(
        self, session: Session, actor: Actor, filters: Filters, own: Standing, lines: int, *, order: str = "queue"
    ) -> str | None:
        """Return the cursor of the page that begins so many lines above a submission; None: that is the first page."""
        if order == "teach":  # it has one page
            return None
        query = self._numbers(session, actor, filters, order)
        last = session.scalar(_upwards(query, order, own).offset(lines).limit(1))
        return _write(order, session.get_one(Standing, last), filters) if last else None

    def beside(
        self, session: Session, actor: Actor, filters: Filters, own: Standing, *, order: str = "queue"
    ) -> tuple[int | None, int | None]:
        """Return what stands before and after a submission in a queue, whether or not it stands there itself."""
        query = self._numbers(session, actor, filters, order)
        if order == "teach":
            return teach.around(self._teaching(session, query, MOST), own.number)
        after = session.scalar(_from(query, order, (own.rank, own.number)).limit(1))
        return session.scalar(_upwards(query, order, own).limit(1)), after

    def _teaching(self, session: Session, found: _Numbers, most: int) -> Sequence[int]:
        """Return what teaches most: one page, for each review changes what comes next."""
        return teach.next_ones(session, found, self.vocabulary, most) if self.vocabulary else []

    def counts(self, session: Session, actor: Actor, filters: Filters, facet: str) -> dict[str, int]:
        """Return how many submissions there are of each value of a facet, all filters but its own applied.

        Raises
        ------
        RuleError
            Where there is no such facet.
        """
        if facet not in FACETS:
            raise RuleError(f"不能按“{facet}”计数。可用：{'、'.join(FACETS)}。", "by")
        column = getattr(Standing, facet)
        query = select(column, func.count()).group_by(column).order_by(func.count().desc(), column)
        query = visible(query.where(*self.conditions(session, actor, filters, without=facet)), actor)
        return {_word(value): count for value, count in session.execute(query.limit(1000)) if value is not None}

    def overview(
        self, session: Session, actor: Actor, filters: Filters, sure: Sequence[ColumnElement[bool]]
    ) -> Overview:
        """Count by priority and by source, each under all filters but its own, and what is `sure` under all.

        Parameters
        ----------
        sure : conditions on columns of `_COUNTED`.
        """
        told = (Standing.priority, Standing.source, case((and_(*sure), 1), else_=0))
        where = self.conditions(session, actor, replace(filters, priority=(), source=()))
        query = select(*told, func.count()).where(*where).group_by(*_COUNTED)
        levels, sources, passing = Counter[str](), Counter[str](), 0
        for level, source, is_sure, count in session.execute(visible(query, actor)):
            this_level, this_source = (
                not wanted or value in wanted for wanted, value in ((filters.priority, level), (filters.source, source))
            )
            levels[level] += count * this_source
            sources[source] += count * this_level
            passing += count * is_sure * this_level * this_source
        del sources[None]
        named = sorted((-count, name) for name, count in sources.items() if count)
        return Overview({name: count for name, count in levels.items() if count}, [name for _, name in named], passing)

    def _numbers(self, session: Session, actor: Actor, filters: Filters, order: str) -> _Numbers:
        """Return what finds the numbers of a queue, in no order yet."""
        where = self.conditions(session, actor, filters, newest=order == "newest")
        return visible(select(Standing.number).where(*where), actor)

    def conditions(
        self, session: Session, actor: Actor, filters: Filters, *, without: str = "", newest: bool = False
    ) -> list[ColumnElement[bool]]:
        """Return what standings must fulfil under some filters; what the actor may know of is another matter.

        Parameters
        ----------
        without : the filter to be left out.
        newest : whether they are read off by number, from the latest on.
        """
        found: list[ColumnElement[bool]] = []
        sqlite = session.get_bind().dialect.name == "sqlite"
        narrow = sqlite and (newest or any(getattr(filters, name) for name in _NARROW if name != without))
        for name in FACETS:
            wanted = getattr(filters, name)
            if name == without or wanted in ((), None):
                continue
            if name == "place":
                wanted = self._below(wanted)
            column = getattr(Standing, name)
            if (name in _BROAD and narrow) or (name == "status" and sqlite and filters.review):
                column = column + ""  # no index is used for it then: SQLite would take the wrong one
            found.append(_equal(column, wanted))
            if name == "priority":
                found.append(_band(wanted))
        if (without == "review" or "pending" in filters.review) and not filters.delivery and without != "delivery":
            found.append(or_(Standing.review != "pending", Standing.waits))
        if filters.since:
            found.append(Standing.day >= filters.since)
        if filters.until:
            found.append(Standing.day <= filters.until)
        if filters.text.strip():
            found.append(search.holds(session, filters.text, self.segmenter, personal="read_personal" in actor.may))
        return found

    def _below(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the names of places with those of all places below them."""
        above = {place.id for place in self.places.by_id.values() if place.name in names}
        below = [place.name for place in self.places.by_id.values() if above.intersection(self.places.chain(place.id))]
        return tuple(dict.fromkeys((*names, *below)))


def _equal(column: SQLColumnExpression[Any], wanted: tuple[str, ...] | bool) -> ColumnElement[bool]:
    if isinstance(wanted, bool):
        return column.is_(wanted)
    return column == wanted[0] if len(wanted) == 1 else column.in_(wanted)


def _band(levels: Sequence[str]) -> ColumnElement[bool]:
    """Return the scores between which levels lie: then the queue's index serves."""
    at = [LEVELS.index(level) for level in LEVELS if level in levels] or [0]
    return and_(Standing.rank <= -min(at) / len(LEVELS), Standing.rank >= -(max(at) + 1) / len(LEVELS))


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _titles(session: Session, actor: Actor, rows: Sequence[Row[Standing, str]]) -> dict[int, str]:
    """Return the title of each standing as the actor may read it."""
    if "read_personal" in actor.may:
        return {standing.number: standing.title for standing, _ in rows}
    query = select(DecisionRow.number, DecisionRow.content).where(
        DecisionRow.id.in_([standing.decision for standing, _ in rows])
    )
    told = {number: orjson.loads(content) for number, content in session.execute(query)}
    return {number: title_and_body(shown(decision, actor)["clean"]["text"])[0] for number, decision in told.items()}


def _from(query: _Numbers, order: str, place: tuple[float, int] | None) -> _Numbers:
    """Put a query into an order, from a place on."""
    if order == "newest":
        query = query.order_by(Standing.number.desc())
        return query.where(Standing.number < place[1]) if place else query
    query = query.order_by(Standing.rank, Standing.number)
    return query.where(tuple_(Standing.rank, Standing.number) > tuple_(*place)) if place else query


def _upwards(query: _Numbers, order: str, own: Standing) -> _Numbers:
    """Put a query into the opposite order, from a submission on."""
    if order == "newest":
        return query.where(Standing.number > own.number).order_by(Standing.number)
    place = tuple_(Standing.rank, Standing.number) < tuple_(own.rank, own.number)
    return query.where(place).order_by(Standing.rank.desc(), Standing.number.desc())


def _write(order: str, last: Standing, filters: Filters) -> str:
    told = orjson.dumps([order, -last.score, last.number, filters.mark])
    return base64.urlsafe_b64encode(told).decode().rstrip("=")


def _read(cursor: str, order: str, filters: Filters) -> tuple[float, int]:
    """Return the place that a cursor names. It holds nothing that its bearer could not ask for, so it is not signed."""
    try:
        told = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        kind, rank, number, mark = told
        place = float(rank), int(number)
    except (ValueError, TypeError):
        raise RuleError("翻页标记读不懂。请原样使用上一页给出的 cursor，或从第一页开始。", "cursor") from None
    if (kind, mark) != (order, filters.mark) or abs(place[1]) >= 1 << 63 or not abs(place[0]) <= 1:
        raise RuleError("翻页标记属于另一组筛选条件或排序。请用同样的条件翻页，或从第一页开始。", "cursor")
    return place
