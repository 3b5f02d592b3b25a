"""Damage undone, with every edit recorded: `clean` is the stage, each module one kind of damage."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle, islice

from pipeline.clean import chrome, codepage, lost, personal, reading, script, shift, width
from pipeline.clean.edits import compose, replay
from pipeline.records import Clean, Edit

__all__ = ["clean"]

Pass = Callable[[str], list[Edit]]
_PASSES: tuple[Pass, ...] = (chrome.edits, codepage.edits, shift.edits, width.edits, reading.edits, script.edits)
"""Readings before script: the conversion would destroy the evidence that a character was traditional."""

_DAMAGE = {"shift", "reading"}
"""Edits of these kinds say that a text came through a mirror."""

_ROUNDS, _LONG_ROUNDS = 20, 3
"""One pass may bring to light what is another's: blanks around an invisible character, say."""
_LONG = 20_000
"""Longer than any submission: a book, or an attack, and worth fewer rounds."""


def clean(text: str) -> Clean:
    """Return the clean text and the edits that lead to it from the raw one.

    Works on any string, never raises, and leaves clean text alone.

    >>> clean("安裝電梯(tī)").text
    '安装电梯(tī)'
    """
    edits, current = _repaired(text, [], text)
    for _ in range(_LONG_ROUNDS):
        damaged = any(edit.kind in _DAMAGE for edit in edits)
        if not (found := lost.edits(current, damaged=damaged)):
            break
        edits, current = _repaired(text, compose(text, edits, found), replay(current, found))
    echoes = chrome.echoes(text) if any(edit.kind == "chrome" for edit in edits) else 0
    return Clean(current, tuple(edits), personal.spans(current), echoes)


def _repaired(text: str, edits: list[Edit], current: str) -> tuple[list[Edit], str]:
    """Run all passes until none changes anything; return the edits of the raw text and what it becomes."""
    seen: dict[Pass, str] = {}
    rounds = _ROUNDS if len(text) <= _LONG else _LONG_ROUNDS
    for find in islice(cycle(_PASSES), rounds * len(_PASSES)):
        if seen.get(find) == current:
            break  # nothing has changed since this pass and all the others saw the text
        seen[find] = current
        if found := find(current):
            edits = compose(text, edits, found)
            current = replay(current, found)
    return edits, current
