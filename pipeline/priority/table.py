"""The signals of the duty desk as tables: corpora/priority_words.csv and corpora/priority_signals.csv.

A pattern is written without code: words, `{list}` for a list of words, `…` for a gap inside the clause, `……` for a
gap inside the sentence, `|` between alternatives. So `{欠薪}…{工资}|讨薪` is what a person would say of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from pipeline.errors import CorpusError, InputError
from pipeline.knowledge import CORPORA, split, table

SIGNALS = CORPORA / "priority_signals.csv"
WORDS = CORPORA / "priority_words.csv"
COLUMNS = (
    "code",
    "level",
    "kind",
    "pattern",
    "needs",
    "unless",
    "least",
    "explanation",
    "examples",
    "counterexamples",
)
SENTENCE_SIGNS = "。！？!?\n；;"
CLAUSE_SIGNS = SENTENCE_SIGNS + "，,"

_SHORT_GAP, _LONGEST_GAP = 12, 40
_CLAUSE_GAP = f"[^{CLAUSE_SIGNS}]{{0,{_SHORT_GAP}}}?"
_SENTENCE_GAP = f"[^{SENTENCE_SIGNS}]{{0,{_LONGEST_GAP}}}?"
_PIECE = re.compile(r"\{([^{}]*)\}|(……|…)|([^{}…]+)")
_WORD = re.compile(r"[\u3400-\u9fffA-Za-z0-9]+")
_LEAST = re.compile(r"(people|days):([0-9]+)")


class Strength(StrEnum):
    """What a signal does: urgent is a floor, high raises by itself, concern only together with others."""

    URGENT = "urgent"
    HIGH = "high"
    CONCERN = "concern"


class Kind(StrEnum):
    """What a signal tells of, and so what takes it back.

    An event happens (past and hypothetical ones do not count), a state lasts, a risk may come true (so hypothetical
    wording is its nature).
    """

    EVENT = "event"
    STATE = "state"
    RISK = "risk"


Words = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to say it: the whole as a regular expression, and its words one after the other.

    pieces : sets of words of which one each stands in every match, in this order.
    reaches : how far from the beginning of one piece the next may begin.
    """

    source: str
    pieces: tuple[tuple[str, ...], ...]
    reaches: tuple[int, ...]

    def end(self, text: str, at: int) -> int | None:
        """Return where a match that begins at a place ends; None where there is none."""
        if len(self.pieces) == 1:  # words alone need no expression, which would have to be compiled
            return next((at + len(word) for word in self.pieces[0] if text.startswith(word, at)), None)
        match = _compiled(self.source).match(text, at)
        return match.end() if match else None

    def stands_in(self, text: str) -> bool:
        """Whether it stands anywhere in a text; its words are looked for first, which mostly settles it."""
        there = all(any(map(text.__contains__, words)) for words in self.pieces)
        return there and (len(self.pieces) == 1 or _compiled(self.source).search(text) is not None)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of the table: all alternatives at once, and each by itself."""

    source: str
    alternatives: tuple[Alternative, ...]

    @property
    def search(self) -> re.Pattern[str]:
        """What any of the alternatives looks like."""
        return _compiled(self.source)

    def stands_in(self, text: str) -> bool:
        """Whether any of the alternatives stands in a text."""
        return any(alternative.stands_in(text) for alternative in self.alternatives)


@cache
def _compiled(source: str) -> re.Pattern[str]:
    """Compile at the first use: most of some thousand expressions are never needed by a short run."""
    return re.compile(source)


@dataclass(frozen=True, slots=True)
class Signal:
    """One row of the table of signals.

    least : what is counted ("people" or "days") and how many the sentence must name at least.
    """

    code: str
    level: Strength
    kind: Kind
    pattern: Pattern
    needs: Pattern | None
    unless: Pattern | None
    least: tuple[str, int] | None
    explanation: str
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...]


def compile_pattern(source: str, words: Words) -> Pattern:
    """Compile a pattern of the table.

    Raises
    ------
    ValueError
        Where a rule of the notation is broken; the message says which.

    >>> compile_pattern("{欠}…工资", {"欠": ("拖欠", "不发")}).search.search("老板拖欠我们三个月工资").group()
    '拖欠我们三个月工资'
    """
    every = [_alternative(part, words) for part in source.split("|")]
    plain = [each for each in every if len(each.pieces) == 1]
    alternatives = [each for each in every if len(each.pieces) > 1]
    if plain:  # all that is but one word is tried at once
        choice = tuple(word for each in plain for word in each.pieces[0])
        alternatives.append(Alternative(_union(plain), (choice,), (max(each.reaches[0] for each in plain),)))
    return Pattern(_union(every), tuple(alternatives))


def _union(alternatives: Sequence[Alternative]) -> str:
    return "|".join(each.source for each in alternatives)


def _alternative(part: str, words: Words) -> Alternative:
    if not part.strip() or part[0] == "…" or part[-1] == "…":
        raise ValueError(f"“{part}”为空，或以省略号开头、结尾")
    compiled, at = "", 0
    pieces: list[tuple[str, ...]] = []
    reaches: list[int] = []
    for piece in _PIECE.finditer(part):
        if piece.start() != at:
            break
        at = piece.end()
        name, gap, literal = piece.groups()
        if gap:
            compiled += _SENTENCE_GAP if gap == "……" else _CLAUSE_GAP
            reaches[-1] += _LONGEST_GAP if gap == "……" else _SHORT_GAP
            continue
        if literal is None and name not in words:
            raise ValueError(f"没有词表“{name}”，请先在 {WORDS.name} 中加上")
        choice = (literal,) if literal else words[name]
        compiled += "(?:" + "|".join(map(re.escape, choice)) + ")" if name else re.escape(literal)
        pieces.append(choice)
        reaches.append(max(map(len, choice)))
    if at != len(part):
        raise ValueError(f"“{part[at:]}”的花括号不成对")
    return Alternative(compiled, tuple(pieces), tuple(reaches))


def load_words(path: Path = WORDS) -> Words:
    """Return the lists of words by name.

    Raises
    ------
    CorpusError
        Where a row breaks a rule; the message names file, line, value and rule.
    """
    words: Words = {}
    for line, row in _rows(path, "name", "words"):
        where = f"{path.name} 第 {line} 行（{row['name'] or '无名'}）"
        listed = split(row["words"])
        if not row["name"] or row["name"] in words:
            raise CorpusError(f"{where}：name 为空或重复。请给每个词表一个自己的名字。")
        if not listed or not all(map(_WORD.fullmatch, listed)):
            raise CorpusError(f"{where}：words 应是用 | 隔开的词，只能有汉字、字母和数字，不能为空。")
        words[row["name"]] = listed
    return words


def load_signals(path: Path = SIGNALS, words: Path = WORDS) -> tuple[Signal, ...]:
    """Return the signals of a table.

    Raises
    ------
    CorpusError
        Where a row breaks a rule; the message names file, line, column, rule and the next step.
    """
    lists = load_words(words)
    signals: dict[str, Signal] = {}
    for line, row in _rows(path, *COLUMNS):
        where = f"{path.name} 第 {line} 行（{row['code'] or '无代码'}）"
        if not row["code"] or row["code"] in signals:
            raise CorpusError(f"{where}：code 为空或重复。请给每条信号一个自己的代码。")
        signals[row["code"]] = _signal(where, row, lists)
    return tuple(signals.values())


def _rows(path: Path, *columns: str) -> list[tuple[int, dict[str, str]]]:
    try:
        return list(table(path, *columns))
    except InputError as error:
        raise CorpusError(str(error)) from error


def _signal(where: str, row: dict[str, str], words: Words) -> Signal:
    for column, known in (("level", Strength), ("kind", Kind)):
        if row[column] not in list(known):
            raise CorpusError(f"{where}：{column} 是“{row[column]}”，只能是 {'、'.join(known)}。")
    for column, what in (("explanation", "用一句中文说明理由"), ("examples", "至少举一个应当命中的例句")):
        if not row[column]:
            raise CorpusError(f"{where}：缺 {column}：请{what}。")
    compiled: dict[str, Pattern | None] = {}
    for column in ("pattern", "needs", "unless"):
        try:
            compiled[column] = compile_pattern(row[column], words) if row[column] else None
        except ValueError as error:
            raise CorpusError(f"{where}：{column} 写得不对：{error}。") from error
    if compiled["pattern"] is None:
        raise CorpusError(f"{where}：缺 pattern：请写出命中的词，写法见 README.zh-CN.md。")
    counted = _LEAST.fullmatch(row["least"])
    if row["least"] and not counted:
        raise CorpusError(f"{where}：least 是“{row['least']}”，应写成 people:100（人、户）或 days:1（天）。")
    return Signal(
        code=row["code"],
        level=Strength(row["level"]),
        kind=Kind(row["kind"]),
        pattern=compiled["pattern"],
        needs=compiled["needs"],
        unless=compiled["unless"],
        least=(counted[1], int(counted[2])) if counted else None,
        explanation=row["explanation"],
        examples=split(row["examples"]),
        counterexamples=split(row["counterexamples"]),
    )


@cache
def signals() -> tuple[Signal, ...]:
    """Return the signals that ship."""
    return load_signals()
