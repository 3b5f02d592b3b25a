"""Issues as they stand: one with all its voices, and the hottest of all; see `pipeline.hot`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from pipeline.hot import Voice, heat
from service.accounts.actor import Actor
from service.accounts.sight import visible
from service.desk.days import last_day
from service.desk.issues import as_read, issue, names
from service.desk.queue import Filters, Listed, Page, Queue
from service.export.hot import LEAST_TEXTS, LEAST_VOICES, HotIssue
from service.store import Issue, Standing, SubmissionRow, Theme

_STALE = 2
"""An issue without a text in so many spans of "recent" is not hot."""
_MOST_TEXTS = 50_000
_COLUMNS = (
    Standing.number, Standing.issue, Standing.kind, Standing.repeats, Standing.echoes, Standing.day, Standing.place,
    Standing.level1, SubmissionRow.submitter, SubmissionRow.likes,
)  # fmt: skip
_TRIAGED = Standing.status + "" == "triaged"
"""As an expression no index serves it: SQLite would take that of the status, not that of the issue."""
_AT_ONCE = 1000
"""So many issues are asked for in one question: databases take no more than some ten thousand values."""
_Text = Any
_View = tuple[frozenset[str], str | None, int]
_Mark = tuple[int, datetime]
_Told = tuple[_Mark, HotIssue]


@dataclass(frozen=True, slots=True)
class WholeIssue:
    """An issue: its name, theme, heat, how many texts came on each day, and the latest of them."""

    issue: Issue
    theme: str | None
    count: int
    heat: HotIssue | None
    days: dict[str, int]
    texts: list[Listed]
    cursor: str | None


class Hottest:
    """The hottest issues of a store; an issue is told anew when it changed: one more text, or an act on one of them."""

    def __init__(self) -> None:
        self._told: dict[_View, tuple[date, dict[str, _Told]]] = {}

    def issues(
        self, session: Session, actor: Actor, *, days: int = 14, most: int = 50, by: str | None = None
    ) -> list[HotIssue]:
        """Return the hottest issues; see `ranked`.

        Parameters
        ----------
        by : of one first-level topic only.
        """
        found = [each for each in self.ranked(session, actor, days=days) if by in (None, each.topic)]
        return named(session, actor, found[:most])

    def ranked(self, session: Session, actor: Actor, *, days: int = 14) -> list[HotIssue]:
        """Return all issues that are hot, by heat: three texts and two voices at least, one text of the last weeks.

        They have no titles yet; see `named`.

        Parameters
        ----------
        days : how long "recent" is, counted back from the last day of all texts.
        """
        today = last_day(session)
        if today is None:
            return []
        view: _View = actor.may, actor.member, days
        before, kept = self._told.get(view, (today, {}))
        marks = _large(session, (today - timedelta(_STALE * days)).isoformat())
        told = {name: kept[name] for name, mark in marks.items() if name in kept and kept[name][0] == mark}
        if before != today:
            told = {}
        texts = _texts_of(session, actor, [name for name in marks if name not in told])
        told |= {name: (marks[name], _hot(rows, today, days)) for name, rows in texts.items()}
        self._told[view] = today, told
        return sorted((each for _, each in told.values() if each.heat.voices >= LEAST_VOICES), key=place_of)


def place_of(issue: HotIssue) -> tuple[float, int]:
    """Return where an issue stands among others: by heat, of equal ones the oldest first."""
    return -issue.heat.score, issue.rows[0]


def named(session: Session, actor: Actor, found: Sequence[HotIssue]) -> list[HotIssue]:
    """Return issues with the titles that an actor may read."""
    told = names(session, actor, [each.issue for each in found])
    return [replace(each, title=told[each.issue]) for each in found]


def speaking_of(session: Session, actor: Actor, queue: Queue, text: str) -> Select[str]:
    """Return what finds the issues that have a text in which all words of a question stand."""
    where = queue.conditions(session, actor, Filters(text=text))
    return visible(select(Standing.issue).where(*where), actor)


def largest(
    session: Session, actor: Actor, queue: Queue, filters: Filters, theme: int | None, skip: int, most: int
) -> list[HotIssue]:
    """Return issues of two texts and more, hot or not, those of most texts first.

    Parameters
    ----------
    filters : of level1 and place, which two of its texts must fulfil, and of text, which one must.
    theme : that it stands under, where asked for.
    skip : so many were read already.
    """
    where = queue.conditions(session, actor, replace(filters, text=""))
    if filters.text.strip():
        where.append(Standing.issue.in_(speaking_of(session, actor, queue, filters.text)))
    if theme is not None:
        where.append(Standing.issue.in_(select(Issue.id).where(Issue.theme == theme)))
    count = func.count()
    query = select(Standing.issue).where(_TRIAGED, *where).group_by(Standing.issue).having(count > 1)
    found = session.scalars(visible(query, actor).order_by(count.desc(), Standing.issue).offset(skip).limit(most)).all()
    today, texts = last_day(session), _texts_of(session, actor, found)
    return named(session, actor, [_hot(texts[name], today, 14) for name in found] if today else [])


def _large(session: Session, since: str) -> dict[str, _Mark]:
    """Return the issues of enough texts, one of them since a day, each with what tells whether it changed."""
    triaged = Standing.status == "triaged"
    query = (
        select(Standing.issue, func.count(), func.max(Standing.changed_at))
        .group_by(Standing.issue)
        .having(func.count().filter(triaged) >= LEAST_TEXTS, func.max(Standing.day).filter(triaged) >= since)
    )
    return {name: (count, changed) for name, count, changed in session.execute(query)}


def _texts_of(session: Session, actor: Actor, issues: Sequence[str]) -> dict[str, list[_Text]]:
    found: dict[str, list[_Text]] = {}
    for begin in range(0, len(issues), _AT_ONCE):
        for row in _texts(session, actor, Standing.issue.in_(issues[begin : begin + _AT_ONCE])):
            found.setdefault(row.issue, []).append(row)
    return found


def whole(session: Session, actor: Actor, queue: Queue, name: str, cursor: str | None = None) -> WholeIssue:
    """Return an issue with its timeline, its heat and its texts, the latest first.

    Raises
    ------
    NotFoundError
        Where there is none, or the actor may know of no text of it.
    """
    own = as_read(session, actor, issue(session, name))
    rows = _texts(session, actor, Standing.issue == name)
    page: Page = queue.page(session, actor, Filters(issue=(name,)), order="newest", cursor=cursor)
    today = last_day(session)
    return WholeIssue(
        issue=own,
        theme=session.scalar(select(Theme.name).where(Theme.id == own.theme)),
        count=len(rows),
        heat=replace(_hot(rows, today, 14), title=own.name) if rows and today else None,
        days=dict(sorted(Counter(row.day for row in rows).items())),
        texts=page.items,
        cursor=page.cursor,
    )


def _texts(session: Session, actor: Actor, where: object) -> Sequence[_Text]:
    query = (
        select(*_COLUMNS)
        .join(SubmissionRow, SubmissionRow.number == Standing.number)
        .where(where, _TRIAGED)  # type: ignore[arg-type]
        .order_by(Standing.number)
        .limit(_MOST_TEXTS)
    )
    return session.execute(visible(query, actor)).all()


@lru_cache(4096)
def _ordinal(day: str) -> int | None:
    try:
        return date.fromisoformat(day).toordinal()
    except ValueError:
        return None


def _hot(rows: Sequence[_Text], today: date, days: int) -> HotIssue:
    at = {own.number: index for index, own in enumerate(rows)}
    voices = [
        Voice(
            who=own.submitter or "",
            repeats=at.get(own.repeats) if own.kind == "duplicate" and own.repeats else None,
            likes=own.likes,
            echoes=own.echoes,
            day=_ordinal(own.day),
            place=own.place,
        )
        for own in rows
    ]
    first = rows[0]
    told = sorted(own.day for own in rows)
    return HotIssue(
        issue=first.issue,
        title="",
        topic=first.level1 or "",
        places=tuple(dict.fromkeys(voice.place for voice in voices if voice.place)),
        first=told[0],
        last=told[-1],
        heat=heat(voices, today.toordinal(), days),
        rows=tuple(own.number for own in rows),
    )
