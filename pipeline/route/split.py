"""Several matters in one text (一事一报): where a text could be taken apart, each part with its own topic and route.

Only an order that the writer gave counts (一、二、 or 1. 2., 其一 其二, a sentence that begins with 另外), and only
where the parts turn out to be of different topics; the officer decides. The text stays whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.records import Topic

_HAN = "一二三四五六七八九十"
_BEGINS = r"(?<![^。；;！!？?：:\s].)"
"""Stands behind the first sign of what begins a sentence or a line: to begin with a sign makes a pattern fast."""
_LISTS = tuple(
    map(
        re.compile,
        (
            rf"(?P<n>[{_HAN}]){_BEGINS}[、.．]",
            rf"第{_BEGINS}(?P<n>[{_HAN}])[、，,：:]",
            rf"其{_BEGINS}(?P<n>[{_HAN}])[、，,：:是]?",
            rf"[（(]{_BEGINS}(?P<n>[{_HAN}1-9])[)）]",
            rf"(?P<n>[1-9]){_BEGINS}(?:[、．]|\.(?!\d))",
        ),
    )
)
_MORE = ("另外", "此外", "还有一件事", "还有一个问题", "还有一事", "再反映一", "顺便反映")
_FURTHER = re.compile(rf"(?:^|(?<=[。；;！!？?：:\n\s]))\s*(?:{'|'.join(_MORE)})", re.MULTILINE)
_LEAST = 15
"""Characters that a part must have to be a matter of its own."""
_SURE = 0.6
"""Least confidence in the topic of a part for it to count as one of its own."""
_SECOND = 0.2
"""Least probability that must be left for other topics in the whole text for its parts to be looked at."""

Span = tuple[int, int]


def _listed(text: str) -> list[int]:
    """Return where the items of the first list of a text begin, in the order that their numbers give."""
    for pattern in _LISTS:
        starts: list[int] = []
        for match in pattern.finditer(text):
            number = match["n"]
            if (_HAN.find(number) + 1 or int(number)) == len(starts) + 1:
                starts.append(match.start())
        if len(starts) > 1:
            return starts
    return []


def spans(text: str) -> list[Span]:
    """Return the spans of a text that may be matters of their own; [] where the writer set none apart.

    >>> spans("一、路灯坏了三天，夜里看不见路。二、孩子上小学要带哪些材料去报名？")
    [(0, 16), (16, 33)]
    """
    starts = _listed(text)
    if not starts and any(map(text.__contains__, _MORE)) and (match := _FURTHER.search(text)):
        title = text.find("\n") + 1 if "\n" in text[: match.start()] else 0
        starts = [title, match.start()]
    if not starts:
        return []
    found = list(zip(starts, [*starts[1:], len(text)], strict=True))
    return found if all(end - start >= _LEAST for start, end in found) else []


def matters(parts: Sequence[tuple[Span, Topic]]) -> list[tuple[Span, Topic]]:
    """Return the matters that the parts of a text make: neighbours of one topic are one; [] where it is only one."""
    if len({topic.level1 for _, topic in parts if topic.confidence >= _SURE}) < 2:
        return []
    joined: list[tuple[Span, Topic]] = []
    for (start, end), topic in parts:
        if joined and joined[-1][1].level1 == topic.level1:
            (first, _), other = joined[-1]
            joined[-1] = (first, end), max(other, topic, key=lambda each: each.confidence)
        else:
            joined.append(((start, end), topic))
    return joined


def mixed(topic: Topic) -> bool:
    """Whether a whole text leaves room for a second topic: where one is certain, its items are of one matter."""
    return topic.confidence < 1 - _SECOND
