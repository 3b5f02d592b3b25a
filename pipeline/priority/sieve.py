"""Where in a text a signal may hold at all, told for a whole batch at once.

A pattern can only match where its words, or one of each of its lists of words, stand one behind the other and near
enough. Looking up the first characters of all those words in the whole batch, and comparing places, costs far less
than trying every pattern on every text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from pipeline.features import Batch, Ints, Keys, batch
from pipeline.priority.table import Signal, signals

_LONGEST = 3
"""Characters of a word that are looked up."""


class Candidate(NamedTuple):
    """A place that is worth trying: a signal and its alternative by number, and where its first word may begin."""

    signal: int
    alternative: int
    at: int


class _Starts:
    """The beginnings of words, all of one length, and the sets of words that each belongs to."""

    def __init__(self, length: int, members: dict[str, list[int]]) -> None:
        self.length = length
        parts = batch(list(members))
        keys = self._keys(parts, parts.starts[:-1])
        order = np.argsort(keys, kind="stable")
        self.keys = keys[order]
        lists = [list(members.values())[index] for index in order.tolist()]
        self.sizes: Ints = np.array([len(each) for each in lists], np.int64)
        self.offsets: Ints = np.cumsum(self.sizes) - self.sizes
        self.flat: Ints = np.array([index for each in lists for index in each], np.int64)
        self.begins = np.zeros(1 << 16, np.bool_)
        self.begins[parts.codes[parts.starts[:-1]]] = True
        self.seconds = np.zeros(1 << 16, np.bool_)
        self.seconds[parts.codes[parts.starts[:-1] + 1]] = True

    def _keys(self, parts: Batch, at: Ints) -> Keys:
        keys = parts.codes[at].astype(np.uint64)
        for step in range(1, self.length):
            keys = keys << np.uint64(16) | parts.codes[np.minimum(at + step, len(parts.codes) - 1)]
        return keys

    def places(self, parts: Batch) -> tuple[Ints, Ints]:
        """Return where in the batch a word of which set may begin."""
        codes = parts.codes
        near = self.begins[codes]
        if self.length > 1:
            near[:-1] &= self.seconds[codes[1:]]
        at = np.flatnonzero(near)
        keys = self._keys(parts, at)
        found = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        hit = self.keys[found] == keys
        at, which = at[hit], found[hit]
        sizes = self.sizes[which]
        within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return self.flat[np.repeat(self.offsets[which], sizes) + within], np.repeat(at, sizes)


class Sieve:
    """Tells for each text of a batch where which signals are worth trying."""

    def __init__(self, table: Sequence[Signal]) -> None:
        sets: dict[tuple[str, ...], int] = {}
        starts: list[dict[str, list[int]]] = [{} for _ in range(_LONGEST)]
        self._wanted: list[tuple[int, int, list[int], tuple[int, ...]]] = []
        for index, signal in enumerate(table):
            for number, alternative in enumerate(signal.pattern.alternatives):
                wanted = [sets.setdefault(words, len(sets)) for words in alternative.pieces]
                self._wanted.append((index, number, wanted, alternative.reaches))
        for words, index in sets.items():
            for start in {word[:_LONGEST] for word in words}:
                starts[len(start) - 1].setdefault(start, []).append(index)
        self._size = len(sets)
        self._starts = [_Starts(length, members) for length, members in enumerate(starts, 1) if members]

    def candidates(self, parts: Batch) -> list[list[Candidate]]:
        """Return for each text the places that are worth trying, signal by signal, the first place first."""
        told = [starts.places(parts) for starts in self._starts]
        members, at = (np.concatenate(each) for each in zip(*told, strict=True))
        order = np.argsort(at, kind="stable")  # two rising runs
        members = members[order].astype(np.int16)
        by_set = np.argsort(members, kind="stable")  # a radix sort, for small integers
        at, members = at[order][by_set], members[by_set]
        bounds = np.searchsorted(members, np.arange(self._size + 1)).tolist()
        found: list[list[Candidate]] = [[] for _ in range(len(parts))]
        begins = parts.starts.tolist()
        there = {piece for piece in range(self._size) if bounds[piece] < bounds[piece + 1]}
        for signal, alternative, wanted, reaches in self._wanted:
            if not there.issuperset(wanted):
                continue
            places = at[bounds[wanted[0]] : bounds[wanted[0] + 1]]
            reach = 0
            for piece, further in zip(wanted[1:], reaches[:-1], strict=True):
                reach += further
                nexts = at[bounds[piece] : bounds[piece + 1]]
                nearest = nexts[np.minimum(np.searchsorted(nexts, places, side="right"), len(nexts) - 1)]
                places = places[(nearest > places) & (nearest - places <= reach)]
            rows = parts.owners[places].tolist()
            for row, place in zip(rows, places.tolist(), strict=True):
                found[row].append(Candidate(signal, alternative, place - begins[row]))
        return found


@cache
def sieve() -> Sieve:
    """Return the sieve of the signals that ship."""
    return Sieve(signals())
