"""The life of an assignment: which acts lead from which states to which, who does them, and what must be said.

>>> ACTS["hand_back"].to
'handed_back'
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pipeline.route.ledger import ASSIST, INFORMED, LEAD
from service.desk.errors import RuleError

ROLES = (LEAD, ASSIST, INFORMED)
REASONS = ("属地不符", "权属不清", "职能交叉", "回避")
"""Why a member may hand back."""
UNDER_WAY = ("answered", "accepted", "sent")
"""The furthest first."""
_LONGEST = 20_000

ActName = Literal["accept", "hand_back", "answer", "withdraw", "reopen"]


@dataclass(frozen=True, slots=True)
class Act:
    """What may be done with an assignment: from which states, to which, by whom, and what must be said."""

    states: tuple[str, ...]
    to: str
    by: Literal["member", "officer"]
    told: str = ""


ACTS: dict[str, Act] = {
    "accept": Act(("sent",), "accepted", "member"),
    "hand_back": Act(("sent", "accepted"), "handed_back", "member", "reason"),
    "answer": Act(("sent", "accepted", "answered"), "answered", "member", "text"),
    "withdraw": Act(("sent", "accepted", "handed_back"), "withdrawn", "officer"),
    "reopen": Act(("answered", "closed"), "accepted", "officer", "note"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What comes with an act: the reason of a hand-back, a note, the text of an answer and whether it is public."""

    reason: str = ""
    note: str = ""
    text: str = ""
    public: bool = False


def delivery_of(states: Iterable[str]) -> str:
    """Return the delivery of a submission: the furthest of what is under way, else how it ended.

    >>> delivery_of(["handed_back", "sent"]), delivery_of(["withdrawn"]), delivery_of(["closed", "closed"])
    ('sent', 'none', 'closed')
    """
    there = set(states)
    return next((state for state in (*UNDER_WAY, "closed", "handed_back") if state in there), "none")


def checked(rule: Act, said: Said) -> Said:
    """Return what was said, having made sure that what must be said is."""
    if rule.told == "reason" and said.reason not in REASONS:
        raise RuleError(f"退回理由“{said.reason}”不对，只能是 {'、'.join(REASONS)}。", "reason")
    if rule.told == "text" and not said.text.strip():
        raise RuleError("答复是空的。请写上答复。", "text")
    if rule.told == "note" and not said.note.strip():
        raise RuleError("请写明要重办的理由。", "note")
    if max(len(said.text), len(said.note)) > _LONGEST:
        raise RuleError(f"太长了，最多 {_LONGEST} 个字符。", "text" if len(said.text) > _LONGEST else "note")
    return said
