"""What to label next: the texts that teach most, each of another kind.

A text teaches where the model wavers between two topics, and little that a text like it has taught already. So texts
are taken one by one: the least margin first, held back by how alike a text is to those taken before it (maximal
marginal relevance, Carbonell and Goldstein 1998, with the margin of Scheffer et al. 2001 in place of relevance).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.classify import Classifier
from pipeline.evaluate import verdicts
from pipeline.features import batch
from pipeline.records import Topic

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def uncertainty(chances: Doubles) -> Doubles:
    """Return how much a model wavers: 1 where two topics are equally likely, 0 where one is certain.

    Parameters
    ----------
    chances : (texts, topics)
    """
    ranked = np.sort(np.pad(chances, ((0, 0), (1, 0))), axis=1)  # a model of one topic has no second one
    doubt: Doubles = 1 - (ranked[:, -1] - ranked[:, -2])
    return doubt


def pick(doubt: Doubles, matrix: Any, count: int, *, known: Any = None) -> Ints:
    """Return up to `count` texts to label, the first one the most worth it.

    Parameters
    ----------
    doubt : (texts,) from 0 to 1.
    matrix : (texts, features) sparse, rows of length 1: what makes texts alike.
    known : the same of texts that have a label already; None for none.

    Notes
    -----
    The same texts give the same picks; of equal ones the first is taken.
    """
    alike = np.zeros(len(doubt))
    if known is not None and known.shape[0]:
        alike = np.asarray((matrix @ known.T).max(axis=1).todense()).ravel()
    picked: list[int] = []
    worth = doubt * (1 - np.minimum(alike, 1))
    for _ in range(min(count, len(doubt))):
        best = int(np.argmax(worth))
        picked.append(best)
        alike = np.maximum(alike, (matrix @ matrix[best].T).toarray().ravel())
        worth = doubt * (1 - np.minimum(alike, 1))
        worth[picked] = -1
    return np.array(picked, np.int64)


def pick_texts(classifier: Classifier, texts: Sequence[str], count: int) -> list[tuple[int, Topic]]:
    """Return which of some clean texts to label next, and what the model says of each."""
    if not texts:
        return []
    topics = [each.topic for each in verdicts(classifier, texts)]
    parts = batch(texts)
    doubt = uncertainty(np.array([[*each.scores.values()] for each in topics]))
    matrix = classifier.vocabulary.matrix(parts, classifier.vocabulary.occurrences(parts))
    return [(at, topics[at]) for at in pick(doubt, matrix, count).tolist()]
