"""Whether one model is really better than another, on the same labelled rows.

Accuracy is judged by McNemar's exact test on the rows where one is right and the other wrong, topics with Holm's
correction; macro-F1 by a paired bootstrap over groups of near-duplicates (Efron and Tibshirani 1993).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.evaluate import Predictions, Strings
from pipeline.scores import rounded

Flags = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]

_RESAMPLES = 2_000
_BLOCK = 100
_LEVEL = 0.05


def mcnemar(a: Flags, b: Flags) -> float:
    """Return how likely so uneven a share of the rows that one alone has right is, were the two equally good.

    >>> mcnemar(np.array([True] * 10), np.array([True] * 10))
    1.0
    """
    from scipy.stats import binomtest

    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def compare(a: Predictions, b: Predictions, groups: Strings) -> dict[str, Any]:
    """Return how B differs from A on the same rows.

    Parameters
    ----------
    a, b : predictions for the same rows.
    groups : (rows,) near-duplicates have the same: they are drawn together.

    Returns
    -------
    rows; accuracy (a, b, difference, only_a, only_b, p, real); macro_f1 (a, b, difference, low, high, real); per_label
    (the same as accuracy, for the rows of each label, with `p` corrected for their number).
    """
    right_a, right_b = a.truth == a.said, b.truth == b.said
    per_label = {label: _paired(right_a[a.truth == label], right_b[a.truth == label]) for label in np.unique(a.truth)}
    _correct(list(per_label.values()))
    f1 = _Counts(a), _Counts(b)
    ones = np.ones((1, len(a.truth)))
    whole = [float(each.macro_f1(ones)[0]) for each in f1]
    differences = [f1[1].macro_f1(weights) - f1[0].macro_f1(weights) for weights in _resamples(groups)]
    low, high = np.quantile(np.concatenate(differences), (_LEVEL / 2, 1 - _LEVEL / 2)).tolist()
    found: dict[str, Any] = rounded(
        {
            "rows": len(a.truth),
            "accuracy": _paired(right_a, right_b),
            "macro_f1": {
                "a": whole[0],
                "b": whole[1],
                "difference": whole[1] - whole[0],
                "low": low,
                "high": high,
                "real": low > 0 or high < 0,
            },
            "per_label": {str(label): each for label, each in per_label.items()},
        }
    )
    return found


def _paired(a: Flags, b: Flags) -> dict[str, Any]:
    p = mcnemar(a, b)
    return {
        "rows": len(a),
        "a": float(a.mean()),
        "b": float(b.mean()),
        "difference": float(b.mean() - a.mean()),
        "only_a": int((a & ~b).sum()),
        "only_b": int((b & ~a).sum()),
        "p": p,
        "real": p < _LEVEL,
    }


def _correct(rows: list[dict[str, Any]]) -> None:
    """Raise the p of several tests so that not even one of them is real by chance more often than one (Holm 1979)."""
    highest = 0.0
    for rank, row in enumerate(sorted(rows, key=lambda row: float(row["p"]))):
        highest = max(highest, min(1.0, row["p"] * (len(rows) - rank)))
        row["p"], row["real"] = highest, highest < _LEVEL


class _Counts:
    """Predictions as columns of zeros and ones, so that the macro-F1 of many resamples is three products."""

    def __init__(self, found: Predictions) -> None:
        labels = np.unique(found.truth)
        self.true = (found.truth[:, None] == labels).astype(np.float64)
        self.said = (found.said[:, None] == labels).astype(np.float64)
        self.both = self.true * self.said

    def macro_f1(self, weights: Doubles) -> Doubles:
        """Return the macro-F1 for each row of weights, over the labels that it draws at all."""
        true, said, both = (weights @ each for each in (self.true, self.said, self.both))
        f1 = 2 * both / np.maximum(true + said, 1e-9)
        drawn = true > 0
        means: Doubles = (f1 * drawn).sum(axis=1) / np.maximum(drawn.sum(axis=1), 1)
        return means


def _resamples(groups: Strings) -> Iterator[Doubles]:
    """Yield how often each row is drawn where groups are drawn with replacement; the same draws every time."""
    _, group = np.unique(groups, return_inverse=True)
    count = int(group.max()) + 1
    random = np.random.default_rng(0)
    chances = np.full(count, 1 / count)
    for _ in range(_RESAMPLES // _BLOCK):
        yield random.multinomial(count, chances, size=_BLOCK).astype(np.float64)[:, group]
