"""The columns of a new standing: what a decision sets, and what a submission brings along."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from pipeline.records import Decision, Submission, day
from service.export.labels import title_and_body

_LONGEST_SOURCE = 200


def standing_of(decision: Decision, which: int) -> dict[str, Any]:
    """Return the columns of a standing that a decision sets; `which` is the id of its row."""
    topic, route, duplicate = decision.topic, decision.route, decision.duplicate
    return {
        "number": int(decision.id), "decision": which, "title": title_and_body(decision.clean.text)[0],
        "status": decision.status.value, "intent": decision.intent, "level1": topic.level1, "level2": topic.level2,
        "confidence": topic.confidence, "needs_review": topic.needs_review, "priority": decision.priority.level.value,
        "score": decision.priority.score, "place": route.place, "sector": route.sector, "committee": route.committee,
        "owner": route.owner, "station": route.station, "restricted": route.restricted, "due": route.due,
        "issue": duplicate.issue, "repeats": int(duplicate.of) if duplicate.of else None, "kind": duplicate.kind,
        "link": "none" if duplicate.kind == "unique" else "suggested", "echoes": decision.clean.echoes,
    }  # fmt: skip


def names_day(time: str | None) -> bool:
    """Whether a time as offices write it names a day, and there is such a day."""
    try:
        return bool(date.fromisoformat(day(time or "")))
    except ValueError:
        return False


def dated(submission: Submission, received: datetime) -> Submission:
    """Return a submission that names its day: where it names none that there is, the one on which it came."""
    if names_day(submission.submitted_at):
        return submission
    return replace(submission, submitted_at=received.astimezone().date().isoformat())


def at_the_door(submission: Submission, received: datetime) -> dict[str, Any]:
    """Return the columns that come from the submission itself, and from when it came."""
    told = day(dated(submission, received).submitted_at or "")
    source = submission.source and submission.source[:_LONGEST_SOURCE]  # no index holds more; the row has all of it
    return {"day": told, "source": source, "channel": submission.channel}
