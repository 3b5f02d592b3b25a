"""What the topic lexicon says of topics before any text is read: weights that are added to the learned ones.

Learning takes a term for what the written texts happen to use it for. A prior from domain knowledge (Dayanik et al.
2006) keeps what the term means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.classify import SEPARATOR
from pipeline.features import LONGEST, Keys, Vocabulary, batch, grams
from pipeline.knowledge import CORPORA, table

Floats = npt.NDArray[np.float32]

LEXICON = CORPORA / "lexicon" / "topics.csv"
_STRENGTH = {1: 1.5, 2: 3.0, 3: 4.5}
"""What a term adds by its weight in the lexicon, where a logit is the sum over about 100 to 400 n-grams."""


def _terms() -> Iterator[tuple[str, str, float]]:
    """Yield term, topic and strength."""
    for _, row in table(LEXICON, "term", "level1", "level2", "weight"):
        yield row["term"], row["level1"] + SEPARATOR + row["level2"], _STRENGTH[int(row["weight"])]


def _keys(term: str) -> Keys:
    """Return the keys of a term: itself, or all its n-grams of the greatest length where it is longer."""
    keys, whole = grams(batch([term]).codes, min(len(term), LONGEST))
    return keys[whole]


def term_keys() -> Keys:
    """Return the n-grams that the terms are seen by."""
    return np.concatenate([_keys(term) for term, _, _ in _terms()])


def prior(vocabulary: Vocabulary, order: Sequence[str]) -> Floats:
    """Return what the lexicon adds to the weights, (n-grams × topics)."""
    weights = np.zeros((len(vocabulary.keys), len(order)), np.float32)
    at = {topic: column for column, topic in enumerate(order)}
    for term, topic, strength in _terms():
        keys = _keys(term)
        rows = vocabulary.find(keys)
        if topic in at:
            weights[rows[rows >= 0], at[topic]] += strength / max(1, len(keys))
    return weights
