"""Calibration, coverage and the thresholds of the dial, on figures that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.calibration import PRECISIONS, coverage, dials, expected_calibration_error, reliability, risk_coverage
from pipeline.scores import score


def flags(*values: int) -> np.ndarray:
    return np.array(values, bool)


def test_reliability_and_error() -> None:
    confidence, right = np.array([0.95, 0.95, 0.55, 0.55, 1.0]), flags(1, 1, 1, 0, 0)
    assert reliability(confidence, right) == [
        {"from": 0.5, "to": 0.6, "rows": 2, "confidence": pytest.approx(0.55), "accuracy": 0.5},
        {"from": 0.9, "to": 1.0, "rows": 3, "confidence": pytest.approx(2.9 / 3), "accuracy": pytest.approx(2 / 3)},
    ]
    assert expected_calibration_error(confidence, right) == pytest.approx((2 * 0.05 + 3 * 0.3) / 5)


def test_nothing_at_all() -> None:
    none = np.zeros(0)
    assert expected_calibration_error(none, none.astype(bool)) == 0
    assert reliability(none, none.astype(bool)) == risk_coverage(none, none.astype(bool)) == []
    assert coverage(none, none.astype(bool), 0.95) == 0
    assert [dial["threshold"] for dial in dials(none, none.astype(bool))] == [None] * 3


def test_coverage_takes_from_the_surest_on() -> None:
    confidence, right = np.array([0.2, 0.9, 0.8, 0.6]), flags(0, 1, 1, 0)
    assert coverage(confidence, right, 0.95) == 0.5
    assert coverage(confidence, right, 0.6) == 0.75
    assert coverage(confidence, ~right, 0.95) == 0


def test_ties_pass_or_stay_together() -> None:
    assert coverage(np.array([0.9, 0.9, 0.9, 0.5]), flags(1, 1, 0, 1), 0.95) == 0
    assert coverage(np.array([0.9, 0.9, 0.9, 0.5]), flags(1, 1, 1, 0), 0.95) == 0.75
    confidence = np.repeat([0.99, 0.98], 200)
    right = np.concatenate([np.ones(200, bool), np.arange(200) % 2 == 0])
    assert [dial["threshold"] for dial in dials(confidence, right)] == [0.99, 0.99, 0.99]


def test_risk_grows_with_coverage() -> None:
    curve = risk_coverage(np.array([0.9, 0.8, 0.7, 0.6]), flags(1, 1, 0, 0))
    assert curve == [
        {"coverage": 0.25, "risk": 0.0},
        {"coverage": 0.5, "risk": 0.0},
        {"coverage": 0.75, "risk": pytest.approx(1 / 3)},
        {"coverage": 1.0, "risk": 0.5},
    ]


def test_what_is_confident_without_ground_is_not_believed() -> None:
    assert [dial["threshold"] for dial in dials(np.full(1000, 0.999), np.arange(1000) % 10 > 0)] == [None] * 3


def test_what_is_right_without_confidence_is_not_let_through() -> None:
    """Confidence is damped for strangers' letters: what it says itself must hold as well."""
    assert [dial["threshold"] for dial in dials(np.full(1000, 0.6), np.ones(1000, bool))] == [None] * 3


def test_few_rows_promise_nothing() -> None:
    assert [dial["threshold"] for dial in dials(np.full(25, 1.0), np.ones(25, bool))] == [None] * 3
    assert [dial["threshold"] for dial in dials(np.full(60, 1.0), np.ones(60, bool))] == [1.0, 1.0, None]


@given(st.integers(0, 99), st.integers(50, 3000))
def test_promises_hold_on_the_rows_that_they_were_made_of(seed: int, rows: int) -> None:
    random = np.random.default_rng(seed)
    confidence = random.beta(4, 1, rows)
    right = random.random(rows) < confidence
    found = dials(confidence, right)
    assert [dial["precision"] for dial in found] == list(PRECISIONS)
    for dial in found:
        if dial["threshold"] is not None:
            passed = np.round(confidence, 6) >= dial["threshold"]
            assert right[passed].mean() >= dial["precision"]
            assert dial["coverage"] == pytest.approx(passed.mean(), abs=1e-4)
            assert dial["threshold"] >= 0.5
    known = [dial["threshold"] for dial in found if dial["threshold"] is not None]
    assert known == sorted(known)


def test_scores() -> None:
    found = score(["甲", "甲", "乙", "丙"], ["甲", "乙", "乙", "甲"], np.array([0.9, 0.6, 0.8, 0.7]))
    assert (found["rows"], found["accuracy"]) == (4, 0.5)
    assert found["per_label"]["甲"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "rows": 2}
    assert found["per_label"]["丙"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "rows": 1}
    assert found["macro_f1"] == round((0.5 + 2 / 3) / 3, 4)
    assert found["confusion"] == [{"truth": "丙", "said": "甲", "rows": 1}, {"truth": "甲", "said": "乙", "rows": 1}]
    assert found["coverage"] == {"0.95": 0.5, "0.97": 0.5, "0.99": 0.5}
