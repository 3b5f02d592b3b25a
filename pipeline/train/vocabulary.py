"""Which n-grams of characters, and which words, a model knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.classify import JUNK
from pipeline.features import Batch, Vocabulary, batch, key
from pipeline.segment import Segmenter
from pipeline.terms import word_grams
from pipeline.train.borders import read_borders
from pipeline.train.examples import Example
from pipeline.train.lexicon import term_keys
from pipeline.train.views import MANY, first_level, some_rows

Ints = npt.NDArray[np.int64]

LEAST = 2
MOST = 44_000
MOST_WORDS = 44_000
_QUICK_COST = 0.3


def word_view(examples: Sequence[Example], parts: Batch) -> tuple[Vocabulary, Any]:
    """Return the words and pairs of words that tell first-level topics apart, and the (examples × words) of them."""
    segmenter = Segmenter()
    cut = [segmenter.cut(example.text) for example in examples]
    real = [row for row, example in enumerate(examples) if not example.knowledge]
    own = batch([examples[row].text for row in real])
    vocabulary = Vocabulary.of(word_grams(own, [cut[row] for row in real]), own, least=LEAST)
    found = word_grams(parts, cut)
    matrix = vocabulary.matrix(parts, vocabulary.among(found))
    if len(vocabulary.keys) > MOST_WORDS:
        told = np.array([row for row in real if examples[row].topic])
        labels = [first_level(str(examples[row].topic)) for row in told.tolist()]
        vocabulary = vocabulary.subset(telling(matrix[told], labels, MOST_WORDS))
        matrix = vocabulary.matrix(parts, vocabulary.among(found))
    return vocabulary, matrix


def telling(matrix: Any, labels: Sequence[str], most: int) -> Ints:
    """Return the columns that tell labels apart: whose weights in a quick linear SVM differ most."""
    from sklearn.svm import LinearSVC

    quick = LinearSVC(C=_QUICK_COST, random_state=0).fit(matrix, labels)
    return np.sort(np.argsort(-quick.coef_.std(axis=0), kind="stable")[:most])


def select(examples: Sequence[Example]) -> Vocabulary:
    """Return the n-grams of characters that tell topics, and junk, apart, and those of borders and of the lexicon.

    What the lexicon says of a term holds although no text that was learned from has it.
    """
    real = [example for example in examples if not example.knowledge]
    fitted = Vocabulary.fit([example.text for example in real], least=LEAST)
    return _telling_grams(fitted, real).joined(term_keys(), len(real))


def _telling_grams(vocabulary: Vocabulary, examples: Sequence[Example]) -> Vocabulary:
    if len(vocabulary.keys) <= MOST:
        return vocabulary
    told = [example for example in examples if example.topic or example.junk]
    if len(told) > MANY:
        told = [told[row] for row in some_rows(np.array([str(example.topic) for example in told])).tolist()]
    labels = [example.topic or JUNK[True] for example in told]
    columns = telling(matrix_of(vocabulary, told), labels, MOST)
    drawn = [key(term) for some in read_borders().values() for border in some for term in border.terms]
    told_by = vocabulary.find(np.concatenate([*drawn, term_keys()]))
    return vocabulary.subset(np.union1d(columns, told_by[told_by >= 0]))


def matrix_of(vocabulary: Vocabulary, examples: Sequence[Example]) -> Any:
    """Return (examples × n-grams)."""
    parts = batch([example.text for example in examples])
    return vocabulary.matrix(parts, vocabulary.occurrences(parts))
