"""Which texts to compare, and how alike two of them are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from pipeline.match.prints import BITS, NAMED, TITLED, WIDTH, Background, Fingerprint, Flags, Floats, Ints

_KEYS = 24
"""A text is looked up by at most so many of its rarest bigrams …"""
_COMMON = 64
"""… none of which stands in more texts than this."""
_SHORT_KEYS = 4
_NEAR = 3
"""A text without such bigrams is compared with so many next ones by so many of its rarest."""
_BLOCK = 4_000
NEIGHBOURS = 12
"""Of the candidates of a text so many are judged."""
_LEAST_SHARED = 3
"""So many keys a candidate must share."""

_PARTS = {"title": TITLED, "name": NAMED, "both": TITLED | NAMED}
_WEIGHTS = {"cosine": 3.7, "title_least": 2.1, "title_most": 4.2, "name_least": 1.0, "name_most": 2.0, "conflict": -3.0}
_OFFSET = -4.6
"""Of the judgement on a pair: rounded from a logistic regression on pairs that were labelled by reading."""
_CONTRADICTED = 0.34
_LOGS = (1 + np.log(np.maximum(np.arange(256), 1))).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Judged pairs of texts: `left` before `right`, score of one matter, cosine, contradiction of names."""

    left: Ints
    right: Ints
    score: Floats
    cosine: Floats
    conflict: Flags


class Matcher:
    """All texts of a run, weighted and ready to be compared.

    Parameters
    ----------
    prints : their fingerprint.
    background : how common bigrams are in general.
    """

    def __init__(self, prints: Fingerprint, background: Background) -> None:
        self.count = len(prints.sizes)
        self.starts = np.concatenate([[0], np.cumsum(prints.sizes)])
        self.columns = prints.columns
        self.flags = prints.flags
        self.sizes = prints.sizes
        spread = np.bincount(prints.columns, minlength=WIDTH).astype(np.int32)
        self.spread = spread[prints.columns]
        total = 1 + self.count + background.texts
        known = background.spread[prints.columns]
        self.rarity = np.log(total / (1 + known + self.spread)).astype(np.float32) + 1
        rows = np.repeat(np.arange(self.count, dtype=np.int32), prints.sizes)
        weights = _LOGS[prints.counts] * self.rarity
        norms = np.sqrt(np.bincount(rows, weights**2, self.count))
        self.weights = weights / np.maximum(norms, 1e-9).astype(np.float32)[rows]
        self.rows = rows
        flags = self.flags
        self.masses = {
            flag: np.bincount(rows, self.rarity * (flags & flag == flag), self.count) for flag in _PARTS.values()
        }

    def candidates(self) -> tuple[Ints, Ints]:
        """Return pairs (left, right), left before right, that share rare bigrams."""
        keys = self._keys()
        turned = keys.T.tocsr()
        found = [self._neighbours(np.diff(keys.indptr))]
        for begin in range(0, self.count, _BLOCK):
            shared = (keys[begin : begin + _BLOCK] @ turned).tocoo()
            good = shared.data >= _LEAST_SHARED
            row, column, value = (
                shared.row[good].astype(np.int64) + begin,
                shared.col[good].astype(np.int64),
                shared.data[good],
            )
            other = row != column
            packed = (row[other] << 8 | _KEYS - value[other].astype(np.int64)) * self.count + column[other]
            packed.sort()
            row = packed // self.count >> 8
            near = _place_in_run(row) < NEIGHBOURS
            row, column = row[near], packed[near] % self.count
            found.append(np.minimum(row, column) * self.count + np.maximum(row, column))
        pairs = np.unique(np.concatenate(found))
        return pairs // max(1, self.count), pairs % max(1, self.count)

    def _keys(self) -> sp.csr_matrix:
        """Return (texts × bigrams) with a one for each of a text's rarest bigrams that stand elsewhere, too."""
        usable = np.flatnonzero((self.spread > 1) & (self.spread <= _COMMON))
        rank = ((1 - self.weights[usable]) * 0xFFFF).astype(np.int64)
        packed = np.sort((self.rows[usable].astype(np.int64) << 16 | rank) << BITS | self.columns[usable])
        row = packed >> (16 + BITS)
        packed = packed[_place_in_run(row) < _KEYS]
        ones = np.ones(len(packed), np.float32)
        shape = (self.count, WIDTH)
        return sp.csr_matrix((ones, (packed >> (16 + BITS), packed & WIDTH - 1)), shape)

    def _neighbours(self, keys: Ints) -> Ints:
        """Return candidates for texts that have too few keys, since all of theirs stand in too many texts.

        Such are campaign texts: each is paired with the next few that share one of its rarest bigrams.
        """
        short = np.flatnonzero((keys[self.rows] < _LEAST_SHARED) & (self.spread > _COMMON))
        order = short[np.lexsort((self.columns[short], -self.weights[short], self.rows[short]))]
        order = order[_place_in_run(self.rows[order].astype(np.int64)) < _SHORT_KEYS]
        packed = np.sort(self.columns[order].astype(np.int64) * self.count + self.rows[order])
        column, row = packed // max(1, self.count), packed % max(1, self.count)
        pairs = [np.zeros(0, np.int64)]
        for step in range(1, _NEAR + 1):
            same = np.flatnonzero(column[step:] == column[:-step])
            pairs.append(row[same] * self.count + row[same + step])
        return np.concatenate(pairs)

    def judge(self, left: Ints, right: Ints) -> Pairs:
        """Score pairs of texts."""
        blocks = [self._judge(left[at : at + _BLOCK], right[at : at + _BLOCK]) for at in range(0, len(left), _BLOCK)]
        empty = np.zeros(0, np.float32)
        score, cosine, conflict = (
            (np.concatenate([empty, *column]) for column in zip(*blocks, strict=True)) if blocks else [empty] * 3
        )
        return Pairs(left, right, score, cosine, conflict.astype(bool))

    def _judge(self, left: Ints, right: Ints) -> tuple[Floats, Floats, Flags]:
        count = len(left)
        pair, ours, theirs = self._shared(left, right)
        cosine = np.bincount(pair, self.weights[ours] * self.weights[theirs], count)
        there: dict[str, Floats] = {}
        back: dict[str, Floats] = {}
        for name, flag in _PARTS.items():
            there[name] = self._covered(flag, left, pair, ours)
            back[name] = self._covered(flag, right, pair, theirs)
        conflict = (there["both"] <= _CONTRADICTED) & (back["both"] <= _CONTRADICTED)
        evidence = _OFFSET + _WEIGHTS["cosine"] * cosine + _WEIGHTS["conflict"] * conflict
        for name in ("title", "name"):
            evidence += _WEIGHTS[f"{name}_least"] * np.minimum(there[name], back[name])
            evidence += _WEIGHTS[f"{name}_most"] * np.maximum(there[name], back[name])
        return (1 / (1 + np.exp(-evidence))).astype(np.float32), cosine.astype(np.float32), conflict

    def _shared(self, left: Ints, right: Ints) -> tuple[Ints, Ints, Ints]:
        """Return the bigrams that pairs share: the pair, and the entry in the left and in the right text."""
        a = _entries(self.starts[left], self.sizes[left])
        b = _entries(self.starts[right], self.sizes[right])
        in_a = np.repeat(np.arange(len(left)), self.sizes[left]) << BITS | self.columns[a]
        in_b = np.repeat(np.arange(len(right)), self.sizes[right]) << BITS | self.columns[b]
        at = np.minimum(np.searchsorted(in_b, in_a), max(0, len(in_b) - 1))  # both ascend: by pair, then by column
        both = np.flatnonzero(in_b[at] == in_a) if len(in_b) else np.zeros(0, np.int64)
        return in_a[both] >> BITS, a[both], b[at[both]]

    def _covered(self, flag: int, text: Ints, pair: Ints, entry: Ints) -> Floats:
        """Return which share of the rarity under a flag stands in the other text, a half where there is none."""
        whole = self.masses[flag][text]
        flagged = self.flags[entry] & flag == flag
        found = np.bincount(pair, self.rarity[entry] * flagged, len(text))
        return np.where(whole > 0, found / np.maximum(whole, 1e-9), 0.5).astype(np.float32)


def _entries(starts: Ints, sizes: Ints) -> Ints:
    """Return the places of some runs, one run behind the other.

    >>> _entries(np.array([5, 0]), np.array([2, 1])).tolist()
    [5, 6, 0]
    """
    first = np.cumsum(sizes) - sizes
    places: Ints = np.arange(int(sizes.sum())) + np.repeat(starts - first, sizes)
    return places


def _place_in_run(values: Ints) -> Ints:
    """Return for each of some ascending values how many equal ones stand before it.

    >>> _place_in_run(np.array([3, 3, 5])).tolist()
    [0, 1, 0]
    """
    where = np.arange(len(values))
    begins = np.concatenate([[True], values[1:] != values[:-1]]) if len(values) else np.zeros(0, bool)
    return where - np.maximum.accumulate(np.where(begins, where, 0))
