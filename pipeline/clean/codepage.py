"""Code page: a line that was written in one encoding and read in another, 鐨勬槸 for 的是, comes back whole.

A line is tried only where it reads like no language at all, and taken only where what comes out clearly does. UTF-8 and
its kin read as Latin-1 or Windows-1252 are left to ftfy; it does not know the Chinese pairs.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from pipeline.clean.language import language, misread
from pipeline.clean.lost import LOST
from pipeline.clean.script import simplified
from pipeline.records import Edit

_PAIRS = (("gb18030", "utf-8"), ("big5", "gb18030"), ("gb18030", "big5"), ("big5", "utf-8"), ("latin-1", "gb18030"))
"""Read as the first, written in the second."""
_GARBLED = -10.0
_CLEAN = -7.5
"""Mean log probability of a character, in nats: language is at −4 to −6, a misread line at −13 to −17."""
_MOST = 50_000
"""So much of a text is read again at most: no submission is longer."""
_ENOUGH = 1_000
"""Characters that tell whether a line is language."""
_DENSE = 16
"""One character in so many at least is odd, private or Latin in a garbled line."""
_MISSES = 8
"""A line of which more than one character in so many cannot be told stays as it is."""
_ONLY_ONE = 4.0
_SIGNS = {b"\xe3": "、。〈〉《》「」【】", b"\xef": "！（），：；？"}
_LINE = re.compile(r"[^\n\r]+")


def _mean(text: str) -> float:
    plain = simplified(text[:_ENOUGH])
    return language().score(plain) / len(plain) if plain else _GARBLED


def _fill(bad: bytes, before: str, behind: str) -> str:
    """Return the character of which a UTF-8 stream kept the first bytes, where only one makes sense."""
    if len(bad) == 2:
        codes = [bad + bytes((last,)) for last in range(0x80, 0xC0)]
    elif bad in _SIGNS:
        codes = [char.encode() for char in _SIGNS[bad]]
    else:
        return ""
    score = language().after
    chars = {char for code in codes if (char := code.decode("utf-8", "ignore"))}
    ranked = sorted(((score(before, char) + score(char, behind), char) for char in chars), reverse=True)
    return ranked[0][1] if len(ranked) > 1 and ranked[0][0] - ranked[1][0] >= _ONLY_ONE else ""


def _on_error(error: UnicodeError) -> tuple[str, int]:
    """Tell the "?" of lost bytes from real ones: fill in what a UTF-8 stream lost, mark anything else."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    data, end = error.object, error.end
    bad = data[error.start : end]
    for _ in range(3 - len(bad) if error.encoding == "utf-8" else 1):
        end += data[end : end + 1] == b"?"
    before = data[max(error.start - 3, 0) : error.start].decode(error.encoding, "ignore")[-1:]
    behind = data[end : end + 4].decode(error.encoding, "ignore")[:1]
    return _fill(bad, before, behind or "\n") or LOST, end


codecs.register_error("minyi.lost", _on_error)


def _ways(line: str) -> Iterator[str]:
    """Yield what a line may have been."""
    for read, written in _PAIRS:
        try:
            data = line.replace("\ufffd", "?").encode(read)
        except UnicodeEncodeError:
            continue
        text = data.decode(written, "minyi.lost")
        if text.count(LOST) * _MISSES <= len(text):
            yield text
    if not any("\u3400" <= char <= "\u9fff" for char in line):
        import ftfy

        yield ftfy.fix_encoding(line)


def edits(text: str) -> list[Edit]:
    """Return the edits that read misread lines as they were written."""
    gate = misread()
    if not gate.search(text):
        return []
    found = []
    left = _MOST
    for match in _LINE.finditer(text):
        line = match.group()
        if len(gate.findall(line)) * _DENSE < len(line):
            continue
        left -= max(len(line), _DENSE)
        if left < 0:
            break
        if _mean(line) > _GARBLED:
            continue
        best = max(_ways(line), key=_mean, default=line)
        if _mean(best) > _CLEAN:
            found.append(Edit("shift", *match.span(), line, best))
    return found
