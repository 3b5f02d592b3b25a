"""The different words of each text of a batch, as arrays: what keywords and evidence are told in."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.features import GOLDEN, LONGEST, Batch, Codes, Grams, Ints, Keys, pack

_SHORTEST = 2
_LETTER = 0x61
_IDEOGRAPH = 0x3400
_HIGHEST = 0x7F800000
"""The highest float as an integer: positive floats ascend as their bits do."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Words of two and more characters that hold an ideograph.

    rows : (terms,) the text of each; one entry for each word of each text that it stands in.
    keys : (terms,) the word packed as an n-gram; 0 where it is too long to be one.
    counts : (terms,) how often it stands in its text.
    first : (terms,) where it stands first.
    starts, ends, term : (occurrences,) where each occurrence stands in the batch, and its term.
    flat, at : all words of the batch, and (terms,) which of them each term is.
    grams : all words and pairs of neighbouring words, as n-grams.
    """

    rows: Ints
    keys: Keys
    counts: Ints
    first: Ints
    starts: Ints
    ends: Ints
    term: Ints
    flat: list[str]
    at: Ints
    grams: tuple[Grams, Grams]

    def __len__(self) -> int:
        return len(self.rows)

    def word(self, index: int) -> str:
        """Return a term as text."""
        return self.flat[int(self.at[index])]


def terms(parts: Batch, words: Sequence[Sequence[str]]) -> Terms:
    """Return the terms of a batch.

    Parameters
    ----------
    parts : the folded texts.
    words : the words of each text, which joined give it again.
    """
    cut = _cut(parts, words)
    lengths = cut.ends - cut.starts
    kept = np.flatnonzero((lengths >= _SHORTEST) & (cut.heads >= _IDEOGRAPH))
    rows, starts, ends, longer = cut.rows[kept], cut.starts[kept], cut.ends[kept], lengths[kept] > LONGEST
    exact, mixed = cut.exact[kept], cut.mixed[kept]
    identity = (mixed * GOLDEN) ^ (rows.astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93))
    first, term, counts = _different(identity)
    return Terms(
        rows=rows[first],
        keys=np.where(longer[first], np.uint64(0), exact[first]),
        counts=counts,
        first=starts[first],
        starts=starts,
        ends=ends,
        term=term,
        flat=cut.flat,
        at=kept[first],
        grams=_grams(cut),
    )


def _different(values: Keys) -> tuple[Ints, Ints, Ints]:
    """Return of the different values, ascending, the first place and the count, and which of them each value is.

    `np.unique` does the same with a stable sort, which takes twice as long.
    """
    order = np.argsort(values)
    ranked = values[order]
    new = np.append(True, ranked[1:] != ranked[:-1])[: len(ranked)]
    begins = np.flatnonzero(new)
    which = np.empty(len(values), np.int64)
    which[order] = np.cumsum(new) - 1
    first = np.minimum.reduceat(order, begins) if len(begins) else begins
    return first, which, np.diff(np.append(begins, len(values)))


def word_grams(parts: Batch, words: Sequence[Sequence[str]]) -> tuple[Grams, Grams]:
    """Return all words of a batch, and all pairs of neighbouring words, as n-grams; see `terms` for the parameters."""
    return _grams(_cut(parts, words))


@dataclass(frozen=True, slots=True)
class _Cut:
    """Every word of a batch where it stands: its text, borders, first character and keys.

    exact is the word packed up to `LONGEST` characters, mixed a hash that tells longer words apart too.
    """

    flat: list[str]
    rows: Ints
    starts: Ints
    ends: Ints
    heads: Codes
    exact: Keys
    mixed: Keys


def _cut(parts: Batch, words: Sequence[Sequence[str]]) -> _Cut:
    flat = list(itertools.chain.from_iterable(words))
    lengths = np.fromiter(map(len, flat), np.int64, len(flat))
    rows = np.repeat(np.arange(len(words)), [len(each) for each in words])
    ends = np.cumsum(lengths) + rows  # one border behind each text
    starts = ends - lengths
    exact = pack(parts.codes, starts, np.minimum(lengths, LONGEST))
    tail = pack(parts.codes, np.maximum(ends - LONGEST, 0), np.minimum(ends, LONGEST))
    mixed = np.where(lengths > LONGEST, (exact * GOLDEN) ^ tail ^ lengths.astype(np.uint64), exact)
    return _Cut(flat, rows, starts, ends, parts.codes[np.minimum(starts, len(parts.codes) - 1)], exact, mixed)


def _grams(cut: _Cut) -> tuple[Grams, Grams]:
    said = np.flatnonzero(cut.heads >= _LETTER)
    rows, starts, ends, keys = cut.rows[said], cut.starts[said], cut.ends[said], cut.mixed[said]
    follows = rows[1:] == rows[:-1]
    pairs = (keys[:-1] * GOLDEN) ^ keys[1:]
    two = Grams(starts[:-1][follows], (ends[1:] - starts[:-1])[follows], pairs[follows])
    return Grams(starts, ends - starts, keys), two


def strongest(found: Terms, scores: npt.NDArray[np.float64], texts: int, most: int) -> list[list[int]]:
    """Return for each text its terms with the highest positive scores, the highest first, as indices."""
    good = _foremost(found, scores, texts, most)
    order = good[np.lexsort((found.first[good], -scores[good], found.rows[good]))]
    rows = found.rows[order]
    order = order[np.arange(len(rows)) - np.searchsorted(rows, rows) < most]
    bounds = np.searchsorted(found.rows[order], np.arange(texts + 1))
    picked = order.tolist()
    return [picked[low:high] for low, high in itertools.pairwise(bounds.tolist())]


def _foremost(found: Terms, scores: npt.NDArray[np.float64], texts: int, most: int) -> Ints:
    """Return the few terms that may be among the strongest: one sort of packed numbers spares the rest a slow one."""
    good = np.flatnonzero(scores > 0)
    rows = found.rows[good]
    packed = rows << 32 | _HIGHEST - scores[good].astype(np.float32).view(np.int32)
    ranked = np.sort(packed)
    bounds = np.searchsorted(ranked >> 32, np.arange(texts + 1))
    last = np.append(ranked, 0)[np.minimum(bounds[:-1] + most, bounds[1:]) - 1]
    foremost: Ints = good[packed <= last[rows]]
    return foremost
