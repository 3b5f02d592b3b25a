"""Width and space: full-width letters and digits, compatibility ideographs, invisible characters, blanks."""

from __future__ import annotations

import re
import unicodedata

from pipeline.clean.patterns import ranges
from pipeline.records import Edit

_FULL = "".join(chr(c) for c in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)))
_COMPATIBLE = "".join(
    chr(c)
    for low, high in ((0x2E80, 0x2FE0), (0xF900, 0xFB00))
    for c in range(low, high)
    if len(unicodedata.normalize("NFKC", chr(c))) == 1 and unicodedata.normalize("NFKC", chr(c)) != chr(c)
)
_TO_PLAIN = {ord(c): unicodedata.normalize("NFKC", c) for c in _FULL + _COMPATIBLE}

_INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
_CONTROL = "\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f"
_ODD = "\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000\\t"
_BREAK = "\\r\\n\\u2028\\u2029"

_LINE = re.compile(f"[{_BREAK}]")
_WIDTH, _GONE, _BLANK = ranges(_FULL + _COMPATIBLE), f"{_INVISIBLE}{_CONTROL}", f" {_ODD}{_BREAK}"
_ANY = re.compile(rf"[{_WIDTH}{_GONE}{_ODD}\r\u2028\u2029]")
_WRAPPED = re.compile(r"(?:^|(?<=\n))([^\n]{15,60}[\u3400-\u9fff，、])\n(?=[\u3400-\u9fff“‘《，。、；])")
"""A line that stops within a sentence."""
_SPREAD = 2
"""Lines that were wrapped are of one length, give or take a sign or two."""
_STEP = re.compile(
    rf"[{_WIDTH}{_GONE}{_BLANK}]"
    rf"(?:(?P<width>(?<=[{_WIDTH}])[{_WIDTH}]*)|(?P<gone>(?<=[{_GONE}])[{_GONE}]*)|(?P<blank>[{_BLANK}]*))"
)


def _wraps(text: str) -> list[Edit]:
    """Return the edits that join the lines of sentences which a mail program or a form has wrapped.

    Lines say that they were wrapped by their number, three at least, and by having one length.
    """
    if text.count("\n") < 3:
        return []
    found = list(_WRAPPED.finditer(text))
    lengths = [len(match[1]) for match in found]
    if len(found) < 3 or max(lengths) - min(lengths) > _SPREAD:
        return []
    return [Edit("space", match.end(1), match.end(1) + 1, "\n", "") for match in found]


def edits(text: str) -> list[Edit]:
    """Return the edits that bring letters, digits and blanks into one form.

    Punctuation stays as its author set it; a line break stays one, several become one.
    """
    if not (_ANY.search(text) or "  " in text or "\n\n" in text or "\n " in text or " \n" in text):
        return _wraps(text)
    found = []
    for match in _STEP.finditer(text):
        before = match.group()
        if match.lastgroup == "width":
            kind, after = "width", before.translate(_TO_PLAIN)
        elif match.lastgroup == "gone":
            kind, after = "space", ""
        else:
            kind, after = "space", " " if before.isspace() and not _LINE.search(before) else "\n"
        if after != before:
            found.append(Edit(kind, match.start(), match.end(), before, after))
    return found
