"""N-grams of whole batches as sparse matrices, without a Python loop over characters.

An n-gram of one to four characters of the basic plane packs exactly into 64 bits, so a vocabulary is a sorted
array of integers and looking up millions of n-grams is one multiplicative hash and two gathers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Codes = npt.NDArray[np.uint16]
Keys = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

LONGEST = 4
_SLOT_BITS = 20
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_NO_KEY = np.uint64(0xFFFFFFFFFFFFFFFF)
"""No n-gram has this key: it ends in four characters that are none."""
_TITLE_LONGEST = 60
_TITLE_WEIGHT = 2.0


@cache
def _plain() -> Codes:
    """Return the table that folds characters: ideographs stay, Latin becomes lower case, all else is a border (0)."""
    table = np.zeros(1 << 16, np.uint16)
    for low, high in ((0x3400, 0xA000), (0x30, 0x3A), (0x61, 0x7B)):
        table[low:high] = np.arange(low, high)
    table[0x41:0x5B] = np.arange(0x61, 0x7B)
    return table


@dataclass(frozen=True, slots=True)
class Batch:
    """Some texts as one array of folded characters.

    codes : (characters,) with a border (0) after each text.
    starts : (texts + 1,) where each text begins.
    titles : (texts,) where its title ends; equal to the start where it has none.
    owners : (characters,) the text that each character belongs to.
    """

    codes: Codes
    starts: Ints
    titles: Ints
    owners: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.starts) - 1


def batch(texts: Sequence[str]) -> Batch:
    """Fold texts into one `Batch`."""
    joined = "\0".join(texts) + "\0"
    points = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
    codes = _plain()[np.where(points < 1 << 16, points, 0).astype(np.uint16)]
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) + 1 for text in texts], out=starts[1:])
    lengths = [max(0, text.find("\n", 0, _TITLE_LONGEST + 1)) for text in texts]
    owners = np.repeat(np.arange(len(texts), dtype=np.int32), np.diff(starts))
    return Batch(codes, starts, starts[:-1] + np.asarray(lengths, np.int64), owners)


def grams(codes: Codes, length: int) -> tuple[Keys, npt.NDArray[np.bool_]]:
    """Return the n-gram that starts at every position, and whether it crosses no border."""
    wide = codes.astype(np.uint64)
    keys = wide.copy()
    whole = codes != 0
    for step in range(1, length):
        keys[:-step] = keys[:-step] << np.uint64(16) | wide[step:]
        whole[:-step] &= codes[step:] != 0
        whole[-step:] = False
    return keys, whole


def pack(codes: Codes, starts: Ints, lengths: Ints) -> Keys:
    """Return the n-grams of given places and lengths (up to `LONGEST`) as keys."""
    padded = np.append(codes, np.zeros(LONGEST, np.uint16))
    keys = np.zeros(len(starts), np.uint64)
    for step in range(LONGEST):
        keys = keys << np.uint64(16) | padded[starts + step]
    return np.where(lengths > 0, keys >> (16 * (LONGEST - lengths)).astype(np.uint64), np.uint64(0))


def key(term: str) -> Keys:
    """Return a term of at most `LONGEST` characters as one n-gram, (1,)."""
    return grams(batch([term]).codes, len(term))[0][:1]


@dataclass(frozen=True, slots=True)
class Grams:
    """N-grams where they stand: position in the batch, length in characters, packed key."""

    position: Ints
    length: Ints
    keys: Keys


def characters(parts: Batch) -> Iterator[Grams]:
    """Yield the n-grams of characters of a batch, one length after the other."""
    for length in range(1, LONGEST + 1):
        keys, whole = grams(parts.codes, length)
        position = np.flatnonzero(whole)
        yield Grams(position, np.full(len(position), length), keys[position])


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Known n-grams where they stand: position in the batch, length, column in the vocabulary."""

    position: Ints
    length: Ints
    column: Ints


class Vocabulary:
    """The n-grams that a model knows, with their inverse document frequency.

    Parameters
    ----------
    keys : (n-grams,) packed and ascending, no two of them in one slot of the table (see `fit`).
    idf : (n-grams,)
    """

    def __init__(self, keys: Keys, idf: Floats) -> None:
        self.keys = keys
        self.idf = idf
        self._table = np.zeros(1 << _SLOT_BITS, np.min_scalar_type(len(keys)))  # small: it should stay in the cache
        self._table[_slots(keys)] = np.arange(1, len(keys) + 1)
        self._padded = np.concatenate([[_NO_KEY], keys])

    def subset(self, columns: Ints) -> Vocabulary:
        """Return a vocabulary of some of the columns, given in ascending order."""
        return Vocabulary(self.keys[columns], self.idf[columns])

    def joined(self, keys: Keys, texts: int) -> Vocabulary:
        """Return a vocabulary that knows more n-grams, as if each stood in one of so many texts.

        One whose slot of the table is taken stays out.
        """
        taken = np.zeros(1 << _SLOT_BITS, bool)
        taken[_slots(self.keys)] = True
        unique = np.unique(keys)
        _, first = np.unique(_slots(unique), return_index=True)
        new = unique[first][~taken[_slots(unique[first])]]
        every = np.concatenate([self.keys, new])
        idf = np.concatenate([self.idf, np.full(len(new), _rarity(1, texts), np.float32)])
        order = np.argsort(every)
        return Vocabulary(every[order], idf[order])

    @classmethod
    def fit(cls, texts: Sequence[str], *, least: int) -> Vocabulary:
        """Take the n-grams of characters that stand in at least `least` texts; see `of`."""
        parts = batch(texts)
        return cls.of(characters(parts), parts, least=least)

    @classmethod
    def of(cls, found: Iterable[Grams], parts: Batch, *, least: int) -> Vocabulary:
        """Take the n-grams that stand in at least `least` texts of a batch.

        Of n-grams that would share a slot of the table only the commonest stays (about one in fifty goes).
        """
        kept_keys, counts = [], []
        for some in found:
            unique, which = np.unique(some.keys, return_inverse=True)
            pairs = np.unique(which * len(parts) + parts.owners[some.position])
            count = np.bincount(pairs // max(1, len(parts)), minlength=len(unique))
            kept_keys.append(unique[count >= least])
            counts.append(count[count >= least])
        keys, count = np.concatenate(kept_keys), np.concatenate(counts)
        order = np.lexsort((keys, -count))
        _, first = np.unique(_slots(keys[order]), return_index=True)
        kept = order[first]
        kept = kept[np.argsort(keys[kept])]
        return cls(keys[kept], _rarity(count[kept], len(parts)).astype(np.float32))

    def spread(self, texts: int) -> Floats:
        """Return in how many of the texts that it was fitted on each n-gram stands."""
        counts: Floats = np.round((1 + texts) / np.exp(self.idf - 1) - 1)
        return counts

    def find(self, keys: Keys) -> Ints:
        """Return the column of each n-gram, -1 where it is unknown."""
        index = self._table[_slots(keys)]
        return np.where(self._padded[index] == keys, index.astype(np.int64) - 1, -1)

    def occurrences(self, parts: Batch) -> Occurrences:
        """Return every known n-gram of characters of a batch where it stands."""
        return self.among(characters(parts))

    def among(self, found: Iterable[Grams]) -> Occurrences:
        """Return the known ones among n-grams."""
        positions, lengths, columns = [], [], []
        for some in found:
            index = self._table[_slots(some.keys)]
            hit = np.flatnonzero(self._padded[index] == some.keys)
            positions.append(some.position[hit])
            lengths.append(some.length[hit])
            columns.append(index[hit].astype(np.int64) - 1)
        return Occurrences(np.concatenate(positions), np.concatenate(lengths), np.concatenate(columns))

    def matrix(self, parts: Batch, found: Occurrences) -> sp.csr_matrix:
        """Return (texts × n-grams): sublinear counts, the title counting double, times idf, rows of length 1."""
        small = found.column.astype(np.min_scalar_type(len(self.keys)))
        order = np.argsort(small, kind="stable")  # a radix sort, for small integers: it saves scipy a slow one
        position, column = found.position[order], found.column[order]
        row = parts.owners[position]
        weight = np.where(position < parts.titles[row], _TITLE_WEIGHT, 1.0).astype(np.float32)
        shape = (len(parts), len(self.keys))
        counts = sp.coo_matrix((weight, (row, column)), shape=shape).tocsr()
        counts.data = (1 + np.log(counts.data)) * self.idf[counts.indices]
        norms = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
        counts.data /= np.repeat(np.maximum(norms, 1e-9), np.diff(counts.indptr)).astype(np.float32)
        return counts


def _rarity(count: Any, texts: int) -> Any:
    """Return the inverse document frequency of what stands in so many of the texts."""
    return np.log((1 + texts) / (1 + count)) + 1


def _slots(keys: Keys) -> Ints:
    return (keys * GOLDEN >> np.uint64(64 - _SLOT_BITS)).astype(np.int64)
