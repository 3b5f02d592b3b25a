"""How far confidence can be trusted: calibration, risk and coverage, and the thresholds behind the precision dial."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

PRECISIONS = (0.95, 0.97, 0.99)
"""What the dial can be set to: the share of right topics among those that pass without review."""
_BINS = 10
_STEPS = 20
_LEAST = 30
"""Fewer held-out texts than this promise nothing."""
_EVEN = 0.5
"""What is as likely wrong as right is looked at, however good the rest is."""


def expected_calibration_error(confidence: Doubles, right: Flags) -> float:
    """Return the mean distance between confidence and accuracy over ten equal bins (Naeini et al. 2015)."""
    rows = sum(row["rows"] * abs(row["accuracy"] - row["confidence"]) for row in reliability(confidence, right))
    return float(rows / max(1, len(confidence)))


def reliability(confidence: Doubles, right: Flags) -> list[dict[str, Any]]:
    """Return the reliability table: for each of ten bins of confidence how sure and how right its rows are.

    Empty bins are left out.
    """
    confidence = np.asarray(confidence, np.float64)
    at = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    return [
        {
            "from": round(each / _BINS, 1),
            "to": round((each + 1) / _BINS, 1),
            "rows": int((at == each).sum()),
            "confidence": float(confidence[at == each].mean()),
            "accuracy": float(right[at == each].mean()),
        }
        for each in range(_BINS)
        if (at == each).any()
    ]


def _cuts(confidence: Doubles, right: Flags) -> tuple[Doubles, npt.NDArray[np.int64], Doubles, Doubles]:
    """Return what can be let through: the lowest confidence, and rows, precision and mean confidence from it on.

    Rows of one confidence pass or stay together.
    """
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)) if len(ranked) else np.zeros(0, np.int64)
    rows = ends + 1
    return ranked[ends], rows, np.cumsum(right[order])[ends] / rows, np.cumsum(ranked)[ends] / rows


def coverage(confidence: Doubles, right: Flags, precision: float) -> float:
    """Return the largest share of rows that, taken from the surest on, is right as often as asked for."""
    _, rows, reached, _ = _cuts(confidence, right)
    good = rows[reached >= precision]
    return float(good[-1] / len(confidence)) if len(good) else 0.0


def risk_coverage(confidence: Doubles, right: Flags) -> list[dict[str, float]]:
    """Return the share of wrong rows among the surest twentieth, tenth, … and all."""
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order])
    counts = sorted({-(-len(wrong) * step // _STEPS) for step in range(1, _STEPS + 1)}) if len(wrong) else []
    return [{"coverage": n / len(wrong), "risk": float(wrong[n - 1] / n)} for n in counts]


def dials(confidence: Doubles, right: Flags) -> list[dict[str, Any]]:
    """Return for each precision the confidence from which a topic needs no review, and what it was on these rows.

    A threshold promises a precision where the rows from it on were right that often with a margin of a standard error,
    and where their own confidence promises no less: confidence is damped for letters of strangers, which the rows at
    hand do not show. `threshold` is None where no confidence is enough.

    Parameters
    ----------
    confidence, right : (rows,) of predictions for texts that the model did not see.
    """
    lowest, rows, reached, promised = _cuts(np.round(confidence, 6), right)
    found = []
    for precision in PRECISIONS:
        error = np.sqrt(precision * (1 - precision) / np.maximum(rows, 1))
        enough = (rows >= _LEAST) & (lowest >= _EVEN)
        good = np.flatnonzero(enough & (reached - error >= precision) & (promised >= precision))
        at = int(good[-1]) if len(good) else None
        found.append(
            {
                "precision": precision,
                "threshold": None if at is None else float(lowest[at]),
                "coverage": 0.0 if at is None else round(float(rows[at] / len(confidence)), 4),
                "reached": None if at is None else round(float(reached[at]), 4),
            }
        )
    return found
