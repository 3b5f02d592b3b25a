"""How likely characters follow one another: the language score that a repair must gain by.

A table of character bigrams, counted in corpora/written and in the words of jieba's dictionary (`make model`), with
the traditional form of a character scored as the simplified one.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline import artefact
from pipeline.clean.patterns import ranges
from pipeline.knowledge import SHIPPED_MODELS

NAME = "language"
STEP = 0.05
"""Log probabilities are stored as multiples of this, below zero."""
_BACKOFF = -2.0
_UNKNOWN = -15.0
_BEYOND = "\U00010000"
"""No character from here on is in the table."""
_KEPT = 1 << 16
"""Pairs that are not looked up again: damaged text asks for the same ones over and over."""


class Language:
    """Log probabilities of characters, given the one before.

    Parameters
    ----------
    keys : (pairs,) ascending; a character in the higher half, the one before it, or none, in the lower.
    scores : (pairs,) log probabilities, as multiples of `STEP` below zero.
    """

    def __init__(self, keys: npt.NDArray[np.uint32], scores: npt.NDArray[np.uint8]) -> None:
        self._keys = array("I", keys.astype(np.uintc).tobytes())  # a dictionary would take long to fill
        self._scores = scores.tobytes()
        self.after = lru_cache(_KEPT)(self._after)

    @classmethod
    def load(cls, folder: Path | None = None) -> Language:
        """Return the table that ships."""
        _, arrays = artefact.load(folder or SHIPPED_MODELS / NAME)
        order = np.argsort(arrays["keys"])
        return cls(arrays["keys"][order], arrays["scores"][order])

    def _get(self, key: int) -> float | None:
        at = bisect_left(self._keys, key)
        return self._scores[at] * -STEP if at < len(self._keys) and self._keys[at] == key else None

    def _after(self, before: str, char: str) -> float:
        """Return the log probability of a character after another, or after none."""
        found = self._get(ord(char) << 16 | ord(before)) if "" < before < _BEYOND else None
        if found is None:
            alone = self._get(ord(char) << 16)
            found = (_UNKNOWN if alone is None else alone) + _BACKOFF
        return found

    def score(self, text: str, before: str = "") -> float:
        """Return the log probability of a text."""
        total = 0.0
        for char in text:
            total += self.after(before, char)
            before = char
        return total


@cache
def odd_characters() -> str:
    """Return the class of the ideographs of GB18030 that are not in the table: only misreading makes them."""
    _, arrays = artefact.load(SHIPPED_MODELS / NAME)
    return ranges(arrays["odd"].astype("<u2").tobytes().decode("utf-16-le"))


@cache
def misread() -> re.Pattern[str]:
    """Return the pattern of what a wrong reading of bytes leaves, odd, private or Latin: most texts have none."""
    return re.compile(rf"[{odd_characters()}\ue000-\uf8ff\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff]")


@cache
def language() -> Language:
    """Return the table that ships, loaded once."""
    return Language.load()
