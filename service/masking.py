"""What of a submission goes to a member: the text without the submitter's personal data.

The spans come with the decision (`clean.personal`, see the contract); this module only takes them out. Whoever finds
them is of no concern here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Span = tuple[int, int, str]
"""Start, end and kind of a piece of personal data in the clean text."""

KINDS = {
    "name": "姓名", "phone": "电话", "id_card": "身份证号", "bank_card": "银行卡号", "address": "住址",
    "plate": "车牌号", "email": "邮箱", "wechat": "微信号", "qq": "QQ号",
}  # fmt: skip

_ROUTE = ("sector", "assist", "committee", "place", "station", "due")


def masked(text: str, spans: Iterable[Span]) -> str:
    """Return a text with each span replaced by the name of its kind; spans that overlap become one.

    >>> masked("我叫沈一，电话13800000000", [(2, 4, "name"), (7, 18, "phone")])
    '我叫【姓名】，电话【电话】'
    """
    parts: list[str] = []
    done = 0
    for start, end, kind in sorted(spans):
        start, end = max(start, 0), min(end, len(text))
        if end <= max(done, start):
            continue
        if start >= done:
            parts += [text[done:start], f"【{KINDS.get(kind, '个人信息')}】"]
        done = end
    return "".join(parts) + text[done:]


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
