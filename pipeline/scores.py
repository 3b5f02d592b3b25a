"""How good predictions are, in one shape for the card of a model and for `minyi evaluate`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline import calibration
from pipeline.calibration import PRECISIONS, Doubles

_DIGITS = 4


def score(truth: Sequence[str], said: Sequence[str], confidence: Doubles) -> dict[str, Any]:
    """Return the scores of predictions with their confidence.

    Returns
    -------
    rows, accuracy, macro_f1, per_label (precision, recall, f1, rows; over the labels of the truth), confusion (truth,
    said, rows; the commonest first), ece, reliability, coverage (by precision), risk_coverage.
    """
    from sklearn.metrics import precision_recall_fscore_support

    right = np.array(truth) == np.array(said)
    labels = sorted(set(truth))
    figures = precision_recall_fscore_support(truth, said, labels=labels, zero_division=0)
    confused = Counter((a, b) for a, b in zip(truth, said, strict=True) if a != b)
    found: dict[str, Any] = rounded(
        {
            "rows": len(truth),
            "accuracy": float(right.mean()),
            "macro_f1": float(figures[2].mean()),
            "per_label": {
                name: {"precision": each[0], "recall": each[1], "f1": each[2], "rows": int(each[3])}
                for name, each in zip(labels, np.array(figures, np.float64).T.tolist(), strict=True)
            },
            "confusion": [
                {"truth": a, "said": b, "rows": rows}
                for (a, b), rows in sorted(confused.items(), key=lambda item: (-item[1], item[0]))
            ],
            "ece": calibration.expected_calibration_error(confidence, right),
            "reliability": calibration.reliability(confidence, right),
            "coverage": {str(each): calibration.coverage(confidence, right, each) for each in PRECISIONS},
            "risk_coverage": calibration.risk_coverage(confidence, right),
        }
    )
    return found


def rounded(value: Any) -> Any:
    """Return a JSON value with its fractions rounded to four digits."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return round(value, _DIGITS) if isinstance(value, float) else value
