"""The different words of each text of a batch, as arrays: what keywords and evidence are told in."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.features import GOLDEN, LONGEST, Batch, Ints, Keys, pack

_SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Terms:
    """Words of two and more characters that hold an ideograph.

    rows : (terms,) the text of each; one entry for each word of each text that it stands in.
    keys : (terms,) the word packed as an n-gram; 0 where it is too long to be one.
    counts : (terms,) how often it stands in its text.
    first : (terms,) where it stands first.
    starts, ends, term : (occurrences,) where each occurrence stands in the batch, and its term.
    flat, at : all words of the batch, and (terms,) which of them each term is.
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
    flat = list(itertools.chain.from_iterable(words))
    lengths = np.fromiter(map(len, flat), np.int64, len(flat))
    rows = np.repeat(np.arange(len(words)), [len(cut) for cut in words])
    ends = np.cumsum(lengths) + rows  # one border behind each text
    starts = ends - lengths
    kept = np.flatnonzero((lengths >= _SHORTEST) & (parts.codes[np.minimum(starts, len(parts.codes) - 1)] >= 0x3400))
    rows, starts, ends, lengths = rows[kept], starts[kept], ends[kept], lengths[kept]
    exact = pack(parts.codes, starts, np.minimum(lengths, LONGEST))
    tail = pack(parts.codes, ends - LONGEST, np.full(len(ends), LONGEST)) if len(ends) else exact
    longer = lengths > LONGEST
    mixed = np.where(longer, (exact * GOLDEN) ^ tail ^ lengths.astype(np.uint64), exact)
    identity = (mixed * GOLDEN) ^ (rows.astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93))
    _, first, term, counts = np.unique(identity, return_index=True, return_inverse=True, return_counts=True)
    return Terms(
        rows=rows[first],
        keys=np.where(longer[first], np.uint64(0), exact[first]),
        counts=counts,
        first=starts[first],
        starts=starts,
        ends=ends,
        term=term,
        flat=flat,
        at=kept[first],
    )


def strongest(found: Terms, scores: npt.NDArray[np.float64], texts: int, most: int) -> list[list[int]]:
    """Return for each text its terms with the highest positive scores, the highest first, as indices."""
    good = np.flatnonzero(scores > 0)
    order = good[np.lexsort((found.first[good], -scores[good], found.rows[good]))]
    rows = found.rows[order]
    order = order[np.arange(len(rows)) - np.searchsorted(rows, rows) < most]
    bounds = np.searchsorted(found.rows[order], np.arange(texts + 1))
    picked = order.tolist()
    return [picked[low:high] for low, high in itertools.pairwise(bounds.tolist())]
