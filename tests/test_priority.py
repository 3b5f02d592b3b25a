"""Priority: signals with their own examples, scope, numbers, and what the whole says of texts and of traps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import any_text, cases

from pipeline.errors import ModelError
from pipeline.features import batch
from pipeline.priority import (
    CUTS,
    DIAL,
    FEATURES,
    Candidate,
    Ordinal,
    Signal,
    Strength,
    Weighed,
    check_signals,
    features,
    find,
    prioritise,
    sieve,
    signals,
    weigh,
)
from pipeline.priority.numbers import days, number, people
from pipeline.priority.scope import sentence_at
from pipeline.records import LEVELS, Level, Status, Submission
from pipeline.triage import Triage

EVERY = {signal.code: signal for signal in signals()}
FLAT = Ordinal(((0.0,) * len(FEATURES) + (0.1,), (0.0,) * len(FEATURES) + (-9.0,), (0.0,) * len(FEATURES) + (-9.0,)))
"""Weights by which nothing tells: everything is normal."""


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


def test_the_table_checks_itself() -> None:
    assert check_signals() == len(signals()) == len(EVERY)
    assert [signal.code for signal in signals() if not signal.counterexamples] == []


@given(st.lists(any_text, min_size=1, max_size=4))
def test_the_sieve_does_not_depend_on_the_batch(texts: list[str]) -> None:
    assert sieve().candidates(batch(texts)) == [sieve().candidates(batch([text]))[0] for text in texts]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_sieve_lets_through_what_a_pattern_matches(data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(signals()) - 1))
    number = data.draw(st.integers(0, len(signals()[index].pattern.alternatives) - 1))
    alternative = signals()[index].pattern.alternatives[number]
    text = "某处".join(data.draw(st.sampled_from(words)) for words in alternative.pieces)
    if alternative.end(text, 0) is not None:  # pieces that touch have no room for 某处
        assert Candidate(index, number, 3) in sieve().candidates(batch(["前文\n" + text]))[0]


@given(
    st.lists(st.sampled_from([*(text for s in signals() for text in s.examples), "。", "\n", "，", "路灯"]), max_size=6)
)
def test_a_reason_is_a_sentence_of_the_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    for found in find(text):
        assert found.start <= found.at < found.end
        assert found.signal.pattern.search.search(text[found.start : found.end])
        assert found.start == 0 or text[found.start - 1] in "。！？\n；"
        assert found.end == len(text) or text[found.end] in "。！？\n；"


@pytest.mark.parametrize("text", ["电梯很新！隔壁的狗突然下滑", "小区的电梯\n把孩子困在屋里"])
def test_a_signal_stays_in_one_sentence(text: str) -> None:
    assert [found.signal.code for found in find(text) if found.signal.code == "lift"] == []


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


WALL = "外墙砖随时可能掉落"


@pytest.mark.parametrize(
    ("text", "code", "holds"),
    [
        (f"{WALL}，下面是人行道", "imminent", True),
        ("没有随时可能掉落的东西", "imminent", False),
        (f"为了防止{WALL}", "imminent", False),
        (f"{WALL}，已经修好了", "imminent", False),
        ("如果外墙砖随时可能掉落，下面的人就危险", "imminent", True),
        ("工地四个月工资一分没发", "wages", True),
        ("如果公司拖欠工资", "wages", False),
        ("请问公司拖欠工资应该向哪个部门投诉", "wages", False),
        ("阅读了《关于解决拖欠农民工工资的通知》", "wages", False),
        ("建议治理拖欠工资", "wages", False),
        ("拖欠的工资后来都补发了", "wages", False),
        ("物业叫人殴打业主，两人受伤住院", "assault", True),
        ("十年前物业叫人殴打业主，两人受伤住院", "assault", False),
        ("反对建化工厂\n化工厂天天排放刺鼻气体，居民不敢开窗", "plant_gas", False),
        ("投诉化工厂\n化工厂天天排放刺鼻气体，居民不敢开窗", "plant_gas", True),
    ],
)
def test_scope(text: str, code: str, holds: bool) -> None:
    assert (code in [found.signal.code for found in find(text)]) is holds


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("301", 301), ("1,200", 1200), ("1.2万", 12_000), ("三百二十", 320), ("两千零五", 2005), ("十几", 13),
     ("几百", 300), ("百", 100), ("三万五千", 35_000), ("万", 10_000), ("半", 0.5)],
)  # fmt: skip
def test_numbers(text: str, value: float) -> None:
    assert number(text) == value


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_chinese_numerals_say_what_digits_say(hundreds: int, tens: int, ones: int) -> None:
    signs = "零一二三四五六七八九"
    told = f"{signs[hundreds]}百{signs[tens]}十{signs[ones]}"
    assert number(told) == number(str(hundreds * 100 + tens * 10 + ones))
    assert people(f"我们{told}户业主") == people(f"我们{hundreds}{tens}{ones}户业主")


@pytest.mark.parametrize(
    ("text", "count", "span"),
    [("301名业主停水五天", 301, 5), ("近三百多户停电半个月", 300, 15), ("十几个家长", 13, 0), ("2019年5月3日", 0, 0),
     ("三年前", 0, 0), ("上万人", 10_000, 0), ("一家老小", 0, 0), ("两个多星期", 0, 14), ("八栋楼", 0, 0)],
)  # fmt: skip
def test_quantities(text: str, count: float, span: float) -> None:
    assert (people(text), days(text)) == (count, span)


CALM = "路灯不亮三天了"
INTENTS = ("complaint", "consultation", "suggestion", "thanks")


@pytest.mark.parametrize("intent", INTENTS)
def test_danger_to_life_is_a_floor(intent: str) -> None:
    for signal in signals():
        if signal.level == Strength.URGENT:
            text = signal.examples[0]
            weighed = weigh(text, intent=intent, complaint=0.0, levels=(1.0, 0.0, 0.0, 0.0), ordinal=FLAT)
            assert prioritise(text, weighed, dial=1.0).level == Level.URGENT


def test_an_event_deep_in_a_letter_is_a_story() -> None:
    event = "现在楼下仓库着火了，浓烟都进屋了。"
    assert find(event)[0].floor
    assert not find("这些年的事情说来话长，容我慢慢道来。" * 10 + event)[0].floor


@pytest.mark.parametrize("intent", INTENTS[1:])
def test_a_question_is_not_raised_without_a_fact(intent: str) -> None:
    weighed = Weighed((), (0.9, 0.9, 0.9), intent != "complaint")
    assert prioritise(CALM, weighed).level == Level.NORMAL


def test_a_complaint_is_raised_by_the_model() -> None:
    found = prioritise(CALM, Weighed((), (1.0, 0.9, 0.1), False))
    assert (found.level, found.reasons[0].code) == (Level.HIGH, "model")
    assert (found.reasons[0].start, found.reasons[0].end) == (0, len(CALM))


chance = st.floats(0, 1)


@given(
    st.sampled_from([CALM, "", "燃气正在泄漏", "工资没发", "围墙随时可能倒塌"]),
    st.sampled_from(INTENTS),
    chance,
    st.lists(chance, min_size=4, max_size=4),
    chance,
)
def test_a_score_lies_in_the_quarter_of_its_level(
    text: str, intent: str, complaint: float, weights: list[float], dial: float
) -> None:
    whole = sum(weights) or 1.0
    levels = tuple(weight / whole for weight in weights)
    weighed = weigh(text, intent=intent, complaint=complaint, levels=levels, ordinal=FLAT)
    found = prioritise(text, weighed, dial=dial)
    at = LEVELS.index(found.level)
    assert at / 4 <= found.score <= (at + 1) / 4
    assert found.reasons
    assert all(0 <= reason.start <= reason.end <= len(text) for reason in found.reasons)


@given(st.lists(st.floats(-8, 8), min_size=len(FEATURES), max_size=len(FEATURES)))
def test_the_cuts_never_cross(values: list[float]) -> None:
    ordinal = Ordinal(tuple(tuple((-1.0) ** (cut + at) for at in range(len(FEATURES) + 1)) for cut in range(len(CUTS))))
    normal, high, urgent = ordinal.at_least(values)
    assert 1 >= normal >= high >= urgent >= 0


def test_weights_are_kept_in_the_meta() -> None:
    assert Ordinal.of({"ordinal": FLAT.to_meta()}) == FLAT
    with pytest.raises(ModelError, match="minyi train"):
        Ordinal.of({"name": "old"})


def test_features_have_their_names() -> None:
    text = "外墙砖随时可能掉落\n孩子天天从下面过"
    told = dict(zip(FEATURES, features(text, find(text), complaint=0.9, levels=(0.1, 0.6, 0.2, 0.1)), strict=True))
    assert told["high"] == told["at_the_start"] == 1.0
    assert told["complaint"] > 0 > told["text_high"]


@pytest.mark.parametrize("case", cases("priority", "levels"))
def test_level(case: dict[str, Any], triage: Triage) -> None:
    (decision,) = triage.run([Submission("1", case["text"])])
    assert decision.status == Status.TRIAGED
    assert decision.priority.level == case["expected"]


def test_cases_are_balanced() -> None:
    found = [param.values[0] for param in cases("priority", "levels")]
    assert len(found) >= 120
    assert {case["expected"] for case in found} == set(LEVELS)
    assert sum(case["trap"] for case in found) >= 0.4 * len(found)


def test_a_lower_dial_flags_no_less() -> None:
    texts = [param.values[0]["text"] for param in cases("priority", "levels")][:40]
    low, usual = (Triage.load(priority_dial=dial) for dial in (DIAL / 4, DIAL))
    raised = (Level.HIGH, Level.URGENT)
    for text in texts:
        if usual.run([Submission("1", text)])[0].priority.level in raised:
            assert low.run([Submission("1", text)])[0].priority.level in raised
