"""What leaves the store as a file: what holds now of each submission, for those who may see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVarTuple

import orjson
from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from service.accounts.actor import Actor
from service.accounts.sight import UNTIED, sender
from service.masking import for_member, masked, spans_of
from service.store import DecisionRow, Standing, SubmissionRow

_AT_ONCE = 500
"""Rows that are read at once: an export needs no more memory than for these."""
Rows = TypeVarTuple("Rows")
_STATE = ("review", "link", "delivery", "version")


@dataclass(frozen=True, slots=True)
class Filters:
    """Which submissions; days as YYYY-MM-DD, both ends included."""

    since: str | None = None
    until: str | None = None
    topic: str | None = None
    priority: str | None = None
    review: str | None = None

    def narrow(self, query: Select[*Rows]) -> Select[*Rows]:
        """Return a query of standings for these alone."""
        told: tuple[tuple[str | None, ColumnElement[bool]], ...] = (
            (self.since, Standing.day >= (self.since or "")),
            (self.until, Standing.day <= (self.until or "")),
            (self.topic, Standing.level1 == self.topic),
            (self.priority, Standing.priority == self.priority),
            (self.review, (Standing.review == self.review) & or_(Standing.review != "pending", Standing.waits)),
        )
        return query.where(*(clause for value, clause in told if value is not None))


def rows(session: Session, filters: Filters, actor: Actor) -> Iterator[dict[str, Any]]:
    """Yield what holds of submissions, in the order of arrival, corrections of officers in.

    Each is a decision as in the contract, with "number", "reference", "state" (the three axes), and what its
    source said of it under "submission". Who may not read personal data gets the text masked and nothing of who sent
    it; who may not read restricted matters gets none.
    """
    query = (
        select(Standing, SubmissionRow, DecisionRow.content)
        .join(SubmissionRow, SubmissionRow.number == Standing.number)
        .join(DecisionRow, DecisionRow.id == Standing.decision)
        .order_by(Standing.number)
        .execution_options(yield_per=_AT_ONCE)
    )
    hidden: set[str] = set()
    if "read_restricted" not in actor.may:
        query = query.where(~Standing.restricted)
        hidden = set(map(str, session.scalars(select(Standing.number).where(Standing.restricted))))
    for standing, submission, content in session.execute(filters.narrow(query)):
        decision = _holding(orjson.loads(content), standing)
        session.expunge(standing)
        session.expunge(submission)
        told = {name: value for name in ("source", "channel", "likes", "submitted_at")
                if (value := getattr(submission, name))}  # fmt: skip
        if "read_personal" in actor.may:
            told |= {name: value for name in ("place", "submitter", "contact") if (value := getattr(submission, name))}
        else:
            decision = _masked(decision)
        if decision["duplicate"]["of"] in hidden:
            decision["duplicate"] |= UNTIED
        who = sender(submission, actor)
        yield {
            "number": standing.number, "reference": who.get("reference", ""),
            "external_id": who.get("external_id", ""),
            "state": {name: getattr(standing, name) for name in _STATE}, "submission": told, **decision,
        }  # fmt: skip


def _holding(decision: dict[str, Any], standing: Standing) -> dict[str, Any]:
    """Return a decision with what officers changed."""
    decision["status"], decision["intent"] = standing.status, standing.intent
    decision["topic"] |= {"level1": standing.level1, "level2": standing.level2, "needs_review": standing.needs_review}
    decision["priority"] |= {"level": standing.priority, "score": standing.score}
    route = ("place", "sector", "committee", "owner", "station", "restricted", "due")
    decision["route"] |= {name: getattr(standing, name) for name in route}
    repeats = str(standing.repeats) if standing.repeats else decision["duplicate"]["of"]
    of = None if standing.kind == "unique" else repeats
    decision["duplicate"] |= {"kind": standing.kind, "issue": standing.issue, "of": of}
    return decision


def _masked(decision: dict[str, Any]) -> dict[str, Any]:
    """Return what may be read of a decision without seeing who it is about; see `service.masking.for_member`."""
    text, spans = decision["clean"]["text"], spans_of(decision)
    told = for_member(decision)
    names = [text[start:end] for start, end, _ in spans]
    return {
        "id": decision["id"], "status": decision["status"], "intent": decision["intent"],
        "clean": {"text": masked(text, spans), "edits": []},
        "keywords": [word for word in decision["keywords"] if not any(word in name for name in names)],
        "topic": decision["topic"],
        "priority": {"level": told["priority"], "score": decision["priority"]["score"],
                     "reasons": [{"text": each} for each in told["reasons"]]},
        "duplicate": {**decision["duplicate"], "shared": []},
        "route": {**told["route"], "owner": decision["route"]["owner"], "restricted": False, "members": []},
    }  # fmt: skip
