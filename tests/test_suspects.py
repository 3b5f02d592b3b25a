"""Doubtful labels and the agreement of officers."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.labels import Label
from pipeline.suspects import agreement, suspects
from pipeline.train import Judged

NAMES = ("城乡建设", "教育文体", "民政")


def judged(labels: list[str], sure: float = 0.8) -> Judged:
    """Return what a good model says: the true topics in turn, of texts behind 10 others."""
    chances = np.full((len(labels), 3), (1 - sure) / 2)
    chances[np.arange(len(labels)), np.arange(len(labels)) % 3] = sure
    return Judged(np.arange(10, 10 + len(labels)), chances, NAMES)


def test_planted_errors_are_found() -> None:
    labels = [NAMES[at % 3] for at in range(60)]
    labels[7], labels[30] = "民政", "教育文体"
    found = suspects(judged(labels), 10, labels)
    assert {each.row for each in found} == {7, 30}
    assert (found[0].label, found[0].other, found[0].better) in {
        ("民政", "教育文体", 0.8),
        ("教育文体", "城乡建设", 0.8),
    }


def test_good_labels_are_left_alone() -> None:
    assert suspects(judged(labels := [NAMES[at % 3] for at in range(60)]), 10, labels) == []


def test_the_worst_come_first() -> None:
    labels = [NAMES[at % 3] for at in range(60)]
    labels[7] = labels[10] = "民政"
    found = judged(labels)
    found.chances[10] = [0.02, 0.97, 0.01]
    assert [each.row for each in suspects(found, 10, labels)] == [10, 7]


def test_topics_that_nobody_labels_cannot_be_meant() -> None:
    labels = ["城乡建设", "教育文体"] * 20
    chances = np.tile([0.3, 0.1, 0.6], (40, 1))
    chances[1::2] = [0.1, 0.3, 0.6]
    assert suspects(Judged(np.arange(40), chances, NAMES), 0, labels) == []


def reading(item: int, who: str, topic: str) -> Label:
    return Label("路灯不亮", id=str(item), topic=topic, reviewer=who)


def test_kappa() -> None:
    """Cohen's own example: 20 and 15 of 50 agreed on, kappa 0.4."""
    said = [("民政", "民政")] * 20 + [("民政", "政法")] * 5 + [("政法", "民政")] * 10 + [("政法", "政法")] * 15
    rows = [reading(at, who, topic) for at, pair in enumerate(said) for who, topic in zip("甲乙", pair, strict=True)]
    [found] = agreement(rows)
    assert (found.one, found.two, found.items, found.same) == ("乙", "甲", 50, 0.7)
    assert found.kappa == pytest.approx(0.4)
    assert found.differ[0] == ("民政", "政法", 10)


def test_who_reads_alone_agrees_with_nobody() -> None:
    assert agreement([reading(1, "甲", "民政"), reading(2, "乙", "民政"), Label("x", topic="民政")]) == []
    assert agreement([reading(1, "甲", "民政"), reading(1, "乙", "民政")])[0].kappa == 1.0
