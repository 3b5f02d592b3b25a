"""Edits that replay: making them, applying them, joining those of several passes, mapping offsets.

A pass of the cleaning gets a text and returns edits in the coordinates of that text. `compose` brings
the edits of a later pass back into the coordinates of the raw text, so that one list tells it all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from pipeline.records import Edit


def replay(text: str, edits: Sequence[Edit]) -> str:
    """Apply edits, which are sorted and do not overlap.

    >>> replay("軟體很好", [Edit("script", 0, 2, "軟體", "软件")])
    '软件很好'
    """
    parts, at = [], 0
    for edit in edits:
        parts.append(text[at : edit.start])
        parts.append(edit.after)
        at = edit.end
    parts.append(text[at:])
    return "".join(parts)


def _slices(edits: Sequence[Edit]) -> tuple[list[int], list[int]]:
    """Where each edit begins and ends in the text that it leads to."""
    starts, ends, drift = [], [], 0
    for edit in edits:
        starts.append(edit.start + drift)
        ends.append(starts[-1] + len(edit.after))
        drift += len(edit.after) - (edit.end - edit.start)
    return starts, ends


def compose(raw: str, first: Sequence[Edit], second: Sequence[Edit]) -> list[Edit]:
    """Return edits of `raw` that do what `first` and then `second` do.

    `second` is in the coordinates of the text after `first`. Where both touch the same place they become
    one edit, named after the first of them.
    """
    if not first or not second:
        return list(first or second)
    starts, ends = _slices(first)
    out: list[Edit] = []
    drift = taken = 0  # `taken` edits of `first` are done with; `drift` = raw offset − middle offset after them
    position = 0
    while position < len(second):
        edit = second[position]
        while taken < len(first) and ends[taken] <= edit.start and not (starts[taken] == ends[taken] == edit.start):
            out.append(first[taken])
            drift += (first[taken].end - first[taken].start) - len(first[taken].after)
            taken += 1
        low, high = edit.start, edit.end
        group_first, group_second = [], [edit]
        position += 1
        grown = True
        while grown:  # an edit of either pass may reach into the next one of the other
            grown = False
            while taken < len(first) and starts[taken] < high:
                group_first.append(first[taken])
                low, high = min(low, starts[taken]), max(high, ends[taken])
                taken += 1
                grown = True
            while position < len(second) and second[position].start < high:
                group_second.append(second[position])
                high = max(high, second[position].end)
                position += 1
                grown = True
        out.append(_merge(raw, low + drift, high, group_first, group_second, low))
        drift += sum((e.end - e.start) - len(e.after) for e in group_first)
    out.extend(first[taken:])
    return [edit for edit in out if edit.before != edit.after]


def _merge(raw: str, start: int, high: int, first: list[Edit], second: list[Edit], low: int) -> Edit:
    """Join edits of two passes that touch one stretch, [low, high) between the passes, into one."""
    length = (high - low) + sum((e.end - e.start) - len(e.after) for e in first)
    before = raw[start : start + length]
    middle = replay(before, [Edit(e.kind, e.start - start, e.end - start, e.before, e.after) for e in first])
    after = replay(middle, [Edit(e.kind, e.start - low, e.end - low, e.before, e.after) for e in second])
    return Edit((first or second)[0].kind, start, start + length, before, after)


def difference(before: str, after: str, kind: str, offset: int = 0) -> list[Edit]:
    """Return the edits between two texts of equal length, one for each run of changed characters."""
    edits = []
    start = -1
    for at, (old, new) in enumerate(zip(before, after, strict=True)):
        if old != new:
            if start < 0:
                start = at
        elif start >= 0:
            edits.append(Edit(kind, start + offset, at + offset, before[start:at], after[start:at]))
            start = -1
    if start >= 0:
        edits.append(Edit(kind, start + offset, len(before) + offset, before[start:], after[start:]))
    return edits


class OffsetMap:
    """From offsets in the clean text to offsets in the raw text.

    >>> OffsetMap([Edit("reading", 1, 6, "(shè)", "")]).to_raw(1)
    6
    """

    def __init__(self, edits: Sequence[Edit]) -> None:
        self.edits = edits
        self.starts, self.ends = _slices(edits)

    def to_raw(self, offset: int) -> int:
        """Return the raw offset of a clean one; inside a replacement, as far in as it goes."""
        index = bisect_right(self.starts, offset) - 1
        if index < 0:
            return offset
        edit = self.edits[index]
        if offset >= self.ends[index]:
            return edit.end + offset - self.ends[index]
        return min(edit.start + offset - self.starts[index], edit.end)
