"""The file of labels: what stands in it, what each kind counts, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support import ROOT

from pipeline import labels
from pipeline.errors import InputError
from pipeline.labelled import Reading
from pipeline.labels import COLUMNS, SOURCES, Label
from pipeline.train.examples import TRUSTED


def put(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "标.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


ROW = {"id": "1", "text": "路灯不亮三天了", "topic": "城乡建设"}


def test_what_each_kind_counts(tmp_path: Path) -> None:
    path = put(tmp_path, *({**ROW, "source": source} for source in SOURCES))
    found = labels.read([path])
    assert [(each.source, each.weight) for each in found] == list(SOURCES.items())
    by = {each.source: each.weight for each in found}
    assert by["handed_back"] == 0 < by["glance"] < by["accepted"] < by["corrected"]
    assert by["merged"] < TRUSTED <= by["accepted"]  # who confirms a link has not read the topic


def test_a_weight_of_its_own(tmp_path: Path) -> None:
    [found] = labels.read([put(tmp_path, {**ROW, "source": "别处", "weight": 2})])
    assert (found.source, found.weight, found.example().weight) == ("别处", 2.0, 2.0)


def test_all_columns(tmp_path: Path) -> None:
    row = {**ROW, "level2": "城市建设和市政管理", "intent": "complaint", "priority": "紧急", "source": "corrected",
           "weight": 1, "reason": "权属不清", "reviewer": "甲", "reviewed_at": "2026/3/7 9:05", "model": "base@1",
           "said": "环境保护", "confidence": 0.61, "issue": "7", "submitted_at": "2026-03-01"}  # fmt: skip
    [found] = labels.read([put(tmp_path, row)])
    assert set(row) == set(COLUMNS)
    assert (found.priority, found.confidence, found.day) == ("high", 0.61, "2026-03-07")
    example = found.example()
    assert (example.topic, example.issue, example.day) == ("城乡建设/城市建设和市政管理", "7", "2026-03-07")


def test_rows_of_priority_alone_and_of_junk(tmp_path: Path) -> None:
    path = put(tmp_path, {"text": "煤气泄漏", "priority": "特急"}, {"text": "加微信贷款", "topic": "垃圾信息"})
    urgent, junk = (each.example() for each in labels.read([path]))
    assert (urgent.topic, urgent.priority) == (None, "urgent")
    assert (junk.topic, junk.junk) == (None, True)


def test_rows_without_any_label_are_passed_over(tmp_path: Path) -> None:
    assert len(labels.read([put(tmp_path, ROW, {"id": "2", "text": "井盖翘了", "topic": ""})])) == 1


def test_a_mapping(tmp_path: Path) -> None:
    table = tmp_path / "表.csv"
    table.write_text("label,level1,level2\n照明,城乡建设,城市建设和市政管理\n", encoding="utf-8")
    path = put(tmp_path, {"text": "路灯不亮", "类别": "照明"})
    [found] = labels.read([path], Reading("类别", table))
    assert (found.topic, found.level2) == ("城乡建设", "城市建设和市政管理")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"source": "猜的"}, "标签来源“猜的”不在"),
        ({"weight": "重"}, "weight“重”应是 0 到 10 的数"),
        ({"weight": -1}, "应是 0 到 10"),
        ({"confidence": 3}, "confidence“3”应是 0 到 1 的数"),
        ({"intent": "x"}, "诉求类型“x”不在"),
        ({"priority": "一般"}, "紧急程度“一般”不在"),
    ],
)
def test_what_is_refused(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        labels.read([put(tmp_path, {**ROW, **row})])


def test_a_file_without_labels(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"没有标签列.*--label"):
        labels.read([put(tmp_path, {"text": "路灯不亮"})])


def test_one_label_for_each_item() -> None:
    rows = [Label("a", id="1", topic="政法", reviewed_at="2026-01-02"), Label("b", topic="民政"),
            Label("a", id="1", topic="教育文体", reviewed_at="2026-01-01"), Label("b", topic="民政")]  # fmt: skip
    assert [each.topic for each in labels.settled(rows)] == ["政法", "民政", "民政"]


@pytest.mark.parametrize(
    ("reviews", "topic"),
    [
        ({"second": "2025-01-01", "accepted": "2026-01-02", "handed_back": "2026-01-03"}, "second"),
        ({"corrected": "2025-01-01", "second": "2026-01-02"}, "second"),
        ({"second": "2026-01-01", "corrected": "2026-01-02"}, "corrected"),
        ({"second": "2026-01-02", "corrected": "2026-01-02"}, "second"),
        ({"second": "2026-01-01", "corrected": "2026-01-02", "handed_back": "2026-01-03"}, "handed_back"),
    ],
)
def test_a_second_reading_holds_unless_it_was_corrected_after(reviews: dict[str, str], topic: str) -> None:
    rows = [Label("a", id="1", topic=name, source=name, reviewed_at=when) for name, when in reviews.items()]
    for order in (rows, rows[::-1]):
        assert [each.topic for each in labels.settled(order)] == [topic]


def test_hand_backs_tell_of_routing() -> None:
    back = Label("x", topic="民政", said="民政", source="handed_back", reason="权属不清")
    found = labels.hand_backs([back, back, Label("y", topic="民政", said="民政"), Label("z", topic="政法")])
    assert [(each.said, each.rows, each.back, each.reasons) for each in found] == [("民政", 3, 2, ["权属不清"] * 2)]


def test_the_shape_is_documented() -> None:
    told = (ROOT / "docs" / "labels.md").read_text(encoding="utf-8")
    assert [name for name in (*COLUMNS, *SOURCES) if f"`{name}`" not in told] == []
