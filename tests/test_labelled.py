"""Labelled rows of an office: any format, its own columns and labels, and what is wrong told with the next step."""

from __future__ import annotations

from pathlib import Path

import pytest
from inputs import LAMP, LID, put, workbook

from pipeline import labelled
from pipeline.errors import InputError
from pipeline.labelled import Reading, gather, load_mapping, read

TABLE = [["编号", "内容", "topic"], ["甲1", LAMP, "城乡建设"], ["甲2", LID, "政法"]]
WANTED = [(LAMP, {"topic": "城乡建设"}), (LID, {"topic": "政法"})]


def csv(rows: list[list[str]]) -> str:
    return "".join(",".join(row) + "\n" for row in rows)


@pytest.fixture(autouse=True)
def small_corpora(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let corpora/ give little, so that gathering takes no time."""
    files = [path for path in labelled.written_files() if path.stem == "junk"]
    monkeypatch.setattr(labelled, "written_files", lambda: files)


def test_formats(tmp_path: Path) -> None:
    line = '{{"text": "{}", "topic": "{}"}}\n'
    assert (
        read(put(tmp_path / "a.jsonl", line.format(LAMP, "城乡建设") + line.format(LID, "政法")), Reading()) == WANTED
    )
    assert read(put(tmp_path / "a.csv", csv(TABLE)), Reading()) == WANTED
    assert read(put(tmp_path / "b.csv", csv(TABLE), "gb18030"), Reading()) == WANTED
    assert read(workbook(tmp_path / "a.xlsx", [["二〇二六年标注"], *TABLE]), Reading()) == WANTED


def test_numbers_as_labels(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["内容", "类别"], [LAMP, 3.0], [LID, 4]])
    assert [labels["topic"] for _, labels in read(path, Reading("类别"))] == ["3", "4"]


def test_rows_without_a_label_are_left_out(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", csv([*TABLE, ["甲3", "还没有标的一件", " "]]))
    assert read(path, Reading()) == WANTED


def test_a_label_does_not_become_part_of_the_text(tmp_path: Path) -> None:
    """主题 is a title in other files; where it is the label, the model must not read it."""
    path = put(tmp_path / "a.csv", f"主题,内容\n城乡建设,{LAMP}\n")
    assert read(path, Reading("主题")) == WANTED[:1]


def test_columns_of_unusual_names(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", f"诉求描述,topic\n{LAMP},城乡建设\n")
    assert read(path, Reading(wanted={"body": "诉求描述"})) == WANTED[:1]
    with pytest.raises(InputError, match="没有名为“正文”的字段"):
        read(path, Reading(wanted={"正文": "诉求描述"}))


def test_a_label_with_our_separator(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", f"内容,topic\n{LAMP},住建/照明\n")
    assert read(path, Reading())[0][1] == {"topic": "住建／照明"}


MAPPING = "label,level1,level2\n路灯类,城乡建设,城市建设和市政管理\n治安类,政法,\n闲聊,,\n"


def test_mapping(tmp_path: Path) -> None:
    table = put(tmp_path / "表.csv", MAPPING)
    rows = [["内容", "类别"], [LAMP, "路灯类"], [LID, "治安类"], ["大家好", "闲聊"]]
    assert read(put(tmp_path / "a.csv", csv(rows)), Reading("类别", table)) == [
        (LAMP, {"topic": "城乡建设", "level2": "城市建设和市政管理"}),
        (LID, {"topic": "政法", "level2": ""}),
    ]


def test_a_label_that_is_not_mapped(tmp_path: Path) -> None:
    table = put(tmp_path / "表.csv", MAPPING)
    path = put(tmp_path / "a.csv", csv([["内容", "topic"], [LAMP, "路灯类"], [LID, "井盖类"]]))
    with pytest.raises(InputError, match=r"a.csv 第 3 行：标签“井盖类”不在对照表 .*表.csv 中.*补上一行"):
        read(path, Reading(mapping=table))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("label\n路灯类\n", "缺少列 level1"),
        ("label,level1\n路灯类,城乡见设\n", "第 2 行：没有主题“城乡见设”.*topics.csv"),
        ("label,level1,level2\n路灯类,城乡建设,诉讼\n", "第 2 行：没有主题“城乡建设/诉讼”"),
        ("label,level1\n路灯类,政法\n路灯类,民政\n", "第 3 行：标签“路灯类”重复"),
    ],
)
def test_a_bad_mapping(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_mapping(put(tmp_path / "表.csv", content))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.pdf", "", r"不支持“.pdf”格式.*\.xlsx"),
        ("a.csv", f"内容,topic\n,政法\n{LAMP},政法\n", "第 2 行.*没有文字"),
        ("a.csv", f"内容,类别\n{LAMP},政法\n", "没有标签列“topic”。看到的列：内容、类别。请用 --label"),
        ("a.csv", "单号,topic\n1,政法\n", "找不到正文列.*--column"),
        ("a.jsonl", "{\n", "第 1 行.*JSON"),
    ],
)
def test_a_bad_file(tmp_path: Path, name: str, content: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(put(tmp_path / name, content), Reading())


@pytest.mark.parametrize(
    ("column", "value", "said"), [("intent", "anger", "诉求类型“anger”"), ("priority", "max", "“max”")]
)
def test_bad_labels_of_other_heads(tmp_path: Path, column: str, value: str, said: str) -> None:
    path = put(tmp_path / "a.csv", f"内容,topic,{column}\n{LAMP},政法,{value}\n")
    with pytest.raises(InputError, match=said):
        gather([path], base=None, reading=Reading())


def test_sources_of_one_name_are_kept_apart(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    paths = [put(tmp_path / "a.csv", csv(TABLE)), put(tmp_path / "b" / "a.csv", csv(TABLE[:2]))]
    examples, sources = gather(paths, base=None, reading=Reading())
    assert {"a.csv", "a.csv#2", "corpora/written"} <= sources.keys()
    assert [each.topic for each in examples if each.topic] == ["城乡建设/", "政法/", "城乡建设/"]


@pytest.mark.parametrize(
    ("data", "base", "said"), [([], None, "没有训练数据"), ([], "mine", "--base mine：只能是 corpora")]
)
def test_nothing_to_train_on(data: list[Path], base: str | None, said: str) -> None:
    with pytest.raises(InputError, match=said):
        gather(data, base=base, reading=Reading())
