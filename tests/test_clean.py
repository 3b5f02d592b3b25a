"""Cleaning: tables of what changes and what must not, and what holds for every text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support import any_text, assert_replays, cases

from pipeline.clean import clean, reading, script, shift, width
from pipeline.clean.edits import OffsetMap, compose, difference, replay
from pipeline.records import Edit

KINDS = {"chrome", "spam", "shift", "reading", "script", "width", "space", "lost"}


@pytest.mark.parametrize("case", cases("clean", "clean"))
def test_clean(case: dict[str, Any]) -> None:
    result = clean(case["input"])
    assert result.text == case["expected"]
    assert_replays(case["input"], result.edits, case["expected"])


@pytest.mark.parametrize("case", cases("clean", "untouched"))
def test_clean_text_is_left_alone(case: dict[str, Any]) -> None:
    result = clean(case["input"])
    assert (result.text, result.edits) == (case["input"], ())


@pytest.mark.parametrize(
    ("text", "kind"),
    [("電梯", "script"), ("電(diàn)", "reading"), ("１２", "width"), ("a\u200bb", "space"), ("a\r\nb", "space")],
)
def test_kinds_are_told(text: str, kind: str) -> None:
    assert kind in {edit.kind for edit in clean(text).edits}


def test_edits_stay_local() -> None:
    """One damaged character does not become an edit of the whole text."""
    text = "路灯不亮，" * 50 + "電梯壞了" + "，请来人看" * 50
    edits = clean(text).edits
    assert sum(edit.end - edit.start for edit in edits) <= 4


def test_text_is_cleaned_alike_whatever_stands_before() -> None:
    assert clean("一。設(shè)備(bèi)舊了").text == "一。设备旧了"
    assert clean("電" * 1000).text == "电" * 1000


@given(any_text)
@example("")
@example("設(shè)(shè)")
@example("\r\r\n\n")
@example("長(cháng)\u200b(zhǎng)")
def test_replaying_the_edits_gives_the_text(text: str) -> None:
    result = clean(text)
    assert_replays(text, result.edits, result.text)
    assert {edit.kind for edit in result.edits} <= KINDS


@given(any_text)
@example("么麼")
@example("路灯 \u200b 不亮")
def test_idempotent(text: str) -> None:
    once = clean(text).text
    assert clean(once).text == once


@given(st.text())
@example("路灯\ud800不亮")
def test_never_raises(text: str) -> None:
    clean(text)


@given(any_text)
def test_passes_find_edits_that_replay(text: str) -> None:
    for find in (shift.edits, width.edits, reading.edits, script.edits):
        found = find(text)
        assert_replays(text, found, replay(text, found))


@given(any_text)
def test_offset_map_is_monotone_and_inside(text: str) -> None:
    result = clean(text)
    mapped = [OffsetMap(result.edits).to_raw(at) for at in range(len(result.text) + 1)]
    assert mapped == sorted(mapped)
    assert all(0 <= at <= len(text) for at in mapped)


@given(any_text)
def test_offset_map_leads_to_the_same_character(text: str) -> None:
    """Outside of the edits a clean character and its raw one are the same."""
    result = clean(text)
    offsets = OffsetMap(result.edits)
    touched = {at for edit in result.edits for at in range(edit.start, edit.end)}
    for at, char in enumerate(result.text):
        raw = offsets.to_raw(at)
        assert raw in touched or text[raw] == char or any(edit.start == edit.end == raw for edit in result.edits)


@st.composite
def edit_lists(draw: st.DrawFn, text: str, letters: str) -> list[Edit]:
    """Draw sorted edits of a text that do not overlap; insertions among them."""
    found: list[Edit] = []
    at = 0
    for _ in range(draw(st.integers(0, 4))):
        if at > len(text):
            break
        start = draw(st.integers(at, len(text)))
        end = draw(st.integers(start, min(len(text), start + 3)))
        after = draw(st.text(alphabet=letters, max_size=3))
        if text[start:end] != after:
            found.append(Edit("space", start, end, text[start:end], after))
        at = end + (start == end)
    return found


@given(st.data())
def test_compose_is_both_in_turn(data: st.DataObject) -> None:
    raw = data.draw(st.text(alphabet="abcdef", max_size=12))
    first = data.draw(edit_lists(raw, "uvw"))
    middle = replay(raw, first)
    second = data.draw(edit_lists(middle, "xyz"))
    assert_replays(raw, compose(raw, first, second), replay(middle, second))


@given(st.data())
def test_compose_with_nothing_is_the_same(data: st.DataObject) -> None:
    raw = data.draw(st.text(alphabet="abcdef", max_size=12))
    edits = data.draw(edit_lists(raw, "uvw"))
    assert compose(raw, edits, []) == compose(raw, [], edits) == edits


@given(st.integers(0, 20), st.data())
def test_difference_replays(size: int, data: st.DataObject) -> None:
    fixed = st.text(alphabet="ab电電", min_size=size, max_size=size)
    before, after = data.draw(fixed), data.draw(fixed)
    assert_replays(before, difference(before, after, "script"), after)


@pytest.mark.parametrize(
    ("spoken", "plain"), [("shè", "she"), ("LǛ", "lv"), ("ńg", "ng"), ("\u0261ōu", "gou"), ("nu\u0308\u030c", "nv")]
)
def test_toneless(spoken: str, plain: str) -> None:
    assert reading.toneless(spoken) == plain
