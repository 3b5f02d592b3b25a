"""The words that say what a text is about: frequent in it, rare elsewhere."""

from __future__ import annotations

import numpy as np

from pipeline.features import LONGEST, Vocabulary, batch, pack
from pipeline.knowledge import lexicon
from pipeline.terms import Terms, strongest

_MOST = 6


class Keywords:
    """Pick keywords by count times rarity.

    Parameters
    ----------
    vocabulary : tells how rare a word is; one that it does not know is as rare as the rarest.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._unknown = float(vocabulary.idf.max())
        words = [word for word in lexicon("stopwords") if len(word) <= LONGEST]
        parts = batch(words)
        self._stopped = np.unique(pack(parts.codes, parts.starts[:-1], np.diff(parts.starts) - 1))

    def pick(self, found: Terms, texts: int) -> list[tuple[str, ...]]:
        """Return up to six keywords for each text, the strongest first."""
        column = self._vocabulary.find(found.keys)
        rarity = np.where(column >= 0, self._vocabulary.idf[column], self._unknown).astype(np.float64)
        place = np.minimum(np.searchsorted(self._stopped, found.keys), len(self._stopped) - 1)
        rarity[self._stopped[place] == found.keys] = 0
        best = strongest(found, rarity * found.counts, texts, _MOST)
        return [tuple([found.word(index) for index in row]) for row in best]
