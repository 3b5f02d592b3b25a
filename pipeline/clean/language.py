"""How likely characters follow one another: the language score that a repair must gain by.

A table of character bigrams, counted in corpora/written and in the words of jieba's dictionary (`make model`), with
the traditional form of a character scored as the simplified one.
"""

from __future__ import annotations

import re
from functools import cache
from operator import add
from pathlib import Path

import numpy as np

from pipeline import artefact
from pipeline.clean.patterns import ranges
from pipeline.knowledge import SHIPPED_MODELS

NAME = "language"
STEP = 0.05
"""Log probabilities are stored as multiples of this, below zero."""
_BACKOFF = -2.0
_UNKNOWN = -15.0


class Language:
    """Log probabilities of characters, given the one before.

    Parameters
    ----------
    pairs : two characters → log probability of the second after the first.
    singles : character → log probability.
    """

    def __init__(self, pairs: dict[str, float], singles: dict[str, float]) -> None:
        self._pairs = pairs
        self._singles = singles

    @classmethod
    def load(cls, folder: Path | None = None) -> Language:
        """Return the table that ships."""
        _, arrays = artefact.load(folder or SHIPPED_MODELS / NAME)
        keys = arrays["keys"].astype("<u4").tobytes().decode("utf-16-le")
        scores = (arrays["scores"] * -STEP).tolist()
        alone = np.flatnonzero(arrays["keys"] & 0xFFFF == 0).tolist()
        singles = {keys[2 * at + 1]: scores[at] for at in alone}
        return cls(dict(zip(map(add, keys[::2], keys[1::2]), scores, strict=True)), singles)

    def after(self, before: str, char: str) -> float:
        """Return the log probability of a character after another."""
        found = self._pairs.get(before + char)
        return self._singles.get(char, _UNKNOWN) + _BACKOFF if found is None else found

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
