"""Fitting: multinomial logistic regressions, over n-grams of characters and over words."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from pipeline.classify import SEPARATOR

Floats = npt.NDArray[np.float32]
Strings = npt.NDArray[np.str_]
Ints = npt.NDArray[np.int64]

MANY = 20_000
_SOME = 10_000
"""Of more examples than `MANY` about `_SOME` choose the n-grams, and are where the fit of all starts from. Examples
count by their weight: what corpora/ knows in single terms is not much to read, and no place to start from."""
_COST = 10.0
_WORD_COST = 3.0
_STEPS = 60
_TOLERANCE = 1e-3
_NEVER = -30.0


@dataclass(slots=True)
class Linear:
    """Logits = matrix @ weights + bias, for the labels in order."""

    labels: tuple[str, ...]
    weights: Floats
    bias: Floats


def fit_linear(
    matrix: Any,
    labels: Strings,
    order: Sequence[str],
    weight: Floats,
    *,
    cost: float = _COST,
    steps: int = _STEPS,
    tolerance: float = _TOLERANCE,
) -> Linear:
    """Fit a multinomial logistic regression; a label without examples never wins.

    Few rows need a smaller tolerance: it is one of the mean gradient, to which a rare label adds little.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    _, counts = np.unique(labels, return_counts=True)
    rare = 2 * counts.min() / len(labels) if len(counts) == 2 else 1.0  # gradients of a rare label are so much smaller
    model = LogisticRegression(C=cost, max_iter=steps, tol=tolerance * rare, warm_start=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # to stop after so many steps is meant
        if weight.sum() > MANY:
            some = some_rows(labels)
            model.fit(matrix[some], labels[some], sample_weight=weight[some])
        model.fit(matrix, labels, sample_weight=weight)
    learned, offset = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        learned, offset = np.vstack([-learned, learned]) / 2, np.concatenate([-offset, offset]) / 2
    weights = np.zeros((matrix.shape[1], len(order)), np.float32)
    bias = np.full(len(order), _NEVER, np.float32)
    columns = [order.index(label) for label in model.classes_]
    weights[:, columns] = learned.T
    bias[columns] = offset
    return Linear(tuple(order), weights, bias)


def some_rows(labels: Strings) -> Ints:
    """Return about `_SOME` rows in which every label stands, each as often as among all."""
    _, first = np.unique(labels, return_index=True)
    spread = np.argsort(labels, kind="stable")[:: len(labels) // _SOME]
    return np.union1d(first, spread)


@dataclass(slots=True)
class Views:
    """What a head learns from, row by row: n-grams, words (None where it does not look at them), labels, weights.

    prior : (n-grams × labels) what is added to the learned weights; None for nothing.
    """

    matrix: Any
    words: Any
    labels: Strings
    weight: Floats
    prior: Floats | None = None

    def fit(self, rows: Ints, order: Sequence[str]) -> tuple[Linear, Linear | None]:
        """Fit both views on some rows.

        Where topics have no second level both views have the same labels, and are better learned together.
        """
        labels, weight = self.labels[rows], self.weight[rows]
        names = list(dict.fromkeys(map(first_level, order)))
        if self.words is not None and len(names) == len(order):
            joined = sp.hstack([self.matrix[rows], self.words[rows]]).tocsr()
            every = fit_linear(joined, labels, order, weight)
            grams, words = np.split(every.weights, [self.matrix.shape[1]])
            return Linear(every.labels, grams, every.bias), Linear(tuple(names), words, np.zeros_like(every.bias))
        linear = fit_linear(self.matrix[rows], labels, order, weight)
        if self.prior is not None:
            linear.weights += self.prior
        if self.words is None:
            return linear, None
        firsts = np.array([first_level(label) for label in labels])
        return linear, fit_linear(self.words[rows], firsts, names, weight, cost=_WORD_COST)

    def logits(self, rows: Ints, fitted: tuple[Linear, Linear | None]) -> Floats:
        """Return what fitted views say of some rows."""
        linear, words = fitted
        said: Floats = self.matrix[rows] @ linear.weights + linear.bias
        if words is not None:
            said = said + (self.words[rows] @ words.weights + words.bias)[:, parents(linear.labels)]
        return said


def first_level(label: str) -> str:
    """Return the first level of a topic."""
    return label.split(SEPARATOR)[0]


def parents(order: Sequence[str]) -> Ints:
    """Return the number of the first level that each topic lies under."""
    names = list(dict.fromkeys(map(first_level, order)))
    return np.array([names.index(first_level(label)) for label in order])
