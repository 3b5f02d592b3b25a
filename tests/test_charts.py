"""Charts hold what lies together; a mistyped date stands in the table only."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from service.web import charts


def bars(drawn: bytes) -> int:
    return len(re.findall(rb"<rect[^>]* class=\"rect ", drawn))


@pytest.mark.parametrize("odd", ["1026-03-01", "0001-01-01", "2226-01-01", "9999-12-31", "2026-02-31"])
def test_one_mistyped_year_makes_no_chart_of_centuries(odd: str) -> None:
    drawn = charts.days([("2026-03-01", 3), (odd, 1), ("2026-03-04", 2)])
    assert bars(drawn) == 4
    assert len(drawn) < 100_000
    assert ("只在表里" in drawn.decode()) == (odd != "2026-02-31")


def test_a_long_time_is_drawn_by_week_to_its_end() -> None:
    last = date(2026, 3, 2)
    drawn = charts.days([((last - timedelta(each)).isoformat(), 1) for each in range(0, 9000, 30)])
    assert 260 <= bars(drawn) <= 271
    assert "2026-03-02" in drawn.decode()


def test_days_to_come_are_drawn_where_there_are_no_others() -> None:
    assert bars(charts.days([("9999-12-30", 1), ("9999-12-31", 1)])) == 2
    assert bars(charts.days([])) == 0
