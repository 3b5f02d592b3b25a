"""Shift: lost bytes are put back, in texts that are damaged here; clean texts and what cannot be known stay."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

import opencc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pypinyin import pinyin
from support import assert_replays, cases

from pipeline.clean import clean, shift
from pipeline.clean.edits import replay

LOST, OPEN = "|", "~"
"""In a case: before a sign that loses its first byte, and before a character that may stay unknown."""
TO_ASCII = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


@cache
def converter(config: str) -> opencc.OpenCC:
    return opencc.OpenCC(config)


def traditional(text: str) -> str:
    return str(converter("s2t").convert(text))


def mirrored(text: str) -> str:
    """Return a text as mirrors show it: in traditional script, with the reading behind each such character."""
    back = converter("t2s")
    return "".join(f"{c}({pinyin(c)[0][0]})" if back.convert(c) != c else c for c in traditional(text))


FORMS = {"simplified": str, "traditional": traditional, "mirrored": mirrored}


def damaged(text: str, mark: bytes = b"") -> str:
    """Return a text in which each sign behind LOST has lost its first byte, or `mark` stands for that."""
    first, *rest = text.replace(OPEN, "").split(LOST)
    content = first.encode("gb18030") + b"".join(mark + part.encode("gb18030")[1:] for part in rest)
    return content.decode("gb18030", "replace").replace("\ufffd", "?").translate(TO_ASCII)


def width(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def repaired(text: str) -> str:
    return replay(text, shift.edits(text))


def wanted(text: str) -> set[str]:
    """Return what a case may come to: the whole text, and the one with "□" for what need not be known."""
    first, *rest = text.replace(LOST, "").split(OPEN)
    return {width("".join((first, *rest))), width(first + "".join("□" + part[1:] for part in rest))}


MARKS = {"dropped": b"", "marked": b"?"}
"""What is left of the first byte: nothing, or a "?"."""


def texts(section: str) -> list[Any]:
    """Return the text of each case in each of its forms; a known failure is one in all of them."""
    return [
        pytest.param(FORMS[form](param.values[0]["text"]), id=f"{param.id}, {form}", marks=param.marks)
        for param in cases("shift", section)
        for form in param.values[0]["forms"]
    ]


def losses(section: str) -> list[Any]:
    """Return the text and the mark of each case, in each of its forms and with each of its marks."""
    return [
        pytest.param(FORMS[form](param.values[0]["text"]), mark, id=f"{param.id}, {form}, {mark}", marks=param.marks)
        for param in cases("shift", section)
        for form in param.values[0]["forms"]
        for mark in param.values[0].get("marks", MARKS)
    ]


@pytest.mark.parametrize(("text", "mark"), losses("lost"))
def test_a_lost_byte_is_put_back(text: str, mark: str) -> None:
    raw, expected = damaged(text, MARKS[mark]), wanted(text)
    assert width(raw) not in expected
    found = shift.edits(raw)
    assert {edit.kind for edit in found} == {"shift"}
    assert width(replay(raw, found)) in expected
    result = clean(raw)
    assert_replays(raw, result.edits, result.text)
    assert width(result.text) in {width(clean(text).text) for text in expected}


@pytest.mark.parametrize(("text", "mark"), losses("unknown"))
def test_what_cannot_be_known_stays(text: str, mark: str) -> None:
    raw = damaged(text, MARKS[mark])
    assert "?" in raw
    assert shift.edits(raw) == []


@pytest.mark.parametrize("text", texts("untouched"))
def test_clean_text_has_no_shift(text: str) -> None:
    assert shift.edits(text) == []
    assert "shift" not in {edit.kind for edit in clean(text).edits}


ROWS = [
    bytes((lead, trail)).decode("gb18030", "replace")
    for lead in (0xA1, 0xA2, 0xA3, 0xA6, 0xA8, 0xAA, 0xB0, 0xC4, 0xD0, 0xD7, 0xF7, 0xF8, 0xFE, 0x81, 0x9A)
    for trail in (0x40, 0x5B, 0x7E, 0x80, 0xA1, 0xA3, 0xAC, 0xB2, 0xC4, 0xD3, 0xE5, 0xFE)
]
"""Characters of every part of GB18030: signs, letters, ideographs common and rare, private use."""
odd_text = st.lists(
    st.sampled_from(
        [
            *(char for char in ROWS if "\ufffd" not in char),
            *"?!()a\n3，。\ue000\ue5e5\uf8ff㛃囈",
            "(xié)",
            "我们打过三次电话",
        ]
    ),
    max_size=24,
).map("".join)


@given(odd_text)
@example("")
@example("?")
@example("\ue000")
@example("處?！坝惺潞蒙塘俊眳f(xié)")
def test_edits_replay_and_are_done_at_once(text: str) -> None:
    found = shift.edits(text)
    once = replay(text, found)
    assert_replays(text, found, once)
    result = clean(text)
    assert_replays(text, result.edits, result.text)
    assert clean(result.text).text == result.text


@given(st.text())
def test_never_raises(text: str) -> None:
    shift.edits(text)


@given(st.integers(0, 60), st.sampled_from(list(FORMS)), st.sampled_from(list(MARKS)))
def test_losses_anywhere_replay(at: int, form: str, mark: str) -> None:
    """Not only signs lose bytes."""
    text = FORMS[form]("村口的垃圾池满了一个多星期，苍蝇很多。请“尽快”清运，谢谢！")
    raw = damaged(f"{text[:at]}{LOST}{text[at:]}", MARKS[mark])
    assert_replays(raw, shift.edits(raw), repaired(raw))


@pytest.mark.parametrize("unit", ["?囈", "?\ue000", "?囈(xié)"])
def test_a_long_text_of_oddities_comes_to_an_end(unit: str) -> None:
    text = (unit * 200_000)[:200_000]
    found = shift.edits(text)
    assert_replays(text, found, replay(text, found))
