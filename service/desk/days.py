"""Days as people write them into forms and addresses."""

from __future__ import annotations

from datetime import date

from service.desk.errors import RuleError


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
