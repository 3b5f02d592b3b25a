"""Who sees what: the one place that narrows queries and masks answers; every route that shows something asks here.

An officer sees everything. Who may read but not personal data (clerk, analyst, administrator, most keys) sees all that
is not restricted, with personal data blotted out. A member sees what was assigned to them and is in their hands, as
`service.masking` gives it. Who may only submit sees nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import orjson
from sqlalchemy import Select, false, select
from sqlalchemy.orm import Session

from service.accounts.actor import Actor
from service.desk.errors import NotFoundError
from service.export.labels import title_and_body
from service.masking import Span, for_member, spans_of
from service.store import Assignment, AuditEntry, DecisionRow, Standing, SubmissionRow

AnySelect = TypeVar("AnySelect", bound=Select[*tuple[Any, ...]])

_IN_HAND = ("sent", "accepted", "answered", "closed")
"""States of an assignment in which its text is the member's; handed back or withdrawn, it is no longer."""
PERSONAL = {"reference", "external_id", "text", "submitter", "contact", "place", "attachments", "received_by"}
"""What of an arrival is personal data."""
BLOT = "＊"


def visible(query: AnySelect, actor: Actor) -> AnySelect:
    """Narrow a query down to what an actor may know of.

    Parameters
    ----------
    query : a select of `Standing`, or one that is joined to it.
    """
    if "read" not in actor.may and "own" not in actor.may:
        return query.where(false())
    if "read_restricted" not in actor.may:
        query = query.where(Standing.restricted.is_(False))
    if "read" not in actor.may:
        own = select(Assignment.number).where(Assignment.member == actor.member, Assignment.state.in_(_IN_HAND))
        query = query.where(Standing.number.in_(own), Standing.review != "junked")
    return query


def standing_or_raise(session: Session, number: int, actor: Actor) -> Standing:
    """Return the standing of a submission.

    Raises
    ------
    NotFoundError
        Where there is none, or the actor may not know of it: both are told the same.
    """
    found = session.scalar(visible(select(Standing).where(Standing.number == number), actor))
    if found is None:
        raise NotFoundError(f"没有编号为 {number} 的来件，或者不归您查看。")
    return found


def shown(decision: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """Return what of a decision (as in the contract) an actor may read.

    With `read_personal` all of it; with `read` the same shape, personal data blotted out character by character, so
    that all positions hold, and the edits, which would give the raw text back, taken away; a member gets
    `masking.for_member`.
    """
    if "read_personal" in actor.may:
        return decision
    if "read" not in actor.may:
        return for_member(decision)
    text = blotted(decision["clean"]["text"], spans_of(decision))
    topic = decision["topic"]
    return decision | {
        "clean": decision["clean"] | {"text": text, "edits": []},
        "keywords": _still_in(text, decision["keywords"]),
        "topic": topic | {"evidence": [each for each in topic["evidence"] if _still_in(text, [each["term"]])]},
        "duplicate": decision["duplicate"] | {"shared": _still_in(text, decision["duplicate"]["shared"])},
    }


UNTIED: dict[str, Any] = {"of": None, "score": 0.0, "shared": []}
"""Of a decision's duplicate, where nobody is to learn what the text repeats."""


def tied(session: Session, decision: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """Return a decision without what its text repeats or joins, where the actor may not know of that."""
    of = decision["duplicate"]["of"]
    if of is None or session.scalar(visible(select(Standing.number).where(Standing.number == int(of)), actor)):
        return decision
    return decision | {"duplicate": decision["duplicate"] | UNTIED}


def answered(session: Session, number: int, decision: bytes, actor: Actor) -> bytes | None:
    """Return what of its decision somebody may read who sent a submission; None where they may not read it after."""
    if {"read_personal", "read_restricted"} <= actor.may:
        return decision
    if "read" not in actor.may or not session.scalar(
        visible(select(Standing.number).where(Standing.number == number), actor)
    ):
        return None
    return orjson.dumps(shown(tied(session, orjson.loads(decision), actor), actor))


def title(session: Session, own: Standing, actor: Actor) -> str:
    """Return the title of a submission as an actor may read it."""
    if "read_personal" in actor.may:
        return own.title
    decision = shown(orjson.loads(session.get_one(DecisionRow, own.decision).content), actor)
    return title_and_body(decision["clean"]["text"] if "clean" in decision else decision["text"])[0]


def sender(row: SubmissionRow, actor: Actor) -> dict[str, Any]:
    """Return what of an arrival an actor may read; raw text, sender and attachments are personal data."""
    told: dict[str, Any] = {"number": row.number, "received_at": row.received_at}
    if "read" in actor.may:
        told |= {name: getattr(row, name) for name in ("submitted_at", "source", "channel", "likes")}
    if "read_personal" in actor.may:
        told |= {name: getattr(row, name) for name in sorted(PERSONAL)}
    return told


def why(entry: AuditEntry, actor: Actor) -> str:
    """Return the reason of an entry of the audit, "" where it is free words about a text and personal data hidden."""
    about_a_text = entry.what.startswith(("submission:", "assignment:", "issue:"))
    return "" if about_a_text and "read_personal" not in actor.may else entry.reason


def blotted(text: str, spans: Iterable[Span]) -> str:
    """Return a text of the same length with each span blotted out.

    >>> blotted("我叫沈一，电话13800000000", [(2, 4, "name"), (7, 18, "mobile")])
    '我叫＊＊，电话＊＊＊＊＊＊＊＊＊＊＊'
    """
    signs = list(text)
    for start, end, _ in spans:
        start, end = max(start, 0), min(end, len(text))
        signs[start:end] = BLOT * max(end - start, 0)
    return "".join(signs)


def _still_in(text: str, words: Iterable[str]) -> list[str]:
    """Return the words that a blotted text still holds."""
    text = text.lower()
    return [word for word in words if word.lower() in text]
