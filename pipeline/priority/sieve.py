"""Which signals a text may hold at all, told for a whole batch at once.

A pattern can only match where each of its words, or one of each of its lists of words, stands in the text. Looking up
all one- and two-character beginnings of those words in the whole batch costs far less than trying every pattern on
every text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from pipeline.features import Batch, batch, grams
from pipeline.priority.table import Signal, signals

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class _Starts:
    """The beginnings of words, of one length, and the sets of words that each belongs to."""

    def __init__(self, length: int, members: dict[str, list[int]]) -> None:
        self.length = length
        names = sorted(members)
        parts = batch(names or ["\0" * length])
        keys = grams(parts.codes, length)[0][parts.starts[:-1]]
        order = np.argsort(keys, kind="stable")
        self.keys = keys[order]
        lists = [members[names[index]] for index in order.tolist()] if names else [[]]
        self.sizes: Ints = np.array([len(each) for each in lists], np.int64)
        self.offsets: Ints = np.concatenate([[0], np.cumsum(self.sizes)])[:-1]
        self.flat: Ints = np.array([index for each in lists for index in each], np.int64)
        self.begins = np.zeros(1 << 16, np.bool_)
        self.begins[(self.keys >> np.uint64(16 * (length - 1))).astype(np.int64)] = True

    def mark(self, parts: Batch, present: Bools) -> None:
        """Mark for each text the sets of which a word begins in it."""
        at = np.flatnonzero(self.begins[parts.codes] & (parts.codes != 0))
        keys = grams(parts.codes, self.length)[0][at]
        found = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        hit = self.keys[found] == keys
        owners, which = parts.owners[at[hit]], found[hit]
        sizes = self.sizes[which]
        within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        present[np.repeat(owners, sizes), self.flat[np.repeat(self.offsets[which], sizes) + within]] = True


class Sieve:
    """Tells for each text of a batch which signals are worth trying."""

    def __init__(self, table: Sequence[Signal]) -> None:
        sets: dict[tuple[str, ...], int] = {}
        starts: tuple[dict[str, list[int]], dict[str, list[int]]] = ({}, {})
        self._wanted: list[list[Ints]] = []
        for signal in table:
            alternatives = []
            for pieces in signal.pattern.pieces:
                alternatives.append(np.array([sets.setdefault(words, len(sets)) for words in pieces], np.int64))
            self._wanted.append(alternatives)
        for words, index in sets.items():
            for start in {word[:2] for word in words}:
                starts[len(start) - 1].setdefault(start, []).append(index)
        self._size = len(sets)
        self._starts = [_Starts(length, members) for length, members in enumerate(starts, 1) if members]

    def candidates(self, parts: Batch) -> list[list[int]]:
        """Return for each text the signals, by their place in the table, that are worth trying."""
        present = np.zeros((len(parts), self._size), np.bool_)
        for starts in self._starts:
            starts.mark(parts, present)
        worth = np.stack(
            [
                np.any([present[:, wanted].all(axis=1) for wanted in alternatives], axis=0)
                for alternatives in self._wanted
            ],
            axis=1,
        )
        found: list[list[int]] = [[] for _ in range(len(parts))]
        for row, column in np.argwhere(worth).tolist():
            found[row].append(column)
        return found


@cache
def sieve() -> Sieve:
    """Return the sieve of the signals that ship."""
    return Sieve(signals())
