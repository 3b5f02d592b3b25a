"""The words of an office: names that stay whole, and terms that speak for a topic. Added to what the project knows.

A term of weight 1, 2 or 3 makes its topic twice, five or twenty times as likely against all others: odds are what an
officer can reckon with, and what adds to a linear model without training it again. Of several terms for one topic the
strongest counts, one within a longer one too. Words and search go by the project's own dictionary as before: no stored
text needs to be cut anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.clean import clean
from pipeline.knowledge import CORPORA, digest, table
from pipeline.records import Evidence, Topic
from pipeline.route.faults import Faults

ODDS = {"1": 2.0, "2": 5.0, "3": 20.0}
"""By how much a term of each weight raises the odds of its topic."""
_SHORTEST, _LONGEST = 2, 20
_MOST = 5_000
_EVIDENCE = 5


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the office; without a topic it only stays whole, without a second level it speaks for all of them."""

    text: str
    level1: str = ""
    level2: str = ""
    weight: str = "2"

    def speaks_for(self, level1: str | None, level2: str | None) -> bool:
        """Whether it makes a topic likelier."""
        return bool(self.level1) and self.level1 == level1 and self.level2 in ("", level2)


class Lexicon:
    """The terms of an office, ready to be found in texts; empty, it changes nothing."""

    def __init__(self, terms: Sequence[Term] = (), version: str = "") -> None:
        self.version = version
        self._terms: dict[str, list[Term]] = {}
        for term in terms:
            self._terms.setdefault(_folded(term.text), []).append(term)
        self._lengths: dict[str, list[int]] = {}
        for first, length in sorted({(each[:1], len(each)) for each in self._terms}, reverse=True):
            self._lengths.setdefault(first, []).append(length)

    def __bool__(self) -> bool:
        """Whether there is any term."""
        return bool(self._terms)

    @classmethod
    def load(cls, path: Path) -> Lexicon:
        """Return the terms of a table with the columns term, level1, level2, weight; cleaned as the texts are.

        Raises
        ------
        InputError
            Where a row breaks a rule: file, row, value and what to do.
        """
        topics = {(row["level1"], row["level2"]) for _, row in table(CORPORA / "topics.csv", "level1", "level2")}
        topics |= {("", "")} | {(first, "") for first, _ in topics}
        faults = Faults(path)
        terms: dict[tuple[str, str, str], Term] = {}
        for row in faults.rows("term"):
            given, weight = row["term"], row.get("weight", "") or "2"
            term = Term(clean(given).text, row.get("level1", ""), row.get("level2", ""), weight)
            _check(term, topics, faults)
            if terms.setdefault((given, term.level1, term.level2), term) is not term:
                faults.add(f"词语“{given}”指向同一主题有两行。请只留一行。")
        if len(terms) > _MOST:
            faults.add(f"词语超过 {_MOST} 个，每件来件都要逐一查找，会变慢。请只留本单位常用的。")
        faults.check()
        return cls(tuple(terms.values()), digest(path))

    def join(self, text: str, words: Sequence[str]) -> list[str]:
        """Return the words of a text with each term of the office as one word; joined they give the text again.

        >>> Lexicon([Term("河长办")]).join("找河长办公示", ["找", "河长", "办公", "示"])
        ['找', '河长办', '公', '示']
        """
        spans: list[tuple[int, int]] = []
        for start, end in self._spans(text):
            if not spans or start >= spans[-1][1]:
                spans.append((start, end))
        cuts = set(accumulate(map(len, words), initial=0))
        inside = {at for start, end in spans for at in range(start + 1, end)}
        borders = sorted((cuts | {at for span in spans for at in span}) - inside)
        return [text[start:end] for start, end in pairwise(borders)]

    def odds(self, texts: Sequence[str], topics: Sequence[Sequence[str]]) -> npt.NDArray[np.float64] | None:
        """Return what the terms add to the log-odds of each topic in each text, (texts, topics); None for nothing."""
        if not self:
            return None
        told = np.zeros((len(texts), len(topics)))
        for row, text in enumerate(texts):
            for term in self._in(text):
                gain = math.log(ODDS[term.weight])
                for column, (level1, level2) in enumerate(topics):
                    if term.speaks_for(level1, level2):
                        told[row, column] = max(told[row, column], gain)
        return told

    def explain(self, text: str, topic: Topic) -> Topic:
        """Return a topic with the terms of the office that spoke for it first among the evidence."""
        own = {
            term.text: Evidence(term.text, round(math.log(ODDS[term.weight]), 3))
            for term in self._in(text)
            if term.speaks_for(topic.level1, topic.level2)
        }
        if not own:
            return topic
        others = [each for each in topic.evidence if each.term not in own]
        return replace(topic, evidence=(*own.values(), *others)[:_EVIDENCE])

    def _in(self, text: str) -> list[Term]:
        folded = _folded(text)
        found = dict.fromkeys(folded[start:end] for start, end in self._spans(text))
        return [term for word in found for term in self._terms[word]]

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where a term stands, from left to right and the longest first; they may overlap."""
        folded = _folded(text)
        for start, sign in enumerate(folded):
            for length in self._lengths.get(sign, ()):
                if folded[start : start + length] in self._terms:
                    yield start, start + length


def _folded(text: str) -> str:
    """Return a text without upper case, sign by sign: each stays where it stands.

    >>> _folded("A座，10µg，Straße")
    'a座，10μg，straße'
    """
    return "".join(low if len(low := sign.casefold()) == 1 else sign for sign in text)


def _check(term: Term, topics: set[tuple[str, str]], faults: Faults) -> None:
    if not _SHORTEST <= len(term.text) <= _LONGEST:
        faults.add(f"词语“{term.text}”有 {len(term.text)} 个字，应为 {_SHORTEST} 到 {_LONGEST} 个。请改写。")
    if (term.level1, term.level2) not in topics:
        named = "/".join(part for part in (term.level1, term.level2) if part) or "（空）"
        faults.add(f"没有主题“{named}”。请从主题表里选，或留空（只作词语，不指向主题）。")
    if term.weight not in ODDS:
        faults.add(f"weight 是“{term.weight}”，只能是 1（略有关）、2（很有关）或 3（几乎就是）。")
