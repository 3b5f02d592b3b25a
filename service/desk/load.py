"""What members have in hand, from the store: the ledger that routing weighs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

import orjson
from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from pipeline.route import Router
from pipeline.route.ledger import LEAD, Ledger
from service.store import DecisionRow, Standing, now

_FRESH = 60.0
"""Seconds for which a ledger is good; in between this process adds to it what it proposes itself."""
_YEAR = timedelta(365)


class Load:
    """Keeps a ledger of the members of a router, and renews it from the store."""

    def __init__(self, router: Router) -> None:
        self.router = router
        self._ledger: Ledger | None = None
        self._told = 0.0

    def ledger(self, session: Session, issues: Sequence[str]) -> Ledger:
        """Return what members have now; it knows who has those of the issues that came before."""
        ledger = self._ledger
        if ledger is None or time.monotonic() - self._told > _FRESH:
            ledger = self._ledger = self._counted(session)
            self._told = time.monotonic()
        if self.router.members:
            self._with_issues(session, ledger, {issue for issue in issues if issue not in ledger.issues})
        return ledger

    def _counted(self, session: Session) -> Ledger:
        """Count for each member what is open and what the past year gave them; what is only proposed counts as open."""
        ledger = self.router.ledger()
        place = {member.id: at for at, member in enumerate(self.router.roster.members)}
        if not place:
            return ledger
        proposed = and_(Standing.delivery == "none", Standing.review == "pending")
        held = case((or_(Standing.delivery.in_(("sent", "accepted")), proposed), 1), else_=0)
        year = (now() - _YEAR).date().isoformat()
        query = (
            select(Standing.owner, func.sum(held), func.count())
            .where(Standing.day >= year, Standing.owner.in_(place))
            .group_by(Standing.owner)
        )
        for owner, in_hand, taken in session.execute(query):
            ledger.open[place[owner]] += in_hand
            ledger.taken[place[owner]] += taken
        return ledger

    def _with_issues(self, session: Session, ledger: Ledger, issues: set[str]) -> None:
        """Tell who has the first text of each issue: the others go to the same members."""
        first = select(func.min(Standing.number)).where(Standing.issue.in_(issues)).group_by(Standing.issue)
        query = (
            select(Standing.issue, DecisionRow.content)
            .join(DecisionRow, DecisionRow.id == Standing.decision)
            .where(Standing.number.in_(first))
        )
        place = {member.id: at for at, member in enumerate(self.router.roster.members)}
        for issue, content in session.execute(query) if issues else ():
            members = orjson.loads(content)["route"]["members"]
            chosen = tuple((place[each["id"]], each.get("role", LEAD)) for each in members if each["id"] in place)
            if chosen:
                ledger.issues[issue] = chosen
