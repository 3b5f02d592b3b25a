"""Priority by the rubric of the duty desk: signals with scope first, a learned ordinal score beneath.

A signal is a row of corpora/priority_signals.csv: what must stand in a sentence, what else is needed, what takes it
back. Danger to life now is a floor that no model lowers; a consultation is capped; the sentence that decided is the
reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from pipeline.errors import CorpusError, InputError
from pipeline.features import Batch, batch, grams
from pipeline.knowledge import CORPORA, split, table
from pipeline.records import LEVELS, Level, Priority, Reason

SIGNALS = CORPORA / "priority_signals.csv"
_COLUMNS = (
    "code",
    "level",
    "kind",
    "hints",
    "pattern",
    "needs",
    "unless",
    "explanation",
    "examples",
    "counterexamples",
)

_SENTENCE_SIGNS = "。！？!?\n；;"
_SENTENCE_END = re.compile(f"[{_SENTENCE_SIGNS}]")
_PREVENTED = re.compile(
    r"(?:避免|防止|预防|以防|杜绝|谨防|如果|假如|假设|万一|会不会|是否会|不会|未雨绸缪|严防|减少)[^，。；]{0,10}$"
)
_NEGATED = re.compile(r"(?:没有?|未|并非|不是|从未|无|不存在|尚未)$")
_OVER = re.compile(
    r"(?:去年|前年|早年|多年前|[0-9一二两三四五六七八九十几]+年前|曾经|当年|以前|上次|已经?(?:解决|处理好|修好|整改|平息|结案|破案))"
)

_FROM_SIGNAL = 0.05
_FROM_MODEL = 0.4
"""Least probability of high or above, by the model: where a signal holds, where none does."""
_HARMLESS_QUESTION = 0.25
_HARMLESS_COMPLAINT = 0.6
"""Least probability of low: for one who asks, proposes or thanks, for one who complains."""
_MANY_SIGNALS = 3
_ASKING = ("consultation", "suggestion", "thanks")
_REASONS = 4


@dataclass(frozen=True, slots=True)
class Signal:
    """One row of the table of signals.

    kind is "event" (something happens: past ones do not count) or "state" (something is so). The pattern is only
    tried on texts that hold one of the hints, plain words, which is what makes two dozen patterns cheap.
    """

    code: str
    level: Level
    kind: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    needs: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    explanation: str
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A signal in a text, with the sentence that carries it."""

    signal: Signal
    start: int
    end: int


def load_signals(path: Path = SIGNALS) -> tuple[Signal, ...]:
    """Return the signals of a table.

    Raises
    ------
    CorpusError
        Where a row breaks a rule; the message names file, line, value and rule.
    """
    try:
        rows = list(table(path, *_COLUMNS))
    except InputError as error:
        raise CorpusError(str(error)) from error
    return tuple(_signal(path, line, row) for line, row in rows)


def _signal(path: Path, line: int, row: dict[str, str]) -> Signal:
    where = f"{path.name} 第 {line} 行（{row['code'] or '无代码'}）"
    if row["level"] not in (Level.HIGH, Level.URGENT):
        raise CorpusError(f"{where}：level 是“{row['level']}”，只能是 high 或 urgent。")
    if row["kind"] not in ("event", "state"):
        raise CorpusError(f"{where}：kind 是“{row['kind']}”，只能是 event（事件）或 state（状态）。")
    if not row["explanation"]:
        raise CorpusError(f"{where}：缺 explanation：请用一句中文说明理由。")
    compiled: dict[str, re.Pattern[str] | None] = {}
    for column in ("pattern", "needs", "unless"):
        try:
            compiled[column] = re.compile(_within(row[column])) if row[column] else None
        except re.error as error:
            raise CorpusError(f"{where}：{column} 不是有效的正则表达式（{error}）。") from error
    pattern = compiled["pattern"]
    if pattern is None or pattern.match(""):
        raise CorpusError(f"{where}：pattern 为空或能匹配空文字。")
    hints = split(row["hints"])
    if not hints or any(len(hint) < 2 for hint in hints):
        raise CorpusError(f"{where}：hints 应列出必有其一的词，每个至少两个字，用 | 隔开。")
    return Signal(
        code=row["code"],
        level=Level(row["level"]),
        kind=row["kind"],
        hints=hints,
        pattern=pattern,
        needs=compiled["needs"],
        unless=compiled["unless"],
        explanation=row["explanation"],
        examples=split(row["examples"]),
        counterexamples=split(row["counterexamples"]),
    )


def _within(pattern: str) -> str:
    """Keep the gaps of a pattern, written [^。] and [^，。], inside one sentence and one clause."""
    ends = re.escape(_SENTENCE_SIGNS)
    return (
        pattern.replace("[^。]", f"[^{ends}]").replace("[^，。；]", f"[^，,{ends}]").replace("[^，。]", f"[^，,{ends}]")
    )


@cache
def signals() -> tuple[Signal, ...]:
    """Return the signals that ship."""
    return load_signals()


def sentence_at(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of the sentence around a span, without the blanks at its ends."""
    left = max(text.rfind(sign, 0, start) for sign in _SENTENCE_SIGNS) + 1
    match = _SENTENCE_END.search(text, end)
    right = match.start() if match else len(text)
    return left, right


def _holds(signal: Signal, text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """Return the sentence of a match where its scope bears it out."""
    left, right = sentence_at(text, match.start(), match.end())
    sentence = text[left:right]
    if signal.unless and signal.unless.search(sentence):
        return None
    if signal.needs and not signal.needs.search(sentence):
        return None
    before = text[max(left, match.start() - 14) : match.start()]
    if _PREVENTED.search(before) or _NEGATED.search(before):
        return None
    if signal.kind == "event" and _OVER.search(sentence):
        return None
    return left, right


class Hints:
    """Which signals a text may hold: those of which one hint stands in it, told by the hint's first two characters.

    Looking up every pair of characters of a batch at once costs far less than two dozen patterns for each text.
    """

    def __init__(self, table_of: Sequence[Signal]) -> None:
        starts: dict[str, int] = {}
        for index, signal in enumerate(table_of):
            for hint in signal.hints:
                starts[hint[:2]] = starts.get(hint[:2], 0) | 1 << index
        parts = batch(sorted(starts))
        keys, _ = grams(parts.codes, 2)
        order = np.argsort(keys[parts.starts[:-1]])
        self._keys = keys[parts.starts[:-1]][order]
        self._begins = np.zeros(1 << 16, bool)
        self._begins[self._keys >> np.uint64(16)] = True
        self._masks = np.array([starts[start] for start in sorted(starts)], np.uint64)[order]

    def masks(self, parts: Batch) -> list[int]:
        """Return for each text a number with a bit set for each signal that is worth trying."""
        keys, _ = grams(parts.codes, 2)
        at = np.flatnonzero(self._begins[parts.codes])
        found = np.minimum(np.searchsorted(self._keys, keys[at]), len(self._keys) - 1)
        hit = self._keys[found] == keys[at]
        masks = np.zeros(len(parts), np.uint64)
        np.bitwise_or.at(masks, parts.owners[at[hit]], self._masks[found[hit]])
        return [int(mask) for mask in masks]


@cache
def hints() -> Hints:
    """Return the hints of the signals that ship."""
    return Hints(signals())


def find(text: str, mask: int | None = None) -> list[Found]:
    """Return the signals that hold in a text, the strongest first, each once; `mask` is from `Hints`.

    >>> [found.signal.code for found in find("学校旁边的围墙随时可能倒塌。")]
    ['imminent']
    >>> find("房价随时可能坍塌，希望避免火灾。")
    []
    """
    found = []
    mask = hints().masks(batch([text]))[0] if mask is None else mask
    every = signals()
    while mask:
        lowest = mask & -mask
        mask ^= lowest
        signal = every[lowest.bit_length() - 1]
        for match in signal.pattern.finditer(text):
            span = _holds(signal, text, match)
            if span:
                found.append(Found(signal, *span))
                break
    return sorted(found, key=lambda each: (-LEVELS.index(each.signal.level), each.start))


def prioritise(text: str, *, mask: int | None = None, intent: str, levels: tuple[float, ...]) -> Priority:
    """Return the priority of a clean text.

    Parameters
    ----------
    text : the clean text.
    mask : from `Hints.masks`, where a batch was looked up at once.
    intent : as classified; a consultation or suggestion is held down unless danger is present.
    levels : (4,) the model's probabilities of low, normal, high, urgent.
    """
    found = find(text, mask)
    raised = levels[2] + levels[3]
    level = _level(found, asking=intent in _ASKING, low=levels[0], raised=raised)
    if level == Level.LOW:
        reasons = [Reason("no_harm", "咨询、建议或感谢，等待期间无人受损", 0, 0)]
    elif level == Level.NORMAL:
        reasons = [Reason("definite", "具体的投诉或请求，未见紧急情形", 0, 0)]
    else:
        reasons = [Reason(each.signal.code, each.signal.explanation, each.start, each.end) for each in found[:_REASONS]]
        reasons = reasons or [Reason("model", "整体内容与以往的紧急事项相近", 0, len(text))]
    score = (LEVELS.index(level) + min(0.99, raised)) / len(LEVELS)
    return Priority(level, round(score, 4), tuple(reasons))


def _level(found: Sequence[Found], *, asking: bool, low: float, raised: float) -> Level:
    """Weigh signals and model: danger to life now is a floor, who merely asks is not raised by the model alone."""
    if any(each.signal.level == Level.URGENT for each in found):
        return Level.URGENT
    if found and (raised >= _FROM_SIGNAL or len(found) >= _MANY_SIGNALS):
        return Level.HIGH
    if raised >= _FROM_MODEL and not asking:
        return Level.HIGH
    return Level.LOW if low > (_HARMLESS_QUESTION if asking else _HARMLESS_COMPLAINT) else Level.NORMAL
