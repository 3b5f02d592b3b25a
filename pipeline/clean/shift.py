"""Shift: one byte of the GB18030 stream was lost, so the text after it is read one byte late.

    處。“有事好商量”協(xié)  →  處?!坝惺潞蒙塘俊眳f(xié)

From the lost byte on every two-byte character is made of the second byte of one and the first byte of the next, until
an ASCII byte re-aligns the stream. Putting the byte back and reading again undoes it. The place and the byte are found
by trying: the language score of the text read again must be clearly better than that of the text as it stands.
Three things blur the evidence: the lost byte may have left a "?", full-width signs that the misreading made are folded
to ASCII, and the last character of the stretch may have kept its first byte only ("?" stands for the other); a reading
in brackets behind it then tells which one it was.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from pipeline.clean.language import language, misread, odd_characters
from pipeline.clean.lost import LOST
from pipeline.clean.reading import LETTERS, plausible, spoken
from pipeline.records import Edit

_BACK = 12
"""The lost byte is looked for so far before the first odd character."""
_LONGEST = 2_000
_BEAM = 6
_GIVE_UP = 4
"""Characters after which a trial that is not better than the text as it stands is dropped."""
_SIGNS = "。，、；：？！“”‘’《》〈〉（）【】—…·"
_LEADS = (*range(0xB0, 0xF8), *range(0x81, 0xA1), *range(0xAA, 0xB0), *range(0xF8, 0xFF))
_OTHER_LEAD = -16.0
"""Mostly the byte of a punctuation mark is lost: any other has to explain the text that much better."""
_GAIN = 14.0
_GAIN_MIRRORED = 7.0
_GAIN_EACH = 1.2
"""What reading again must gain, in all and for each character, in nats; less in a text with readings."""
_READING_FITS = 10.0
_UNKNOWABLE = -6.0
_ASCII_SCORE = -7.0
"""Letters and digits say little of the language around them."""
_ONLY_ONE = 4.0
"""So much more likely than the next must a character be that is taken without a reading."""
_MOST = 100_000
"""So much of a text is looked at: no submission is longer."""
_STEPS = 48_000
_MARK = "?"
_PRIVATE = "\ue000-\uf8ff\u3100-\u312f"
"""Rows of GB18030 that nobody writes letters in: private use and bopomofo."""
_READING = re.compile(rf"[(（]([{LETTERS}]{{1,7}})[)）]")
_CUT = re.compile(rf"(?<=\?)([{LETTERS}]{{1,7}})[)）]")
"""A reading of which the "?" before it has swallowed the bracket."""
_FALSE = re.compile(rf"\?([{LETTERS}]{{1,7}})[)）]")
"""A false character that had a reading of its own: only the reading is left."""
_ANNOTATED = re.compile(rf"(.)[(（][{LETTERS}]{{1,7}}[)）]$")
_ANY = re.compile("(.)$", re.DOTALL)
_QUESTION = re.compile(
    r"(?:吗|嗎|呢|什么|什麼|怎么|怎麼|为何|為何|是不是|是否|能不能|能否|可否|哪|多少|谁|誰)[^，。！？；]{0,12}$"
)
_STRAY = re.compile(r"(?<=[\u3400-\u9fff，。！？、；：”’》])[!-'*-/:-@A-Z\[-`a-z{-~]{1,3}(?=[^!-~])")


@cache
def _codes() -> tuple[dict[int, str], dict[str, tuple[int, int]]]:
    """Return the two-byte characters of GB18030 by code, and their bytes by character."""
    codes = [lead << 8 | trail for lead in range(0x81, 0xFF) for trail in (*range(0x40, 0x7F), *range(0x80, 0xFF))]
    chars = b"\n".join([code.to_bytes(2, "big") for code in codes]).decode("gb18030", "replace").split("\n")
    by_code = {code: char for code, char in zip(codes, chars, strict=True) if len(char) == 1 and char != "\ufffd"}
    return by_code, {char: (code >> 8, code & 0xFF) for code, char in by_code.items()}


@cache
def _lonely() -> re.Pattern[str]:
    """Return the pattern of what misreading alone leaves in a text that comes through a mirror anyhow."""
    return re.compile(rf"[{odd_characters()}∈∏∑∠∧∨∩∪∫∮∷≌∽≡≮≯⊥⊙⌒∥∝¤￠￡‰§〓℃]")


def _foreign(code: int) -> bool:
    """Whether a code is of the rows with kana, Greek, Cyrillic, box drawing and private use: no part of a letter."""
    return 0xA4 <= code >> 8 <= 0xAF and code & 0xFF >= 0xA1


@cache
def _plain() -> dict[str, str]:
    """Return character → simplified character, as the language score wants them."""
    from pipeline.clean.script import simplified

    every = list(_codes()[1])
    forms = simplified("\n".join(every)).split("\n")
    plain = {char: form for char, form in zip(every, forms, strict=True) if len(form) == 1}
    return plain | {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}


@cache
def _odd() -> re.Pattern[str]:
    """Return the pattern of what misreading leaves: two odd characters near one another, or a private one."""
    signs = odd_characters()
    return re.compile(rf"[{signs}][^\n]{{0,8}}?[{signs}{_PRIVATE}]|[{_PRIVATE}]")


def _reading(text: str, at: int) -> str:
    """Return the reading that stands at `at`, nothing where none does."""
    match = _READING.match(text, at) or _CUT.match(text, at)
    return match[1] if match else ""


def _fits(text: str, at: int, char: str) -> bool:
    """Whether a reading stands at `at` that is one of a character."""
    return _reading(text, at) in spoken(char)


def _mirrored(text: str) -> list[re.Match[str]]:
    """Return the brackets that look like readings, none unless one is a reading of the character before it."""
    if "(" not in text and "（" not in text:
        return []
    matches = [match for match in _READING.finditer(text) if match.start()]
    pairs = ((text[match.start() - 1], match[1]) for match in matches)
    return matches if any(plausible(char, reading) and reading in spoken(char) for char, reading in pairs) else []


def _suspects(text: str, readings: list[re.Match[str]]) -> list[int]:
    """Return where misread stretches may stand.

    That is at odd characters and, in a text with readings, at a single one, a reading that does not fit, a stray sign.
    """
    found = [match.start() for match in _odd().finditer(text)] if misread().search(text) else []
    if readings:
        found += [match.start() for match in _lonely().finditer(text)]
        found += [match.start() - 1 for match in readings if match[1] not in spoken(text[match.start() - 1])]
        found += [match.start() for match in _STRAY.finditer(text)]
    return sorted(set(found))


def _ways(text: str, start: int) -> Iterator[tuple[int, int, float]]:
    """Yield where reading goes on if a byte was lost at `start`, the byte, and what speaks for it.

    It is the byte of a sign, any where a "?" marks the place, or the one that the reading of a false character tells:
    當(dāng)?shù)馗 had 數, of the second byte of 當 and the first of 地.
    """
    by_code, to_bytes = _codes()
    marked = text[start] == _MARK
    at = start + marked
    char = text[at : at + 1]
    trail = to_bytes[char][0] if char in to_bytes else 0xA3
    yield from ((at, lead, 0.0) for lead in (0xA1, 0xA3) if by_code.get(lead << 8 | trail, " ") in _SIGNS)
    if not marked:
        return
    yield from ((at, lead, _OTHER_LEAD) for lead in _LEADS)
    if false := _FALSE.match(text, start):
        before = _ANNOTATED.search(text, max(start - 10, 0), start) or _ANY.search(text, max(start - 1, 0), start)
        first = to_bytes.get(before[1], (0, 0))[1] if before else 0
        for lead in range(0x81, 0xFF):
            if false[1] in spoken(by_code.get(first << 8 | lead, "")):
                yield false.end(), lead, _READING_FITS


@dataclass(slots=True)
class _Trial:
    """A stretch being read again: what came out so far, and the byte that waits for its second half."""

    at: int
    pending: int
    out: str
    score: float
    done: bool = False
    lead: int = 0


def _score(before: str, char: str) -> float:
    plain = _plain()
    score = language().after(plain.get(before, before), plain.get(char, char))
    return max(score, _ASCII_SCORE) if char.isascii() else score


def _steps(trial: _Trial, text: str) -> Iterator[_Trial]:
    """Yield the ways to read on by one character of the damaged text."""
    by_code, to_bytes = _codes()
    if trial.at >= len(text) or _READING.match(text, trial.at):
        return
    char = text[trial.at]
    before = trial.out[-1:]

    def grown(code: int, pending: int, done: bool) -> Iterator[_Trial]:
        made = by_code.get(code)
        if made is not None and not _foreign(code):
            tail = chr(pending) if done and pending else ""
            score = trial.score + _score(before, made)
            yield _Trial(trial.at + 1, pending, trial.out + made + tail, score, done)

    both = to_bytes.get(char)
    if both:
        yield from grown(trial.pending << 8 | both[0], both[1], done=both[1] < 0x80)
    elif char.isascii() and "!" <= char <= "~":
        yield from grown(trial.pending << 8 | 0xA3, ord(char) + 0x80, done=False)
        if ord(char) >= 0x40:
            yield from grown(trial.pending << 8 | ord(char), 0, done=True)
        if char == _MARK:
            yield _Trial(trial.at + 1, 0, trial.out, trial.score, done=True, lead=trial.pending)


class Patience:
    """How many steps of reading again a text is worth: ten times what a letter with three lost bytes takes."""

    def __init__(self) -> None:
        self.steps = _STEPS

    def left(self) -> bool:
        """Take a step; return whether there was one."""
        self.steps -= 1
        return self.steps >= 0


def _read_again(text: str, start: int, at: int, lead: int, origin: list[float], patience: Patience) -> _Trial | None:
    """Read a stretch again with a byte put back; return the best trial that re-aligns, or None.

    `origin` holds the running score of the text as it stands, by index.
    """
    trials = [_Trial(at, lead, text[start - 1 : start], 0.0)]
    best: _Trial | None = None
    for count in range(min(_LONGEST, len(text) - at + 1)):
        if not patience.left():
            break
        grown = [after for trial in trials for after in _steps(trial, text)]
        for trial in grown:
            if trial.done and (best is None or _gain(trial, text, start, origin) > _gain(best, text, start, origin)):
                best = trial
        trials = sorted((t for t in grown if not t.done), key=lambda t: -t.score)[:_BEAM]
        if not trials or (count >= _GIVE_UP and trials[0].score <= origin[trials[0].at] - origin[start]):
            break
    return best


def _last(trial: _Trial, text: str) -> str:
    """Return the character of which the first byte is left: by the reading behind it, or where only one makes sense."""
    behind = text[trial.at : trial.at + 1] or "\n"
    if trial.lead == 0xA3 and behind == "\n" and _QUESTION.search(trial.out):
        return "？"
    return _fitting(trial.lead, trial.out[-1:], _reading(text, trial.at), behind)


@lru_cache(maxsize=4096)
def _fitting(lead: int, before: str, reading: str, behind: str) -> str:
    by_code, _ = _codes()
    chars = [char for trail in range(0x80, 0xFF) if (char := by_code.get(lead << 8 | trail))]
    if reading:
        chars = [char for char in chars if reading in spoken(char)]
    if not chars:
        return ""
    ranked = sorted(
        ((_score(before, char) + (0 if reading else _score(char, behind)), char) for char in chars), reverse=True
    )
    if reading or len(ranked) == 1 or ranked[0][0] - ranked[1][0] >= _ONLY_ONE:
        return ranked[0][1]
    return ""


def _gain(trial: _Trial, text: str, start: int, origin: list[float]) -> float:
    """Return how much better a stretch is when read again."""
    gain = trial.score - (origin[trial.at] - origin[start])
    if not trial.done:
        return gain
    last = trial.out[-1:]
    if trial.lead:
        last = _last(trial, text)
        gain += _score(trial.out[-1:], last) if last else _UNKNOWABLE
    if last and _fits(text, trial.at, last):
        gain += _READING_FITS
    if trial.at and _fits(text, trial.at, text[trial.at - 1]):
        gain -= _READING_FITS
    if last and trial.at < len(text) and not _READING.match(text, trial.at):
        gain += _score(last, text[trial.at]) - _score(text[trial.at - 1], text[trial.at])
    return gain


def _repair(
    text: str, odd: int, floor: int, readings: list[re.Match[str]], origin: list[float], patience: Patience
) -> Edit | None:
    """Return the edit that undoes the shift which the odd character at `odd` comes from."""
    low = max(floor, odd - _BACK)
    near = readings[
        bisect_left(readings, low - 10, key=re.Match.start) : bisect_right(readings, odd, key=re.Match.start)
    ]
    brackets = {at for match in near for at in range(*match.span())}  # put there by the mirror, not misread
    best: tuple[float, int, _Trial] | None = None
    for start in range(low, odd + 1):
        for at, lead, favour in () if start in brackets else _ways(text, start):
            trial = _read_again(text, start, at, lead, origin, patience)
            if trial is None:
                continue
            gain = _gain(trial, text, start, origin) + favour
            if best is None or gain > best[0]:
                best = gain, start, trial
    if best is None:
        return None
    gain, start, trial = best
    after = trial.out[1:] if start else trial.out
    if trial.lead:
        after += (_last(trial, text) or LOST) + ("(" if _CUT.match(text, trial.at) else "")
    before = text[start : trial.at]
    if not before.strip(_MARK) or len(before) < 2:
        return None  # "?" may be meant, and what it was is not to be known; one character is a rare one of the author
    if gain < max(_GAIN_MIRRORED if readings else _GAIN, _GAIN_EACH * len(after)):
        return None
    return Edit("shift", start, trial.at, before, after)


def edits(text: str, patience: Patience | None = None) -> list[Edit]:
    """Return the edits that put lost bytes back, as far as the patience lasts."""
    found: list[Edit] = []
    text = text[:_MOST]
    readings = _mirrored(text)
    suspects = _suspects(text, readings)
    if not suspects:
        return []
    scores = (_score(before, char) for before, char in itertools.pairwise("\n" + text))
    origin = list(itertools.accumulate(scores, initial=0.0))
    patience = patience or Patience()
    floor = 0
    for suspect in suspects:
        if suspect < floor:
            continue
        if not patience.left():
            break
        if edit := _repair(text, suspect, floor, readings, origin, patience):
            found.append(edit)
            floor = edit.end
        else:
            floor = suspect + 1  # no start so far leads anywhere
    return found
