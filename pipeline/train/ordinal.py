"""Fitting the ordinal model of priority on what the other heads say of texts that they were not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.priority import CUTS, FEATURES, GUESSED, Ordinal, features, find
from pipeline.records import INTENTS, LEVELS, Level
from pipeline.train.examples import Example

_COST = 1.0
_COPIES = 4
_UNKNOWN = 0.5
_SHIFT = 2.0
"""Standard deviation of the noise on log-odds: so far off the linear model is on strangers' letters."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What a head says of the examples in `rows` when it has not been trained on them: (rows, labels)."""

    rows: Sequence[int]
    chances: npt.NDArray[np.float64]


def train_ordinal(examples: Sequence[Example], intent: Guess, priority: Guess) -> Ordinal:
    """Fit the ordinal model on the examples that have a priority; an unknown intent is as likely as any."""
    complaint = dict(zip(intent.rows, intent.chances[:, INTENTS.index("complaint")].tolist(), strict=True))
    rows = []
    for row, chances in zip(priority.rows, priority.chances.tolist(), strict=True):
        text = examples[row].text
        rows.append(features(text, find(text), complaint=complaint.get(row, _UNKNOWN), levels=chances))
    levels = np.array([LEVELS.index(Level(str(examples[row].priority))) for row in priority.rows], np.int64)
    return fit_ordinal(np.array(rows), levels)


def fit_ordinal(rows: npt.NDArray[np.float64], levels: npt.NDArray[np.int64]) -> Ordinal:
    """Fit one logistic regression for each cut.

    The linear model knows the style of the written texts, and would be trusted more than real letters bear out. So
    each text enters several times, with noise on what the linear model says (errors in variables): what is left of
    its weight is what it deserves where it is that uncertain, and the signals get the rest.

    Parameters
    ----------
    rows : (texts, features)
    levels : (texts,) 0 to 3.
    """
    from sklearn.linear_model import LogisticRegression

    noisy = np.repeat(rows, _COPIES, axis=0)
    noisy[:, : len(GUESSED)] += np.random.default_rng(0).normal(0, _SHIFT, (len(noisy), len(GUESSED)))
    weights = []
    for cut in range(len(CUTS)):
        above = np.repeat(levels > cut, _COPIES)
        if above.all() or not above.any():  # labels of an office may lack a level
            weights.append((*[0.0] * len(FEATURES), 30.0 if above.all() else -30.0))
            continue
        model = LogisticRegression(C=_COST, max_iter=1000)
        model.fit(noisy, above, sample_weight=np.full(len(noisy), 1 / _COPIES))
        weights.append(tuple(np.round([*model.coef_[0], model.intercept_[0]], 4).tolist()))
    return Ordinal(tuple(weights))
