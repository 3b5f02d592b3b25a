"""The verdict on a candidate: made worse on purpose, made better, and equal."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.compare import compare
from pipeline.evaluate import Predictions
from pipeline.verdict import verdict

LABELS = np.array(["政法", "民政", "交通运输"])
ROWS = 600
TRUTH = np.arange(ROWS) % 3
ALONE = np.arange(ROWS).astype(str)


def said(share: float, seed: int) -> Predictions:
    """Return predictions that are right in a share of the rows, the same rows first whatever the share."""
    order = np.random.default_rng(seed).random(ROWS)
    wrong = order >= share
    return Predictions(LABELS[TRUTH], LABELS[(TRUTH + wrong) % 3], np.ones(ROWS), [])


@pytest.mark.parametrize(
    ("before", "after", "kind", "words"),
    [
        (0.80, 0.72, "worse", ["更差", "不要启用", "minyi labels check"]),
        (0.80, 0.88, "better", ["更好", "minyi models shadow 新", "minyi models promote 新"]),
        (0.80, 0.80, "equal", ["分不出高下", "不必启用", "minyi labels next"]),
        (0.80, 0.803, "equal", ["分不出高下", "再标"]),
    ],
)
def test_worse_better_equal(before: float, after: float, kind: str, words: list[str]) -> None:
    found = verdict("新", compare(said(before, 1), said(after, 1), ALONE))
    assert found.kind == kind
    assert all(word in "".join(found.lines) for word in words)


def test_two_models_of_one_quality_are_rarely_told_apart() -> None:
    kinds = [verdict("新", compare(said(0.85, seed), said(0.85, seed + 100), ALONE)).kind for seed in range(20)]
    assert kinds.count("equal") >= 17


def test_worse_on_the_latest_rows_is_worse() -> None:
    good, bad = compare(said(0.80, 1), said(0.88, 1), ALONE), compare(said(0.80, 2), said(0.70, 2), ALONE)
    found = verdict("新", good, bad)
    assert found.kind == "worse"
    assert "最近来件" in found.lines[0]


def test_topics_that_changed_are_named() -> None:
    before, after = said(0.8, 1), said(0.8, 1)
    spoilt = np.where(TRUTH == 0, "民政", after.said)
    found = verdict("新", compare(before, Predictions(before.truth, spoilt, after.confidence, []), ALONE))
    assert "变差的主题：政法" in found.lines[0]


def test_too_few_rows() -> None:
    found = verdict("新", None)
    assert found.kind == "unknown"
    assert "不足 50 条" in found.lines[0]
