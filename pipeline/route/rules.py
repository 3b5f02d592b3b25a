"""Rules that stand above the score: who must not see a matter, which desk has it, until when. All of it is data.

A rule is a row of corpora/rules.csv: what must hold (topic, priority, status, words) and what follows (desk, members,
working days). The rows are asked from the top; each consequence comes from the first row that holds and states it. A
row with a later `valid_from` replaces the earlier one of the same code from that day on, which stays as history.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from pipeline.knowledge import CORPORA, split
from pipeline.records import LEVELS, Level, Status, Topic
from pipeline.route.faults import Faults

RULES = CORPORA / "rules.csv"
HOLIDAYS = CORPORA / "holidays.csv"
DESK = "办公室"
"""Who has what no rule gives to anybody."""
ASSIGN, INFORM, RESTRICTED, NONE = MEMBERS = ("assign", "inform", "restricted", "none")
"""What members may have of a matter: take it up, know of it, not see it, have nothing to do with it."""
_COLUMNS = ("code", "topics", "levels", "status", "hints", "pattern", "desk", "members", "days", "reason")


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table of rules; an empty condition always holds, an empty consequence is left to other rows."""

    code: str
    topics: tuple[str, ...]
    levels: tuple[str, ...]
    status: tuple[str, ...]
    hints: tuple[str, ...]
    pattern: re.Pattern[str] | None
    desk: str
    members: str
    days: int | None
    reason: str
    since: date | None

    def holds(self, text: str, topic: Topic, level: Level, status: Status) -> bool:
        """Whether all conditions hold; the pattern last, and only where one of its hints stands in the text."""
        return (
            (not self.status or status in self.status)
            and (not self.levels or level in self.levels)
            and (not self.topics or topic.level1 in self.topics or f"{topic.level1}/{topic.level2}" in self.topics)
            and (not self.hints or any(map(text.__contains__, self.hints)))
            and (self.pattern is None or self.pattern.search(text) is not None)
        )


@dataclass(frozen=True, slots=True)
class Order:
    """What the rules say of a submission."""

    desk: str
    members: str
    due: date | None
    reasons: tuple[str, ...]


class Calendar:
    """Working days: Monday to Friday, but for the days of a table."""

    def __init__(self, works: dict[date, bool]) -> None:
        self._works = works
        self._years = {day.year for day in works}
        self._next = lru_cache(maxsize=4096)(self._following)
        self.after = lru_cache(maxsize=4096)(self._after)

    @classmethod
    def load(cls, path: Path = HOLIDAYS) -> Calendar:
        """Return the calendar of a table with the columns from, to, works, name."""
        faults = Faults(path)
        days: dict[date, bool] = {}
        for row in faults.rows("from", "to", "works", "name"):
            first, last = faults.day(row["from"], "from"), faults.day(row["to"], "to")
            works = faults.yes(row["works"], "works", default=False)
            if first is None or last is None or first > last:
                faults.add("from 和 to 应是先后两个日期，如 2026-10-01 和 2026-10-07。")
                continue
            days |= {first + timedelta(step): works for step in range((last - first).days + 1)}
        faults.check()
        return cls(days)

    def working(self, day: date) -> bool:
        """Whether offices are open on a day."""
        return self._works.get(day, day.weekday() < 5)

    def known(self, day: date) -> bool:
        """Whether the table holds the holidays of the year of a day."""
        return day.year in self._years

    def _after(self, day: date, days: int) -> date:
        """Return the working day that is so many behind a day."""
        for _ in range(days):
            day = self._next(day)
        return day

    def _following(self, day: date) -> date:
        """Return the first working day behind a day."""
        day += timedelta(1)
        while not self.working(day):
            day += timedelta(1)
        return day


def load_rules(path: Path = RULES) -> tuple[Rule, ...]:
    """Return the rules of a table, in its order."""
    faults = Faults(path)
    rules: list[Rule] = []
    for row in faults.rows(*_COLUMNS):
        faults.known(split(row["levels"]), LEVELS, "紧急程度", "、".join(LEVELS))
        faults.known(split(row["status"]), tuple(Status), "状态", "、".join(Status))
        faults.known([row["members"]] if row["members"] else [], MEMBERS, "取值", "、".join(MEMBERS))
        pattern = None
        try:
            pattern = re.compile(row["pattern"]) if row["pattern"] else None
        except re.error as error:
            faults.add(f"pattern 不是有效的正则表达式（{error}）。")
        if pattern and not row["hints"]:
            faults.add("有 pattern 而没有 hints。请列出文中必有其一的词，用 | 隔开。")
        if not row["code"]:
            faults.add("缺 code：同一规则的各行用同一个代码。")
        days = faults.number(row["days"], "days", 0) if row["days"] else None
        since = faults.day(row.get("valid_from", ""), "valid_from")
        if any(other.code == row["code"] and other.since == since for other in rules):
            faults.add(f"代码“{row['code']}”在同一生效日期有两行。请给出不同的 valid_from。")
        rules.append(
            Rule(
                row["code"], split(row["topics"]), split(row["levels"]), split(row["status"]), split(row["hints"]),
                pattern, row["desk"], row["members"], days, row["reason"], since,
            )
        )  # fmt: skip
    faults.check()
    return tuple(rules)


class Rules:
    """The rules and the calendar of an office."""

    def __init__(self, rules: Sequence[Rule], calendar: Calendar) -> None:
        self.rules = tuple(rules)
        self.calendar = calendar
        self._on = lru_cache(maxsize=1024)(self._valid)

    def _valid(self, day: date | None) -> tuple[Rule, ...]:
        """Return the rows that are valid on a day, one for each code, in the order of the table."""
        last: dict[str, Rule] = {}
        for rule in self.rules:
            known = last.get(rule.code)
            started = rule.since is None or day is None or rule.since <= day
            if started and (known is None or (rule.since or date.min) >= (known.since or date.min)):
                last[rule.code] = rule
        return tuple(rule for rule in self.rules if last.get(rule.code) is rule)

    def order(self, text: str, topic: Topic, level: Level, status: Status, day: date | None) -> Order:
        """Return what the rules say of a submission; without a day there is no deadline, and the latest rules hold."""
        desk, members, days = "", "", None
        reasons: list[str] = []
        for rule in self._on(day):
            decides = (
                (rule.desk and not desk) or (rule.members and not members) or (rule.days is not None and days is None)
            )
            if not decides or not rule.holds(text, topic, level, status):
                continue
            desk, members = desk or rule.desk, members or rule.members
            days = rule.days if days is None else days
            if rule.reason and rule.reason not in reasons:
                reasons.append(rule.reason)
        due = None
        if day is not None and days is not None and status == Status.TRIAGED:
            due = self.calendar.after(day, days)
            unknown = "" if self.calendar.known(due) else "，该年节假日未列入表，只除周末"
            reasons.append(f"限 {days} 个工作日，{due} 前办结{unknown}" if days else f"当日（{due}）处置")
        return Order(desk or DESK, members or ASSIGN, due, tuple(reasons))
