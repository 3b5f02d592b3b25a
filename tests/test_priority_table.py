"""The tables of signals and of words: an office's own, and broken ones, each rule named."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from pipeline.errors import CorpusError
from pipeline.priority import SIGNALS, WORDS, Kind, Strength, load_signals, load_words
from pipeline.priority.table import compile_pattern

GOOD = {
    "code": "toy",
    "level": "high",
    "kind": "state",
    "pattern": "{电}…灯杆|灯杆…{电}",
    "needs": "",
    "unless": "",
    "least": "people:3",
    "explanation": "电会伤人",
    "examples": "三个人碰到灯杆漏电",
    "counterexamples": "灯杆没有漏电",
}
LISTS = {"name": "电", "words": "漏电|触电"}


def write(path: Path, *rows: dict[str, str]) -> Path:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(stream.getvalue(), encoding="utf-8")
    return path


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    (signal,) = load_signals(write(tmp_path / "own.csv", GOOD), write(tmp_path / "words.csv", LISTS))
    assert (signal.code, signal.level, signal.kind) == ("toy", Strength.HIGH, Kind.STATE)
    first, second = signal.pattern.alternatives
    assert (first.pieces, first.reaches) == ((("漏电", "触电"), ("灯杆",)), (14, 2))
    assert second.pieces == (("灯杆",), ("漏电", "触电"))
    assert signal.least == ("people", 3)
    assert signal.needs is None
    assert signal.unless is None


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        ("灯杆", "一根灯杆", "灯杆"),
        ("灯杆…漏电", "灯杆又漏电", "灯杆又漏电"),
        ("灯杆…漏电", "灯杆歪了，漏电", None),
        ("灯杆……漏电", "灯杆歪了，漏电", "灯杆歪了，漏电"),
        ("灯杆……漏电", "灯杆歪了。漏电", None),
        ("a.b", "aXb", None),
        ("井盖|{电}", "触电", "触电"),
    ],
)
def test_a_pattern_is_written_without_code(source: str, text: str, found: str | None) -> None:
    match = compile_pattern(source, {"电": ("漏电", "触电")}).search.search(text)
    assert (match.group() if match else None) == found


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"level": "low"}, "level 是“low”，只能是 urgent、high、concern"),
        ({"level": ""}, "level 是“”"),
        ({"kind": "mood"}, "kind 是“mood”，只能是 event、state、risk"),
        ({"explanation": " "}, "缺 explanation"),
        ({"examples": ""}, "缺 examples"),
        ({"pattern": ""}, "缺 pattern"),
        ({"pattern": "{火}…灯"}, "没有词表“火”"),
        ({"pattern": "{电…灯"}, "花括号不成对"),
        ({"pattern": "…漏电"}, "以省略号开头"),
        ({"pattern": "漏电|"}, "为空"),
        ({"needs": "{没有}"}, "needs 写得不对"),
        ({"unless": "a||b"}, "unless 写得不对"),
        ({"least": "100户"}, "应写成 people:100"),
        ({"code": ""}, "无代码"),
        ({"code": "toy"}, "code 为空或重复"),
    ],
)
def test_a_broken_row_is_named(change: dict[str, str], rule: str, tmp_path: Path) -> None:
    path = write(tmp_path / "own.csv", GOOD, {**GOOD, "code": "second", **change})
    with pytest.raises(CorpusError) as told:
        load_signals(path, write(tmp_path / "words.csv", LISTS))
    message = str(told.value)
    assert rule in message
    assert "own.csv 第 3 行" in message
    assert change.get("code", "second") in message


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"name": "", "words": "漏电"}, "name 为空或重复"),
        ({"name": "电", "words": "漏电"}, "name 为空或重复"),
        ({"name": "火", "words": ""}, "words 应是"),
        ({"name": "火", "words": "着{火"}, "words 应是"),
        ({"name": "火", "words": "着火，起火"}, "words 应是"),
    ],
)
def test_a_broken_list_is_named(row: dict[str, str], rule: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=rule) as told:
        load_words(write(tmp_path / "words.csv", LISTS, row))
    assert "words.csv 第 3 行" in str(told.value)


@pytest.mark.parametrize("column", list(GOOD))
def test_a_missing_column_is_named(column: str, tmp_path: Path) -> None:
    path = write(tmp_path / "own.csv", {name: value for name, value in GOOD.items() if name != column})
    with pytest.raises(CorpusError, match=f"own.csv：缺少列 {column}"):
        load_signals(path)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no\.csv：打不开"):
        load_signals(tmp_path / "no.csv")
    with pytest.raises(CorpusError, match=r"no\.csv：打不开"):
        load_signals(words=tmp_path / "no.csv")


@pytest.mark.parametrize("shipped", [SIGNALS, WORDS])
def test_an_undecodable_table_is_named(shipped: Path, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(shipped.read_bytes() + b"\xff\xfe\n")
    with pytest.raises(CorpusError, match=r"own\.csv：有无法解码的字节"):
        load_signals(path if shipped == SIGNALS else SIGNALS, path if shipped == WORDS else WORDS)
