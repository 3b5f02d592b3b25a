"""Which rows a model is judged on: near-duplicates never on both sides, every label dealt evenly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.features import Vocabulary, batch
from pipeline.train import folds as module
from pipeline.train.folds import by_time, folds, near, together

NOTHING = Vocabulary(np.zeros(0, np.uint64), np.zeros(0, np.float32))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 25)), min_size=60, max_size=300))
def test_no_group_is_on_both_sides(rows: list[tuple[int, int]]) -> None:
    truth = np.array([label for label, _ in rows])
    groups = np.array([str(group) for _, group in rows])
    try:
        found, own = folds(truth, np.full(len(rows), ""), groups)
    except InputError:
        return
    tested = np.concatenate([test for _, test in found])
    assert len(set(tested.tolist())) == len(tested)
    assert own == (len(set(truth.tolist())) > 1)
    for train, test in found:
        assert not set(groups[train]) & set(groups[test])
        assert len(set(truth[train].tolist())) > 1
        assert sorted([*train, *test]) == list(range(len(rows)))


def test_labels_are_dealt_evenly() -> None:
    truth = np.repeat([0, 1, 2], [500, 50, 10])
    found, _ = folds(truth, np.full(560, ""), np.arange(560).astype(str))
    for _, test in found:
        assert np.bincount(truth[test]).tolist() == [100, 10, 2]


def test_an_office_is_judged_on_its_own_rows() -> None:
    hands = np.array(["first"] * 100 + [""] * 60)
    truth = np.arange(160) % 2
    found, own = folds(truth, hands, np.arange(160).astype(str))
    assert own
    assert sorted(np.concatenate([test for _, test in found])) == list(range(100, 160))
    assert all(set(range(100)) <= set(train.tolist()) for train, _ in found)


def test_a_few_rows_are_judged_with_the_rest() -> None:
    hands = np.array(["first"] * 100 + ["letters"] * 100 + [""] * 2)
    found, own = folds(np.arange(202) % 2, hands, np.arange(202).astype(str))
    assert not own
    assert sorted(len(test) for _, test in found) == [2, 100, 100]


def test_enough_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ENOUGH", 100)
    found, _ = folds(np.arange(300) % 2, np.full(300, ""), np.arange(300).astype(str))
    assert [len(test) for _, test in found] == [60, 60]


def test_one_matter_only() -> None:
    with pytest.raises(InputError, match="同一件事"):
        folds(np.arange(60) % 2, np.full(60, ""), np.full(60, "issue-1"))


def test_near_duplicates_are_of_one_group() -> None:
    letter = "槐荫里三号楼前的路灯灭了一个星期，老人晚上出门看不见台阶，请尽快派人来修。"
    others = ["菜场后门的井盖翘起来绊倒过人", "请问门诊挂号要带什么材料", "加班工资三个月没有发"]
    groups = near(batch([letter, others[0], letter + "谢谢！", others[1], others[2]]), NOTHING)
    assert groups[0] == groups[2]
    assert len(set(groups.tolist())) == 4


DAYS = np.array([f"2026-{1 + at // 28:02}-{1 + at % 28:02}" for at in range(300)])


def test_a_split_by_time() -> None:
    truth, alone = np.arange(300) % 3, np.arange(300).astype(str)
    found = by_time(truth, DAYS, alone)
    assert found is not None
    train, test = found
    assert (train.tolist(), test.tolist()) == (list(range(240)), list(range(240, 300)))
    undated = np.where(np.arange(300) < 100, "", DAYS)
    assert by_time(truth, undated, alone) is None  # 40 late rows are too few
    assert by_time(truth, np.full(300, ""), alone) is None
    assert by_time(truth, np.full(300, "2026-01-01"), alone) is None


def test_a_matter_that_began_earlier_is_no_test() -> None:
    groups = np.arange(300).astype(str)
    groups[295] = groups[3]
    found = by_time(np.arange(300) % 3, DAYS, groups)
    assert found is not None
    assert 295 not in found[1]
    undated = np.where(np.arange(300) == 3, "", DAYS)
    found = by_time(np.arange(300) % 3, undated, groups)  # when it began is not known, and it is trained on
    assert found is not None
    assert 3 in found[0]
    assert 295 not in found[1]


def test_issues_of_officers_keep_groups_together() -> None:
    groups, issues = np.array(["a", "b", "b", "c", "d"]), np.array(["1", "1", "", "", ""])
    assert together(groups, issues).tolist() == ["a", "a", "a", "c", "d"]
    assert together(groups, np.full(5, "")).tolist() == groups.tolist()
