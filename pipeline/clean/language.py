"""How likely characters follow one another: the language score that a repair must gain by.

A table of character bigrams, counted in corpora/written and in the words of jieba's dictionary (`make language`), with
the traditional form of a character scored as the simplified one.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import artefact
from pipeline.knowledge import models_folder

NAME = "language"
_STEP = 0.05
"""Log probabilities are stored as multiples of this, below zero."""
_BACKOFF = -2.0
_UNKNOWN = -15.0
_LEAST = 2
_WORD_WEIGHT = 0.02


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
        _, arrays = artefact.load(folder or models_folder() / NAME)
        keys = arrays["keys"].astype("<u4").tobytes().decode("utf-16-le")
        scores = (arrays["scores"] * -_STEP).tolist()
        pairs = {keys[2 * at : 2 * at + 2]: score for at, score in enumerate(scores)}
        singles = {pair[1]: score for pair, score in pairs.items() if pair[0] == "\0"}
        return cls(pairs, singles)

    def knows(self, char: str) -> bool:
        """Whether a character is one of everyday writing."""
        return char in self._singles

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
def language() -> Language:
    """Return the table that ships, loaded once."""
    return Language.load()


def build(folder: Path) -> None:
    """Count bigrams in the written texts and in jieba's dictionary, and write the table."""
    from pipeline.train import read_written, written_files

    pairs: Counter[str] = Counter()
    for example in read_written(written_files()):
        text = "\n" + example.text.replace("\0", "")
        pairs.update(text[at : at + 2] for at in range(len(text) - 1))
    for word, count in _dictionary():
        for at in range(len(word) - 1):
            pairs[word[at : at + 2]] += math.ceil(count * _WORD_WEIGHT)  # type: ignore[assignment]
    singles: Counter[str] = Counter()
    firsts: Counter[str] = Counter()
    for pair, count in pairs.items():
        singles[pair[1]] += count
        firsts[pair[0]] += count
    total = sum(singles.values())
    table = {"\0" + char: math.log(count / total) for char, count in singles.items() if count >= _LEAST}
    for pair, count in pairs.items():
        if count >= _LEAST and ord(max(pair)) < 1 << 16:
            table[pair] = math.log(count / firsts[pair[0]])
    names = sorted(name for name in table if ord(max(name)) < 1 << 16)
    arrays: dict[str, Any] = {
        "keys": np.frombuffer("".join(names).encode("utf-16-le"), "<u4"),
        "scores": np.array([min(255, round(-table[name] / _STEP)) for name in names], np.uint8),
    }
    card = f"# {folder.name}\n\nBigrams of characters from corpora/written and jieba's dictionary: {len(names)}.\n"
    artefact.save(folder, {"name": folder.name}, arrays, card)


def _dictionary() -> list[tuple[str, int]]:
    from importlib.resources import files

    lines = (files("jieba") / "dict.txt").read_text(encoding="utf-8").splitlines()
    return [(word, int(count)) for word, count, _ in (line.split(" ") for line in lines)]
