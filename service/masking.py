"""What of a submission goes to a member: the text without the submitter's personal data.

The spans come with the decision (`clean.personal`, see the contract); this module only takes them out. They are found
by pipeline/clean/personal.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipeline.clean import personal
from service.export.labels import PERSONAL

Span = tuple[int, int, str]
"""Start, end and kind of a piece of personal data in the clean text."""

_ROUTE = ("sector", "assist", "committee", "place", "station", "due")


def masked(text: str, spans: Iterable[Span]) -> str:
    """Return a text with each span replaced by the name of its kind; spans that overlap become one.

    >>> masked("我叫沈一，电话13800000000", [(2, 4, "name"), (7, 18, "mobile")])
    '我叫【姓名】，电话【手机号】'
    """
    parts: list[str] = []
    done = 0
    for start, end, kind in sorted(spans):
        start, end = max(start, 0), min(end, len(text))
        if end <= max(done, start):
            continue
        if start >= done:
            parts += [text[done:start], f"【{PERSONAL.get(kind, '个人信息')}】"]
        done = end
    return "".join(parts) + text[done:]


def mask(text: str) -> str:
    """Return a text that no decision tells of, with personal data replaced by what kind it is."""
    return masked(text, ((each.start, each.end, each.kind) for each in personal.spans(text)))


def spans_of(decision: dict[str, Any]) -> list[Span]:
    """Return the personal data that a decision names; [] where nobody looked for it."""
    return [(each["start"], each["end"], each["kind"]) for each in decision["clean"].get("personal") or ()]


def for_member(decision: dict[str, Any]) -> dict[str, Any]:
    """Return what a member may read of a decision: the masked text and what was decided.

    Not who sent it, no words out of the text beside it, and no other member's reasons.
    """
    route = {name: decision["route"].get(name) for name in _ROUTE}
    return {
        "id": decision["id"],
        "text": masked(decision["clean"]["text"], spans_of(decision)),
        "intent": decision["intent"],
        "topic": {name: decision["topic"][name] for name in ("level1", "level2")},
        "priority": decision["priority"]["level"],
        "reasons": [each["text"] for each in decision["priority"]["reasons"]],
        "issue": decision["duplicate"]["issue"],
        "route": route,
    }
