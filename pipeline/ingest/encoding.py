"""Which encoding a text file is in, and reading it line by line without losing a broken row."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

BROKEN = "\udcff"
"""Stands for bytes that could not be decoded; no valid text contains it."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BLOCK = 1 << 20
_SAMPLE = 2 << 20


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return BROKEN, error.end


codecs.register_error("minyi-broken", _mark)


def _is_utf8(stream: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        while block := stream.read(_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _everyday(char: str, encoding: str) -> bool:
    """Whether a character stands in the part of the code table that holds the everyday ones."""
    try:
        lead = char.encode(encoding)[0]
    except UnicodeEncodeError:
        return False
    return 0xA1 <= lead <= 0xD7 if encoding == "gb2312" else 0xA1 <= lead <= 0xC6


def _faults(lines: list[bytes], encoding: str) -> float:
    """Share of the lines that are not valid in an encoding."""
    return sum(BROKEN in line.decode(encoding, "minyi-broken") for line in lines) / len(lines)


def _plausibility(lines: list[bytes], encoding: str, *tables: str) -> float:
    """Share of the characters beyond ASCII that are everyday ones by one of the tables."""
    chars = [c for line in lines for c in line.decode(encoding, "minyi-broken") if c > "\x7f"]
    return sum(any(_everyday(c, table) for table in tables) for c in chars) / max(1, len(chars))


def detect(stream: BinaryIO) -> str:
    """Return the encoding of a seekable binary stream: utf-8, utf-8-sig, utf-16, gb18030 or big5hkscs.

    A few lines that are broken do not change the answer: they are left to be reported row by row.
    The stream is left at its start.
    """
    head = stream.read(4)
    stream.seek(0)
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    valid = _is_utf8(stream)
    stream.seek(0)
    if valid:
        return "utf-8"
    sample = stream.read(_SAMPLE).splitlines()[:20_000]
    stream.seek(0)
    lines = [line for line in sample if any(byte > 127 for byte in line)] or [b"\xff"]
    tables = {"utf-8": ("gb2312", "big5"), "gb18030": ("gb2312",), "big5hkscs": ("big5",)}
    return max(tables, key=lambda name: _plausibility(lines, name, *tables[name]) - _faults(lines, name) / 2)


def decode_lines(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """Yield the lines of a stream with their ends; undecodable bytes become `BROKEN`.

    Lines are decoded one by one, so that a broken byte costs its own line only.
    """
    head = stream.read(_BLOCK)
    stream.seek(0)
    if encoding == "utf-16" or (b"\n" not in head and b"\r" in head):  # or the old line ends of a Mac
        text = stream.read().decode(encoding, "minyi-broken").replace("\r\n", "\n").replace("\r", "\n")
        yield from io.StringIO(text, newline="\n")
        return
    for number, line in enumerate(stream):
        if number == 0 and encoding == "utf-8-sig":
            line = line.removeprefix(codecs.BOM_UTF8)
        yield line.decode("utf-8" if encoding == "utf-8-sig" else encoding, "minyi-broken")
