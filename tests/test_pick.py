"""What to label next: where the model wavers, and never twice the same."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pick import pick, pick_texts, uncertainty
from pipeline.triage import Triage


def unit(rows: list[list[float]]) -> sp.csr_matrix:
    found = np.array(rows, float)
    return sp.csr_matrix(found / np.linalg.norm(found, axis=1, keepdims=True))


def test_uncertainty() -> None:
    assert uncertainty(np.array([[0.5, 0.5, 0], [1, 0, 0], [0.6, 0.3, 0.1]])).tolist() == pytest.approx([1, 0, 0.7])


def test_a_copy_of_what_was_picked_waits() -> None:
    matrix = unit([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert pick(np.array([0.9, 0.9, 0.5, 0.1]), matrix, 3).tolist() == [0, 2, 3]


def test_what_is_labelled_already_teaches_little() -> None:
    matrix = unit([[1, 0], [0, 1]])
    assert pick(np.array([0.9, 0.2]), matrix, 1, known=unit([[1, 0]])).tolist() == [1]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(0, 20))
def test_each_text_once(doubt: list[float], count: int) -> None:
    matrix = unit([[1, at % 3 + 0.1, at % 5] for at in range(len(doubt))])
    found = pick(np.array(doubt), matrix, count).tolist()
    assert len(found) == len(set(found)) == min(count, len(doubt))


def test_texts(triage: Triage) -> None:
    texts = ["路灯不亮三天了，请修。", "路灯不亮三天了，请修。", "这件事一直没有结果。", "学校食堂的饭菜不卫生。"]
    found = pick_texts(triage.classifier, texts, 3)
    assert len(found) == 3
    assert {0, 1} - {at for at, _ in found}  # the copy is left for last
    assert pick_texts(triage.classifier, [], 3) == []
