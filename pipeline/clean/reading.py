"""Readings: mirrors put the pinyin of a traditional character in brackets behind it, 設(shè)備."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import orjson

from pipeline.clean.script import is_traditional
from pipeline.records import Edit

LETTERS = "a-zA-ZāáǎàēéěèīíǐìōóǒòūúǔùüǖǘǚǜêếềńňǹḿɡÜ\u0300-\u030c"
_ANNOTATED = re.compile(rf"[(（](?<=([\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]).)([{LETTERS}]{{1,8}})[)）]")


def plausible(char: str, reading: str) -> bool:
    """Whether a bracket may be a mirror's at all: it has a tone mark, or stands behind a traditional character.

    That spares most texts the table of readings.
    """
    return not reading.isascii() or is_traditional(char)


def toneless(reading: str) -> str:
    """Return a syllable without its tone, ü as v.

    >>> toneless("lǜ")
    'lv'
    """
    plain = unicodedata.normalize("NFD", reading.lower().replace("ɡ", "g")).replace("u\u0308", "v")
    return "".join(char for char in plain if not unicodedata.combining(char))


@cache
def _table() -> dict[str, str]:
    """Return code → readings of all characters: a file of pypinyin, which as a whole takes half a second to import."""
    spec = find_spec("pypinyin")
    folder = Path(str(spec and spec.origin)).parent
    table: dict[str, str] = orjson.loads((folder / "pinyin_dict.json").read_bytes())
    return table


@cache
def spoken(char: str) -> frozenset[str]:
    """Return all readings of a character with their tones; none for what is not one character."""
    found = _table().get(str(ord(char)), "") if len(char) == 1 else ""
    return frozenset(filter(None, found.split(",")))


@cache
def readings(char: str) -> frozenset[str]:
    """Return all readings of a character without tones."""
    return frozenset(map(toneless, spoken(char)))


def edits(text: str) -> list[Edit]:
    """Return the edits that take out readings.

    A reading goes where it is one of the character before it, and only in a text that annotates
    traditional characters at all: an author's own bracket, 设备(shebei) or 行(háng), stays.
    """
    if "(" not in text and "（" not in text:
        return []
    matches = list(_ANNOTATED.finditer(text))
    if not any(is_traditional(match[1]) and _is_reading(match) for match in matches):
        return []
    return [Edit("reading", *match.span(), match.group(), "") for match in matches if _is_reading(match)]


def _is_reading(match: re.Match[str]) -> bool:
    char, reading = match.groups()
    return toneless(reading) in readings(char)
