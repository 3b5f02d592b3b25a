"""Script: traditional characters become simplified ones, by OpenCC, with an edit for each run."""

from __future__ import annotations

import difflib
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from pipeline.clean.edits import difference
from pipeline.records import Edit

if TYPE_CHECKING:
    import opencc

_CONFIG = "hk2s"
"""Also undoes Hong Kong's variants, which t2s keeps (衞), and unlike tw2s leaves 什么 alone."""

_ZHU = re.compile(r"(?<![显名土原专巨论编拙昭卓遗译新合])著(?![名作称书述录于者有])")
_LEFT = {"揹": "背", "枱": "台"}
"""What OpenCC leaves: 着 written 著 outside the words that keep it, and rare variants."""

_CLAUSE = re.compile(r"[^，。！？；、\n]*[，。！？；、\n]?")


@cache
def _converter() -> opencc.OpenCC:
    import opencc

    return opencc.OpenCC(_CONFIG)


@cache
def _back() -> opencc.OpenCC:
    import opencc

    return opencc.OpenCC("s2t")


@cache
def _traditional() -> re.Pattern[str]:
    """Return the pattern of the characters that are traditional by themselves: most texts have none."""
    chars = "".join(map(chr, (*range(0x3400, 0xA000), *range(0xF900, 0xFB00))))
    plain = str(_converter().convert(chars))
    return re.compile(f"[{''.join(old for old, new in zip(chars, plain, strict=True) if old != new)}]")


@lru_cache(maxsize=4096)
def _is_simplified(char: str) -> bool:
    """Whether a character is a simplified form: traditional text would write another."""
    return str(_back().convert(char)) != char


def _convert(text: str) -> str:
    converted: str = _converter().convert(text)
    if len(converted) == len(text) and converted != text:  # a phrase must not touch what is simplified: 打坏 is no 打坯
        kept = (old if old != new and _is_simplified(old) else new for old, new in zip(text, converted, strict=True))
        converted = "".join(kept)
    if converted != text:  # only where the text is traditional at all: 著 alone may be meant
        converted = _ZHU.sub("着", converted)
        for variant, plain in _LEFT.items():
            converted = converted.replace(variant, plain)
    return converted


def simplified(char: str) -> str:
    """Return the simplified form of one character."""
    return str(_converter().convert(char))


@cache
def is_traditional(char: str) -> bool:
    """Whether conversion changes this character."""
    return simplified(char) != char


def edits(text: str) -> list[Edit]:
    """Return the edits from traditional to simplified script; a text without one traditional character has none."""
    if not _traditional().search(text):
        return []
    converted = _convert(text)
    if len(converted) == len(text):
        return difference(text, converted, "script")
    found = []  # a phrase changed its length: look clause by clause, so that the edits stay local
    for match in _CLAUSE.finditer(text):
        before = match.group()
        after = _convert(before)
        if len(before) == len(after):
            found += difference(before, after, "script", match.start())
        else:
            found += _aligned(before, after, match.start())
    return found


def _aligned(before: str, after: str, offset: int) -> list[Edit]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return [
        Edit("script", a + offset, b + offset, before[a:b], after[c:d])
        for tag, a, b, c, d in matcher.get_opcodes()
        if tag != "equal"
    ]
