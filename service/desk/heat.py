"""Issues as they stand: one with all its voices, and the hottest of all; see `pipeline.hot`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.hot import Voice, heat
from service.accounts.actor import Actor
from service.accounts.sight import visible
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
_Text = Any


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


def hot(session: Session, actor: Actor, *, days: int = 14, most: int = 50, by: str | None = None) -> list[HotIssue]:
    """Return the hottest issues: three texts and two voices at least, one of the texts from the last weeks.

    Parameters
    ----------
    days : how long "recent" is, counted back from the last day of all texts.
    by : of one first-level topic only.
    """
    today = _today(session)
    if today is None:
        return []
    since = (today - timedelta(_STALE * days)).isoformat()
    lively = select(Standing.issue).where(Standing.day >= since, Standing.status == "triaged").distinct()
    large = (
        select(Standing.issue)
        .where(Standing.issue.in_(lively), Standing.status == "triaged")
        .group_by(Standing.issue)
        .having(func.count() >= LEAST_TEXTS)
    )
    found: dict[str, list[_Text]] = {}
    for row in _texts(session, actor, Standing.issue.in_(large)):
        found.setdefault(row.issue, []).append(row)
    told = names(session, actor, list(found))
    issues = [_hot(told[name], rows, today, days) for name, rows in found.items()]
    issues = [each for each in issues if each.heat.voices >= LEAST_VOICES and by in (None, each.topic)]
    return sorted(issues, key=lambda each: (-each.heat.score, each.rows[0]))[:most]


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
    today = _today(session)
    return WholeIssue(
        issue=own,
        theme=session.scalar(select(Theme.name).where(Theme.id == own.theme)),
        count=len(rows),
        heat=_hot(own.name, rows, today, 14) if rows and today else None,
        days=dict(sorted(Counter(row.day for row in rows).items())),
        texts=page.items,
        cursor=page.cursor,
    )


def _texts(session: Session, actor: Actor, where: object) -> Sequence[_Text]:
    query = (
        select(*_COLUMNS)
        .join(SubmissionRow, SubmissionRow.number == Standing.number)
        .where(where, Standing.status == "triaged")  # type: ignore[arg-type]
        .order_by(Standing.number)
        .limit(_MOST_TEXTS)
    )
    return session.execute(visible(query, actor)).all()


def _today(session: Session) -> date | None:
    """Return the last day of all texts that is a day."""
    for last in session.scalars(select(Standing.day).distinct().order_by(Standing.day.desc()).limit(10)):
        try:
            return date.fromisoformat(last)
        except ValueError:  # the 31st of a month that has 30 days
            continue
    return None


def _ordinal(day: str) -> int | None:
    try:
        return date.fromisoformat(day).toordinal()
    except ValueError:
        return None


def _hot(name: str, rows: Sequence[_Text], today: date, days: int) -> HotIssue:
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
        title=name,
        topic=first.level1 or "",
        places=tuple(dict.fromkeys(voice.place for voice in voices if voice.place)),
        first=told[0],
        last=told[-1],
        heat=heat(voices, today.toordinal(), days),
        rows=tuple(own.number for own in rows),
    )
