"""Matching: repetitions, other voices about one matter, and neither."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import cases, chinese, read

from pipeline.features import batch
from pipeline.match import Background, Fingerprint, fingerprint, join, match, shared
from pipeline.match.pairs import WEIGHTS, Weighted
from pipeline.records import Duplicate, Submission
from pipeline.train.pairs import learn
from pipeline.triage import Triage

VOICES: list[str] = read("match")["voices"]
STRANGERS: list[str] = read("match")["strangers"]
CHAIN: list[str] = read("match")["chain"]
KINDS = {"unique", "duplicate", "same_issue"}


@pytest.fixture(scope="module")
def background(triage: Triage) -> Background:
    return triage.background


@cache
def loaded() -> Triage:
    return Triage.load()


def printed(texts: Sequence[str]) -> Fingerprint:
    """Return the fingerprint of raw texts as the triage makes it."""
    return loaded().judge([Submission("", text) for text in texts]).prints


def run(texts: Sequence[str], background: Background, ids: Sequence[str] | None = None) -> list[Duplicate]:
    names = [str(at) for at in range(len(texts))] if ids is None else ids
    return match(names, printed(texts), background)


def partition(found: Sequence[Duplicate], texts: Sequence[str]) -> set[frozenset[str]]:
    groups: dict[str, list[str]] = {}
    for duplicate, text in zip(found, texts, strict=True):
        groups.setdefault(duplicate.issue, []).append(text)
    return {frozenset(group) for group in groups.values()}


def assert_sound(found: Sequence[Duplicate]) -> None:
    """What holds of every result, with ids that are the positions."""
    for at, duplicate in enumerate(found):
        assert duplicate.kind in KINDS
        assert 0 <= duplicate.score <= 1
        anchor = int(duplicate.issue.removeprefix("issue-"))
        assert anchor <= at
        assert found[anchor].kind == "unique"  # the anchor of an issue is its first text
        assert found[anchor].issue == duplicate.issue
        if duplicate.kind == "unique":
            assert (duplicate.of, anchor) == (None, at)
        else:
            assert duplicate.of is not None
            other = found[int(duplicate.of)]
            assert int(duplicate.of) < at
            assert other.issue == duplicate.issue
            assert other.kind != "duplicate"


@pytest.mark.parametrize("case", [*cases("match", "pairs"), *cases("pairs", "pairs")])
def test_pair(case: dict[str, Any], background: Background) -> None:
    first, second = run([case["a"], case["b"]], background)
    assert first == Duplicate("unique", None, "issue-0", 0.0)
    assert second.kind in case["expected"]
    assert_sound([first, second])


@pytest.mark.parametrize("case", cases("match", "pairs"))
def test_pair_among_strangers(case: dict[str, Any], background: Background) -> None:
    texts = [case["a"], *STRANGERS, case["b"]]
    found = run(texts, background)
    assert_sound(found)
    assert found[-1].kind in case["expected"]
    if "unique" not in case["expected"]:
        assert found[-1].of == "0"


def test_voices_about_one_matter_make_one_issue(background: Background) -> None:
    found = run([*VOICES, *STRANGERS], background)
    assert [each.kind for each in found[:4]] == ["unique", *["same_issue"] * 3]
    assert {each.of for each in found[1:4]} == {"0"}
    assert {each.kind for each in found[4:]} == {"unique"}


def test_a_resend_of_a_voice_repeats_that_voice(background: Background) -> None:
    found = run([*VOICES[2:], VOICES[3]], background)
    assert [(each.kind, each.of, each.issue) for each in found] == [
        ("unique", None, "issue-0"),
        ("same_issue", "0", "issue-0"),
        ("duplicate", "1", "issue-0"),
    ]


def test_a_resend_of_a_resend_repeats_the_first(background: Background) -> None:
    found = run([VOICES[0], VOICES[0].replace("凌晨", "半夜"), VOICES[0].replace("凌晨", "半夜")], background)
    assert [each.of for each in found] == [None, "0", "0"]


def test_a_chain_does_not_glue_strangers(background: Background) -> None:
    """Each text shares a matter with the next one; the first and the last share none."""
    found = run(CHAIN, background)
    assert_sound(found)
    assert found[0].issue != found[-1].issue


@pytest.mark.parametrize(("who", "kind"), [("甲", "duplicate"), ("乙", "unique")])
def test_a_name_that_differs_is_a_slip_where_one_person_writes(who: str, kind: str, background: Background) -> None:
    body = "门口的下水道盖板碎了半块，晚上没有灯，前天一位老人踩空崴了脚，打过两次电话都说记下了，请尽快换掉。"
    sent = [Submission("0", f"岚桦苑{body}", submitter="甲"), Submission("1", f"岚华苑{body}", submitter=who)]
    found = match(["0", "1"], loaded().judge(sent).prints, background)
    assert found[1].kind == kind


def test_an_estate_is_no_matter(background: Background) -> None:
    found = run(read("match")["estate"], background)
    assert [each.kind for each in found] == ["unique", "unique"]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_result_does_not_depend_on_the_chunks(size: int, background: Background) -> None:
    texts = [*VOICES, *STRANGERS, VOICES[2], *CHAIN]
    names = [str(at) for at in range(len(texts))]
    prints = [printed(texts[at : at + size]) for at in range(0, len(texts), size)]
    assert match(names, join(prints), background) == run(texts, background)


@pytest.mark.parametrize("seed", range(8))
def test_issues_do_not_depend_on_the_order(seed: int, background: Background) -> None:
    texts = [*VOICES, *STRANGERS, VOICES[2] + "盼回复。", STRANGERS[0].replace("这几天", "这半个月")]
    mixed = random.Random(seed).sample(texts, len(texts))
    found = run(mixed, background)
    assert_sound(found)
    assert partition(found, mixed) == partition(run(texts, background), texts)


def test_ids_are_only_names(background: Background) -> None:
    texts = [*VOICES, *STRANGERS]
    names = [f"ZX-{at * 7}" for at in range(len(texts))]
    told = dict(zip([str(at) for at in range(len(texts))], names, strict=True))
    for ours, theirs in zip(run(texts, background), run(texts, background, names), strict=True):
        assert theirs.kind == ours.kind
        assert theirs.of == (told[ours.of] if ours.of else None)
        assert theirs.issue == "issue-" + told[ours.issue.removeprefix("issue-")]


def test_nothing(background: Background) -> None:
    assert match([], join([]), background) == []
    assert run([], background) == []
    assert run(["路灯"], background) == [Duplicate("unique", None, "issue-0", 0.0)]
    assert len(run(["", "，", "路灯不亮", ""], background)) == 4


@pytest.mark.parametrize(
    "copies",
    [2, 13, 64, 65, 100],
)
def test_many_copies_of_one_text(copies: int, background: Background) -> None:
    found = run([VOICES[0]] * copies, background)
    assert [each.kind for each in found] == ["unique", *["duplicate"] * (copies - 1)]
    assert {each.of for each in found[1:]} == {"0"}


def test_a_hundred_voices_stay_sound(background: Background) -> None:
    texts = [VOICES[at % 4] + f"我是{at}栋的住户。" for at in range(40)] + STRANGERS * 3
    assert_sound(run(texts, background))


@settings(max_examples=40)
@given(picked=st.lists(st.one_of(st.sampled_from([*VOICES, *STRANGERS, *CHAIN]), chinese), max_size=14))
def test_any_batch_is_sound(picked: list[str], background: Background) -> None:
    found = run(picked, background)
    assert len(found) == len(picked)
    assert_sound(found)


def test_a_fingerprint_does_not_depend_on_the_next_text() -> None:
    two, one = fingerprint(batch(["路灯", "路灯"])), fingerprint(batch(["路灯"]))
    assert two.flags.tolist() == one.flags.tolist() * 2


@given(st.lists(chinese, min_size=1, max_size=5))
def test_a_fingerprint_holds_the_bigrams_of_each_text(texts: list[str]) -> None:
    printed: Fingerprint = fingerprint(batch(texts))
    assert len(printed.sizes) == len(texts)
    assert printed.sizes.sum() == len(printed.grams)
    alone = join([fingerprint(batch([text])) for text in texts])
    for name in ("grams", "sizes"):
        assert (np.asarray(getattr(alone, name)) == np.asarray(getattr(printed, name))).all()


def test_shared_terms_stand_in_both() -> None:
    for (a, b), (c, d) in itertools.product([("路灯", "井盖"), ("", "路灯")], repeat=2):
        tied = shared([a, b], "路灯和井盖", [c, d], "路灯亮了")
        assert len(tied) == len(set(tied))
        assert all(word in "路灯亮了" or word in "路灯和井盖" for word in tied)


def test_the_weights_are_what_the_written_pairs_teach(triage: Triage) -> None:
    """The constants are learned by `pipeline.train.pairs`; whoever changes one side changes the other."""
    assert learn(triage.classifier, triage.background) == pytest.approx(WEIGHTS, abs=0.11)


def test_a_pair_is_judged_alike_from_both_sides(triage: Triage) -> None:
    prints = printed([*VOICES, *STRANGERS])
    texts = Weighted(prints, triage.background.among(prints))
    one, two = (np.array(each) for each in zip(*itertools.combinations(range(len(VOICES + STRANGERS)), 2), strict=True))
    there, back = texts.judge(one, two), texts.judge(two, one)
    assert (there.score == back.score).all()
    assert (there.alike == back.alike).all()
