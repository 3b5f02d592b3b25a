"""Submissions that many callers send at once are gathered: judged together and stored in one write.

There is no thread and no waiting for company: whoever comes while another delivery is being stored waits with the
others, and the first of them whose turn it is takes all along.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from threading import Lock

from sqlalchemy.orm import Session

from service.accounts.actor import Actor
from service.desk.asked import Request, remember
from service.desk.intake import Arrival, Intake, Receipt

MOST = 64
"""So many go together."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    arrival: Arrival
    actor: Actor
    request: Request | None
    receipt: Future[Receipt] = field(default_factory=Future)


class Gatherer:
    """Receives single submissions of many callers; see `Intake.receive`."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self._waiting: deque[_Waiting] = deque()
        self._turn = Lock()

    def receive(self, arrival: Arrival, actor: Actor, request: Request | None = None) -> Receipt:
        """Receive one submission; return when it is stored. With a request, it is remembered as answered."""
        mine = _Waiting(replace(arrival, by=actor), actor, request)
        self._waiting.append(mine)
        with self._turn:
            while not mine.receipt.done():
                self._deliver([self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))])
        return mine.receipt.result()

    def _deliver(self, group: list[_Waiting]) -> None:
        def beside(session: Session, receipts: Sequence[Receipt]) -> None:
            for each, receipt in zip(group, receipts, strict=True):
                if each.request:
                    remember(session, each.request, 201, str(receipt.number))

        arrivals = [each.arrival for each in group]
        try:
            receipts = self.intake.receive(arrivals, group[0].actor, beside=beside)
        except Exception as error:
            if len(group) == 1:
                group[0].receipt.set_exception(error)
            for each in group if len(group) > 1 else ():
                self._deliver([each])  # what is wrong with one must not touch the others
            return
        for each, receipt in zip(group, receipts, strict=True):
            each.receipt.set_result(receipt)
