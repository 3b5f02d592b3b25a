"""Priority: signals with their own examples, broken tables, and what the whole says of texts and of traps."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import any_text, cases

from pipeline.errors import CorpusError
from pipeline.features import batch
from pipeline.priority import SIGNALS, Signal, find, hints, load_signals, prioritise, sentence_at, signals
from pipeline.records import LEVELS, Level, Status, Submission
from pipeline.triage import Triage

EVERY = {signal.code: signal for signal in signals()}


def pairs(column: str) -> list[Any]:
    return [
        pytest.param(signal, text, id=f"{signal.code}-{text}")
        for signal in signals()
        for text in getattr(signal, column)
    ]


@pytest.mark.parametrize(("signal", "text"), pairs("examples"))
def test_a_signal_holds_in_its_examples(signal: Signal, text: str) -> None:
    assert signal.code in [found.signal.code for found in find(text)]


@pytest.mark.parametrize(("signal", "text"), pairs("counterexamples"))
def test_a_signal_does_not_hold_in_its_counterexamples(signal: Signal, text: str) -> None:
    assert signal.code not in [found.signal.code for found in find(text)]


def test_every_signal_has_an_example() -> None:
    assert [signal.code for signal in signals() if not signal.examples] == []
    assert len(EVERY) == len(signals())
    assert len(signals()) <= 64  # a mask has so many bits


UNHINTED = {
    "gas_leak": "天然气的味很浓",
    "pollution_health": "癌 in other words than those listed: 乳腺癌",
    "many": "301名业主 (only 0名 is listed), 三万学生",
    "school_place": "报不了名",
}
"""Signals whose pattern matches what none of their hints lets through, so that the pattern is never tried."""


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(
            code,
            marks=pytest.mark.xfail(strict=True, reason=f"no hint for: {UNHINTED[code]}") if code in UNHINTED else [],
        )
        for code in EVERY
    ],
)
def test_hints_let_everything_through_that_the_pattern_matches(code: str) -> None:
    signal = EVERY[code]
    bit = list(EVERY).index(code)
    plain = re.sub(r"\[\^[^]]*\]", "[某处]", signal.pattern.pattern)  # keeps what is drawn short of odd characters

    @settings(max_examples=200, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(plain, fullmatch=True))
    def holds(text: str) -> None:
        assert hints().masks(batch([text]))[0] >> bit & 1

    holds()


@given(st.lists(any_text, min_size=1, max_size=4))
def test_masks_do_not_depend_on_the_batch(texts: list[str]) -> None:
    assert hints().masks(batch(texts)) == [hints().masks(batch([text]))[0] for text in texts]


@given(
    st.lists(st.sampled_from([*(text for s in signals() for text in s.examples), "。", "\n", "，", "路灯"]), max_size=6)
)
def test_a_reason_is_a_sentence_of_the_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    for found in find(text):
        sentence = text[found.start : found.end]
        assert found.signal.pattern.search(sentence)
        assert found.start == 0 or text[found.start - 1] in "。！？\n；"
        assert found.end == len(text) or text[found.end] in "。！？\n；"


@pytest.mark.parametrize("text", ["电梯很新！隔壁的狗吓到了孩子", "小区的电梯\n狗把孩子吓哭了"])
def test_a_signal_stays_in_one_sentence(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize(
    ("text", "word", "sentence"),
    [
        ("路灯坏了。围墙要倒！快来", "围墙", "围墙要倒"),
        ("标题\n围墙要倒", "围墙", "围墙要倒"),
        ("围墙", "围墙", "围墙"),
        ("一；围墙；二", "围墙", "围墙"),
        ("a!围墙?b", "围墙", "围墙"),
    ],
)
def test_sentence(text: str, word: str, sentence: str) -> None:
    start, end = sentence_at(text, text.index(word), text.index(word) + len(word))
    assert text[start:end] == sentence


GOOD = {
    "code": "toy",
    "level": "high",
    "kind": "state",
    "hints": "漏电|触电",
    "pattern": "漏电|触电",
    "needs": "",
    "unless": "",
    "explanation": "电会伤人",
    "examples": "灯杆漏电",
    "counterexamples": "没有漏电",
}


def write(path: Path, *rows: dict[str, str]) -> Path:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(stream.getvalue(), encoding="utf-8")
    return path


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    (signal,) = load_signals(write(tmp_path / "own.csv", GOOD))
    assert (signal.code, signal.level, signal.hints) == ("toy", Level.HIGH, ("漏电", "触电"))
    assert signal.needs is None
    assert signal.unless is None


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"level": "low"}, "level 是“low”，只能是 high 或 urgent"),
        ({"level": ""}, "level 是“”"),
        ({"kind": "mood"}, "kind 是“mood”，只能是 event"),
        ({"explanation": " "}, "缺 explanation"),
        ({"pattern": "漏电("}, "pattern 不是有效的正则表达式"),
        ({"needs": "["}, "needs 不是有效的正则表达式"),
        ({"unless": "*"}, "unless 不是有效的正则表达式"),
        ({"pattern": ""}, "pattern 为空或能匹配空文字"),
        ({"pattern": "漏电?|"}, "pattern 为空或能匹配空文字"),
        ({"hints": ""}, "hints 应列出"),
        ({"hints": "漏电|电"}, "每个至少两个字"),
        ({"code": "", "level": "x"}, "无代码"),
    ],
)
def test_a_broken_row_is_named(change: dict[str, str], rule: str, tmp_path: Path) -> None:
    path = write(tmp_path / "own.csv", GOOD, {**GOOD, "code": "second", **change})
    with pytest.raises(CorpusError) as told:
        load_signals(path)
    message = str(told.value)
    assert rule in message
    assert "own.csv 第 3 行" in message
    assert change.get("code", "second") in message


@pytest.mark.parametrize("column", list(GOOD))
def test_a_missing_column_is_named(column: str, tmp_path: Path) -> None:
    path = write(tmp_path / "own.csv", {name: value for name, value in GOOD.items() if name != column})
    with pytest.raises(CorpusError, match=f"own.csv：缺少列 {column}"):
        load_signals(path)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no\.csv：打不开"):
        load_signals(tmp_path / "no.csv")


def test_an_undecodable_table_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(SIGNALS.read_bytes() + b"\xff\xfe\n")
    with pytest.raises(CorpusError, match=r"own\.csv：有无法解码的字节"):
        load_signals(path)


NOTHING = (0.0, 1.0, 0.0, 0.0)
CALM = "路灯不亮三天了"


@pytest.mark.parametrize("intent", ["complaint", "consultation", "suggestion", "thanks"])
def test_danger_to_life_is_a_floor(intent: str) -> None:
    for signal in signals():
        if signal.level == Level.URGENT:
            assert prioritise(signal.examples[0], intent=intent, levels=(1.0, 0.0, 0.0, 0.0)).level == Level.URGENT


@pytest.mark.parametrize("intent", ["consultation", "suggestion", "thanks"])
def test_a_question_is_not_raised_by_the_model_alone(intent: str) -> None:
    assert prioritise(CALM, intent=intent, levels=(0.0, 0.0, 0.9, 0.1)).level in (Level.LOW, Level.NORMAL)


def test_a_complaint_is_raised_by_the_model() -> None:
    found = prioritise(CALM, intent="complaint", levels=(0.0, 0.02, 0.9, 0.08))
    assert (found.level, found.reasons[0].code) == (Level.HIGH, "model")
    assert (found.reasons[0].start, found.reasons[0].end) == (0, len(CALM))


@given(
    st.sampled_from([CALM, "", "燃气正在泄漏", "工资没发", "围墙随时可能倒塌"]),
    st.sampled_from(["complaint", "consultation", "suggestion", "thanks"]),
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
)
def test_a_score_lies_in_the_quarter_of_its_level(text: str, intent: str, weights: list[float]) -> None:
    whole = sum(weights) or 1.0
    found = prioritise(text, intent=intent, levels=tuple(weight / whole for weight in weights))
    at = LEVELS.index(found.level)
    assert at / 4 <= found.score <= (at + 1) / 4
    assert found.reasons
    assert all(0 <= reason.start <= reason.end <= len(text) for reason in found.reasons)


@pytest.mark.parametrize("case", cases("priority", "levels"))
def test_level(case: dict[str, Any], triage: Triage) -> None:
    (decision,) = triage.run([Submission("1", case["text"])])
    assert decision.status == Status.TRIAGED
    assert decision.priority.level == case["expected"]


def test_cases_are_balanced() -> None:
    found = [param.values[0] for param in cases("priority", "levels")]
    assert len(found) >= 40
    assert {case["expected"] for case in found} == set(LEVELS)
    assert sum(case["trap"] for case in found) >= 0.4 * len(found)
