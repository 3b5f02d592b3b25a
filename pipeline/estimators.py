r"""The scikit-learn door: the topic classifier and the segmenter as estimators over texts.

They work in `Pipeline`, `cross_val_score`, `GridSearchCV` and `clone`. X is a sequence of clean texts (a list, an array
or a column), not a matrix.

    cross_val_score(TopicClassifier(base="corpora"), texts, topics, scoring="f1_macro")
    make_pipeline(WordSegmenter(), TfidfVectorizer(token_pattern=r"\S+"), LinearSVC())
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from pipeline.features import Batch, Vocabulary, batch, characters
from pipeline.segment import Segmenter
from pipeline.terms import word_grams
from pipeline.train import read_knowledge, read_written, written_files
from pipeline.train.views import first_level, fit_linear

_STEPS = 100
_TOLERANCE = 2e-4
"""Few rows are fitted closer than `minyi train` fits many."""
Strings = npt.NDArray[Any]
Doubles = npt.NDArray[np.float64]


@lru_cache(maxsize=2)
def _segmenter(engine: str | None) -> Segmenter:
    return Segmenter(engine)  # a private tokenizer, which can neither be copied nor sent to another process


def _texts(X: Iterable[Any]) -> list[str]:  # noqa: N803 - the name that scikit-learn uses
    if isinstance(X, str) or np.ndim(X) > 1:  # type: ignore[arg-type]
        raise ValueError("X must be a sequence of texts, one for each row: a list, an array or a column")
    texts = list(X)
    if not texts:
        raise ValueError("X has no texts: at least one is needed")
    if wrong := [each for each in texts if not isinstance(each, str)]:
        raise ValueError(f"X holds {wrong[0]!r}: every row must be a str; fill or drop what is missing")
    return texts


class _OverTexts:
    """What scikit-learn is told of an estimator whose rows are texts."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags


class TopicClassifier(_OverTexts, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Topics by multinomial logistic regression over n-grams of characters and words, as `minyi train` learns them.

    Parameters
    ----------
    cost : inverse of the regularisation.
    words : whether to look at words beside n-grams of characters.
    least : n-grams and words in fewer texts are left out.
    base : "corpora" to learn from the project's own texts as well, as far as their first-level topics are among y.

    Attributes
    ----------
    classes_ : (topics,) the labels.
    coef_ : (topics, features)
    intercept_ : (topics,)
    vocabulary_, words_ : what the features are.
    """

    def __init__(self, *, cost: float = 10.0, words: bool = True, least: int = 2, base: str | None = None) -> None:
        self.cost = cost
        self.words = words
        self.least = least
        self.base = base

    def fit(self, X: Sequence[str], y: Sequence[Any], sample_weight: Any = None) -> Self:  # noqa: N803
        """Learn from texts and their topics; see the class."""
        texts, labels = _texts(X), np.asarray(y)
        if len(texts) != len(labels):
            raise ValueError(f"X has {len(texts)} texts, y {len(labels)} labels: they must be as many")
        if self.base not in (None, "corpora"):
            raise ValueError(f"base={self.base!r} is unknown: use None or 'corpora'")
        self.classes_ = np.unique(labels)
        if len(self.classes_) < 2:
            raise ValueError(f"y has one class, {self.classes_[0]!r}: at least two are needed")
        weight = np.ones(len(texts)) if sample_weight is None else np.asarray(sample_weight, float)
        if self.base:
            known = {name: name for name in self.classes_.tolist()}
            more = [
                e for e in (*read_written(written_files()), *read_knowledge()) if first_level(e.topic or "") in known
            ]
            texts = texts + [each.text for each in more]
            labels = np.concatenate([labels, [first_level(each.topic or "") for each in more]])
            weight = np.concatenate([weight, [each.weight for each in more]])
        parts, cut = batch(texts), self._cut(texts)
        self.vocabulary_ = Vocabulary.of(characters(parts), parts, least=self.least)
        self.words_ = Vocabulary.of(word_grams(parts, cut), parts, least=self.least) if self.words else None
        names = [str(at) for at in range(len(self.classes_))]
        which = np.searchsorted(self.classes_, labels).astype(str)
        found = fit_linear(self._matrix(parts, cut), which, names, weight.astype(np.float32), cost=self.cost,
                           steps=_STEPS, tolerance=_TOLERANCE)  # fmt: skip
        self.coef_, self.intercept_ = found.weights.T, found.bias
        return self

    def decision_function(self, X: Sequence[str]) -> Doubles:  # noqa: N803
        """Return (texts, topics) logits; of two topics (texts,), those of the second."""
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict_proba(self, X: Sequence[str]) -> Doubles:  # noqa: N803
        """Return (texts, topics) probabilities, not calibrated."""
        logits = self._logits(X)
        found = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: Doubles = found / found.sum(axis=1, keepdims=True)
        return probabilities

    def predict(self, X: Sequence[str]) -> Strings:  # noqa: N803
        """Return (texts,) the likeliest topics."""
        likeliest = self._logits(X).argmax(axis=1)
        said: Strings = self.classes_[likeliest]
        return said

    def _logits(self, X: Sequence[str]) -> Doubles:  # noqa: N803
        check_is_fitted(self)
        texts = _texts(X)
        logits: Doubles = (self._matrix(batch(texts), self._cut(texts)) @ self.coef_.T + self.intercept_).astype(float)
        return logits

    def _cut(self, texts: Sequence[str]) -> list[list[str]]:
        return [_segmenter(None).cut(text) for text in texts] if self.words else []

    def _matrix(self, parts: Batch, cut: Sequence[Sequence[str]]) -> Any:
        grams = self.vocabulary_.matrix(parts, self.vocabulary_.occurrences(parts))
        if self.words_ is None:
            return grams
        return sp.hstack([grams, self.words_.matrix(parts, self.words_.among(word_grams(parts, cut)))]).tocsr()


class WordSegmenter(_OverTexts, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    r"""Texts cut into words by the dictionary of the field.

    Parameters
    ----------
    engine : "rjieba", "jieba", or None for the first of them that is installed.
    joiner : what stands between the words; None for lists of words (`TfidfVectorizer(analyzer=tuple)`).

    Notes
    -----
    With the blank, `TfidfVectorizer(token_pattern=r"\S+")` sees every word, and n-grams of words work.
    """

    def __init__(self, *, engine: str | None = None, joiner: str | None = " ") -> None:
        self.engine = engine
        self.joiner = joiner

    def fit(self, X: Sequence[str], y: Any = None) -> Self:  # noqa: N803
        """Learn nothing; see that the texts are texts."""
        _texts(X)
        return self

    def transform(self, X: Sequence[str]) -> list[Any]:  # noqa: N803
        """Return the words of each text, without blanks and line breaks."""
        cut = _segmenter(self.engine).cut
        found = ([word for word in cut(text) if not word.isspace()] for text in _texts(X))
        return [words if self.joiner is None else self.joiner.join(words) for words in found]

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags
