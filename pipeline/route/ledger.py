"""What members have: matters in hand, what the past year gave them, and who has which issue, as of a day."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from pipeline.route.tables import Member

LEAD, ASSIST, SPARE, INFORMED = "lead", "assist", "spare", "informed"
"""Who takes it up; who helps from an assisting sector; who would be next; who is only told."""
_WORK = {LEAD: 1.0, ASSIST: 0.5}
_YEAR = timedelta(365)


class Ledger:
    """What members have in hand, what they were given within a year, and who has which issue, as of a day.

    Parameters
    ----------
    members : with what they had before this run.
    fair : whether the past year counts; without it only for comparison.
    """

    def __init__(self, members: Sequence[Member], *, fair: bool = True) -> None:
        self.fair = fair
        self.open = np.array([float(member.open) for member in members])
        self.taken = np.array([float(member.taken) for member in members])
        self.issues: dict[str, tuple[tuple[int, str], ...]] = {}
        self.day: date | None = None
        self._closing: list[tuple[date, int, float]] = []
        self._ageing: deque[tuple[date, int, float]] = deque()
        self._absences = [(at, *span) for at, member in enumerate(members) for span in member.absences]
        self.away = np.zeros(len(members), bool)

    def advance(self, day: date | None) -> None:
        """Go on to a day: what was due before it is answered, what is older than a year no longer counts."""
        if day is None or day == self.day:
            return
        self.day = day
        while self._closing and self._closing[0][0] < day:
            _, at, work = heapq.heappop(self._closing)
            self.open[at] -= work
        while self._ageing and self._ageing[0][0] <= day - _YEAR:
            _, at, work = self._ageing.popleft()
            self.taken[at] -= work
        self.away[:] = False
        for at, first, last in self._absences:
            self.away[at] |= first <= day <= last

    def give(self, at: int, role: str, due: date | None) -> None:
        """Note that a member was given a matter."""
        work = _WORK.get(role, 0.0)
        self.open[at] += work
        self.taken[at] += work
        if work and due is not None:
            heapq.heappush(self._closing, (due, at, work))
        if work and self.day is not None:
            self._ageing.append((self.day, at, work))
