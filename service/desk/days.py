"""Days as people write them into forms, addresses and rows."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.desk.errors import RuleError
from service.store import Standing


def day(told: str | None, field: str, name: str = "日期") -> str | None:
    """Return a day as YYYY-MM-DD, None where none was told.

    Raises
    ------
    RuleError
        Where it is none.

    Examples
    --------
    >>> day("2026-03-07", "since")
    '2026-03-07'
    >>> day("明天", "due", "期限")
    Traceback (most recent call last):
    ...
    service.desk.errors.RuleError: 期限“明天”不是日期。请写成 2026-03-07 这样。
    """
    try:
        return date.fromisoformat(told).isoformat() if told else None
    except ValueError as error:
        raise RuleError(f"{name}“{told}”不是日期。请写成 2026-03-07 这样。", field) from error


def last_day(session: Session, upto: date = date.max) -> date | None:
    """Return the last day of all texts that is a day, None where there is none: a year may be mistyped, or a month."""
    days = select(Standing.day).distinct().where(Standing.day <= upto.isoformat()).order_by(Standing.day.desc())
    for told in session.scalars(days.limit(10)):
        try:
            return date.fromisoformat(told)
        except ValueError:  # the 31st of a month that has 30 days
            continue
    return None
