"""Comparing two models: what is chance is called so, what is real too, and near-duplicates count once."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.compare import compare, mcnemar
from pipeline.evaluate import Predictions
from service.commands.models import words

LABELS = np.array(["政法", "民政"])


def predictions(right: list[bool] | np.ndarray) -> Predictions:
    """Return predictions for rows of two labels in turn, right where told."""
    right = np.array(right, bool)
    at = np.arange(len(right)) % 2
    return Predictions(LABELS[at], LABELS[np.where(right, at, 1 - at)], np.ones(len(right)), [])


def alone(rows: int) -> np.ndarray:
    return np.array([str(row) for row in range(rows)])


def test_the_same_model() -> None:
    one = predictions([True, False, True, True] * 20)
    found = compare(one, one, alone(80))
    assert (found["accuracy"]["difference"], found["accuracy"]["p"], found["accuracy"]["real"]) == (0, 1, False)
    assert (found["macro_f1"]["low"], found["macro_f1"]["high"], found["macro_f1"]["real"]) == (0, 0, False)
    assert all("没有差别" in line for line in words("甲", "乙", found))


def test_a_real_difference() -> None:
    rows = np.arange(400)
    found = compare(predictions(rows % 4 > 0), predictions(rows % 20 > 0), alone(400))
    assert found["accuracy"]["real"]
    assert found["macro_f1"]["low"] > 0
    assert found["per_label"]["政法"]["real"]  # rows 0, 4, 8 … are all of one label
    assert not found["per_label"]["民政"]["real"]
    assert all("差别是真的，乙 更好" in line for line in words("甲", "乙", found))


def test_a_difference_that_may_be_chance() -> None:
    rows = np.arange(40)
    found = compare(predictions(rows % 10 > 0), predictions(rows % 13 > 0), alone(40))
    assert not found["accuracy"]["real"]
    assert any("分不出高下" in line and "多标一些" in line for line in words("甲", "乙", found))


def test_copies_of_one_letter_are_no_proof() -> None:
    rows = np.arange(400)
    a, b = predictions(rows < 300), predictions(rows < 400)
    copies = np.array([str(row) if row < 300 else "campaign" for row in rows.tolist()])
    assert compare(a, b, alone(400))["macro_f1"]["low"] > 0
    assert compare(a, b, copies)["macro_f1"]["low"] == 0


def test_the_same_rows_give_the_same_answer() -> None:
    random = np.random.default_rng(3)
    a, b = predictions(random.random(60) < 0.8), predictions(random.random(60) < 0.8)
    assert compare(a, b, alone(60)) == compare(a, b, alone(60))


@pytest.mark.parametrize("rows", [1, 2])
def test_hardly_any_rows(rows: int) -> None:
    found = compare(predictions([False] * rows), predictions([True] * rows), alone(rows))
    assert found["accuracy"]["difference"] == 1
    assert not found["accuracy"]["real"]


def test_mcnemar() -> None:
    a, b = np.array([1, 1, 1, 0, 0, 0, 0, 0], bool), np.array([1, 1, 0, 1, 1, 1, 1, 1], bool)
    assert mcnemar(a, b) == pytest.approx(2 * (1 + 6) / 64)
    assert mcnemar(b, a) == mcnemar(a, b)
