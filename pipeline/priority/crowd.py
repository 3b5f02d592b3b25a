"""Aggravation from outside the text: many voices about one matter, growth within days, one who writes again.

Known only when all texts of a run have been compared. The reasons say that they come from the crowd (their codes begin
with "crowd_"), so that an officer sees what the text says and what the others add. Nothing is kept between runs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pipeline.records import LEVELS, Level, Priority, Reason

MANY = 5
"""Voices about one matter from which they are a reason."""
LIFTING = 10
"""Voices from which a normal matter becomes high: many people under one harm."""
WINDOW = 7
"""Days within which voices are growth, and after which the same person's second text is a reminder."""

_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})")
_CLOSER = 0.3
"""How much of the way to the next level a crowd moves the score of a text."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One submission in its issue: who sent it and on which day, where that is known."""

    issue: str
    submitter: str | None
    day: int | None


def voice(issue: str, submitter: str | None, submitted_at: str | None) -> Voice:
    """Return a voice, its day read from a time as offices write it; None where there is none.

    >>> voice("issue-1", None, "2026/3/7 9:05").day - voice("issue-1", None, "2026年3月1日").day
    6
    """
    match = _DAY.search(submitted_at or "")
    try:
        day = date(int(match[1]), int(match[2]), int(match[3])).toordinal() if match else None
    except ValueError:
        day = None
    return Voice(issue, submitter or None, day)


def crowd(voices: Sequence[Voice]) -> dict[int, tuple[Reason, ...]]:
    """Return the reasons that the other voices of its issue give to a submission, by its place in the sequence."""
    issues: dict[str, list[int]] = {}
    for index, each in enumerate(voices):
        issues.setdefault(each.issue, []).append(index)
    found: dict[int, tuple[Reason, ...]] = {}
    for members in issues.values():
        if len(members) < 2:
            continue
        common = _common([voices[index] for index in members])
        for index in members:
            reasons = common + _again(voices[index], [voices[other] for other in members])
            if reasons:
                found[index] = reasons
    return found


def people(voices: Sequence[Voice]) -> int:
    """Return how many people speak: a known submitter counts once, each unknown one for itself."""
    known = {each.submitter for each in voices if each.submitter}
    return len(known) + sum(not each.submitter for each in voices)


def _common(voices: Sequence[Voice]) -> tuple[Reason, ...]:
    count = people(voices)
    if count < MANY:
        return ()
    code = "crowd_many" if count >= LIFTING else "crowd_voices"
    reasons = [Reason(code, f"群体：同一事项已有 {count} 人反映（共 {len(voices)} 件）", 0, 0)]
    days = sorted(each.day for each in voices if each.day is not None)
    if days:
        recent = people([each for each in voices if each.day is not None and each.day > days[-1] - WINDOW])
        if recent >= MANY:
            reasons.append(Reason("crowd_growth", f"群体：最近 {WINDOW} 天内新增 {recent} 人反映", 0, 0))
    return tuple(reasons)


def _again(own: Voice, voices: Sequence[Voice]) -> tuple[Reason, ...]:
    """Tell that the same person wrote at least a week before; whether it was answered the office must see."""
    if own.submitter is None or own.day is None:
        return ()
    before = [each.day for each in voices if each.submitter == own.submitter and each.day is not None]
    gap = own.day - min(before)
    if gap < WINDOW:
        return ()
    return (Reason("crowd_again", f"群体：同一反映人 {gap} 天后再次来件，请核对此前是否已答复", 0, 0),)


def aggravate(priority: Priority, reasons: Sequence[Reason]) -> Priority:
    """Return a priority with the reasons of the crowd behind those of the text.

    Very many voices lift normal to high, never further: danger to life is a matter of the text. Otherwise the level
    stays, and the text moves up among those of its level.
    """
    if not reasons:
        return priority
    level, at = priority.level, priority.score
    if level == Level.NORMAL and any(reason.code == "crowd_many" for reason in reasons):
        level, at = Level.HIGH, LEVELS.index(Level.HIGH) / len(LEVELS)
    top = (LEVELS.index(level) + 0.99) / len(LEVELS)
    return Priority(level, round(at + _CLOSER * max(0.0, top - at), 4), (*priority.reasons, *reasons))
