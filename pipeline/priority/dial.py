"""The officer's dial: which share of the high and urgent the office wants to see, and what that costs.

A lower dial finds more of them and flags more besides. Labelled texts say where to set it, the office's own days how
many more that means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import InputError


@dataclass(frozen=True, slots=True)
class Setting:
    """A dial, and what it brings on labelled texts: recall and precision of high and urgent, how many are flagged."""

    dial: float
    recall: float
    precision: float
    flagged: int


def setting(chances: Sequence[float], raised: Sequence[bool], dial: float) -> Setting:
    """Return what a dial brings.

    Parameters
    ----------
    chances : probability of high or above of each labelled text; 1 where a floor holds.
    raised : whether its label is high or urgent.

    Raises
    ------
    InputError
        Where no label is high or urgent.

    >>> setting([0.9, 0.4, 0.3, 0.1], [True, False, True, False], 0.3)
    Setting(dial=0.3, recall=1.0, precision=0.6667, flagged=3)
    """
    if not any(raised):
        raise InputError("标签里没有紧急或特急的件，无法计算召回率。请补充这样的件再试。")
    flagged = [truth for chance, truth in zip(chances, raised, strict=True) if chance >= dial]
    hits = sum(flagged)
    return Setting(dial, round(hits / sum(raised), 4), round(hits / max(1, len(flagged)), 4), len(flagged))


def turn(chances: Sequence[float], raised: Sequence[bool], recall: float) -> Setting:
    """Return the highest dial that finds the share asked for.

    Raises
    ------
    InputError
        Where the share is no share, or no label is high or urgent.

    >>> turn([0.9, 0.4, 0.3, 0.1], [True, False, True, False], 0.5).dial
    0.9
    """
    if not 0 < recall <= 1:
        raise InputError(f"召回率 {recall}：应在 0 与 1 之间，例如 0.9 表示十件紧急的要找出九件。")
    setting(chances, raised, 1.0)  # refuses labels without any that is high
    own = sorted((chance for chance, truth in zip(chances, raised, strict=True) if truth), reverse=True)
    needed = next(count for count in range(1, len(own) + 1) if count / len(own) >= recall - 1e-9)
    dial = int(own[needed - 1] * 10_000) / 10_000  # rounded down, so that it still finds the last of them
    return setting(chances, raised, dial)


def per_day(chances: Sequence[float], days: Sequence[int | None], dial: float, usual: float) -> tuple[float, int]:
    """Return how many more (or, below zero, fewer) are flagged on each day than with the usual dial, and the days.

    Days run from the first to the last that a text names; 0 where none does.

    >>> per_day([0.5, 0.3, 0.3, 0.1], [1, 1, 2, 2], 0.2, 0.4)
    (1.0, 2)
    """
    known = [(chance, day) for chance, day in zip(chances, days, strict=True) if day is not None]
    if not known:
        return 0.0, 0
    span = max(day for _, day in known) - min(day for _, day in known) + 1
    more = sum((chance >= dial) - (chance >= usual) for chance, _ in known)
    return round(more / span, 2), span
