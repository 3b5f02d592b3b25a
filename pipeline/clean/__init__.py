"""Damage undone, with every edit recorded: `clean` is the stage, each module one kind of damage."""

from __future__ import annotations

from pipeline.clean import reading, script, shift, width
from pipeline.clean.edits import compose, replay
from pipeline.records import Clean, Edit

__all__ = ["clean"]

_PASSES = (shift.edits, width.edits, reading.edits, script.edits)
"""Readings before script: the conversion would destroy the evidence that a character was traditional."""


_ROUNDS = 20
"""One pass may bring to light what is another's: blanks around an invisible character, say."""


def clean(text: str) -> Clean:
    """Return the clean text and the edits that lead to it from the raw one.

    Works on any string, never raises, and leaves clean text alone.

    >>> clean("安裝電梯(tī)").text
    '安装电梯(tī)'
    """
    edits: list[Edit] = []
    current = text
    for _ in range(_ROUNDS):
        before = current
        for find in _PASSES:
            if found := find(current):
                edits = compose(text, edits, found)
                current = replay(current, found)
        if current == before:
            break
    return Clean(current, tuple(edits))
