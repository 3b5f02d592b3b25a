"""Whether what comes in is still what the model knows: topics, words, confidence and corrections, week by week.

Each measure of a week is held against what chance gives for so many texts drawn from the earlier ones, and against the
weeks of that time themselves, as on a control chart (Shewhart 1931): only what lies beyond both is an alarm. Terms that
are new come by the log-likelihood ratio of the texts that have them (Dunning 1993).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.fresh import Term, fresh_terms
from pipeline.labels import Label
from pipeline.records import Topic

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_LEAST = 30
"""Weeks with fewer texts are put together with the next."""
_DRAWS = 400
_CHANCE = 0.99
_WEEKS = 8
"""So many earlier weeks say what is usual from week to week."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A text as drift looks at it.

    words : of the clean text, in order.
    topic : what the model says.
    day : "2026-03-07", "" where unknown.
    """

    words: Sequence[str]
    topic: Topic
    day: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a week, and from where on it is an alarm."""

    value: float
    limit: float

    @property
    def alarm(self) -> bool:
        """Whether it lies beyond chance and beyond the usual."""
        return self.value > self.limit


@dataclass(frozen=True, slots=True)
class Week:
    """Texts from a day on, up to the next week.

    mix : distance of the topics from the earlier ones (Jensen and Shannon), 0 to 1.
    strange : the mean share of a text's words that no earlier text has.
    doubt : the mean of what is missing to full confidence.
    topics : by how much the share of each first-level topic grew, most first.
    """

    since: str
    rows: int
    mix: Measure
    strange: Measure
    doubt: Measure
    topics: tuple[tuple[str, float], ...]

    @property
    def alarms(self) -> tuple[str, ...]:
        """The measures that are an alarm."""
        return tuple(name for name in MEASURES if getattr(self, name).alarm)


MEASURES = ("mix", "strange", "doubt")


def overrides(labels: Iterable[Label]) -> list[tuple[str, int, float]]:
    """Return week by week how many reviews there were, and the share in which the topic of the model was overruled."""
    weeks: defaultdict[str, list[bool]] = defaultdict(list)
    for label in labels:
        if label.said and label.topic and label.source != "handed_back":
            weeks[week(label.day)].append(label.said != label.topic)
    return [(since, len(each), sum(each) / len(each)) for since, each in sorted(weeks.items())]


@dataclass(frozen=True, slots=True)
class Drift:
    """What has changed: week by week, and the terms that are new."""

    weeks: tuple[Week, ...]
    terms: tuple[Term, ...]

    def offered(self) -> dict[str, Any]:
        """Return the new terms: all, those for the dictionary, and rows for the lexicon of topics."""
        lexicon = [
            {"term": each.term, "level1": each.level1, "level2": each.level2, "weight": 1}
            for each in self.terms
            if each.level1
        ]
        dictionary = [each.term for each in self.terms if each.compound]
        return {"terms": [asdict(each) for each in self.terms], "dictionary": dictionary, "lexicon": lexicon}


def drift(before: Sequence[Seen], after: Sequence[Seen]) -> Drift:
    """Return how later texts differ from earlier ones.

    Parameters
    ----------
    before : what the model knows: its training data, or a time when all was well. At least 30 texts.
    after : what has come in since.

    Raises
    ------
    ValueError
        Where there are too few earlier texts to compare with.
    """
    if len(before) < _LEAST:
        raise ValueError(f"{len(before)} earlier texts are too few: at least {_LEAST}")
    sheet = _Sheet(before, after)
    usual = [sheet.figures(rows[None])[0] for rows in _weeks(before)]
    weeks = []
    for rows in _weeks(after):
        limits = sheet.chance(len(rows))
        if len(usual) >= _WEEKS:
            limits = np.maximum(limits, np.max(usual, axis=0))
        at = rows + len(before)
        measures = zip(sheet.figures(at[None])[0], limits, strict=True)
        days = [each for row in rows.tolist() if (each := after[row].day)]
        mix, strange, doubt = (Measure(round(float(value), 4), round(float(limit), 4)) for value, limit in measures)
        weeks.append(Week(min(days, default=""), len(rows), mix, strange, doubt, sheet.growth(at)))
    later = [(each.words, each.topic) for each in after]
    return Drift(tuple(weeks), tuple(fresh_terms([each.words for each in before], later)))


def week(day: str) -> str:
    """Return the Monday of a day's week; "" where the day is none.

    >>> week("2026-03-07")
    '2026-03-02'
    """
    try:
        then = date.fromisoformat(day)
    except ValueError:
        return ""
    return (then - timedelta(days=then.weekday())).isoformat()


def _weeks(texts: Sequence[Seen]) -> list[Ints]:
    """Return which texts come week by week; weeks with too few are put together with the next, the last before."""
    order = sorted(range(len(texts)), key=lambda row: week(texts[row].day))
    found: list[list[int]] = []
    for _, rows in groupby(order, key=lambda row: week(texts[row].day)):
        if found and len(found[-1]) < _LEAST:
            found[-1] += rows
        else:
            found.append(list(rows))
    if len(found) > 1 and len(found[-1]) < _LEAST:
        last = found.pop()
        found[-1] += last
    return [np.array(rows) for rows in found]


class _Sheet:
    """All texts as figures: what each says, and what the earlier ones say on average."""

    def __init__(self, before: Sequence[Seen], after: Sequence[Seen]) -> None:
        every = [*before, *after]
        self.names = sorted({str(each.topic.level1) for each in every})
        place = {name: at for at, name in enumerate(self.names)}
        self.topics = np.array([place[str(each.topic.level1)] for each in every])
        self.doubt = np.array([1 - each.topic.confidence for each in every])
        known = Counter(word for each in before for word in set(each.words))
        self.strange = np.array([_strange(each.words, known, row < len(before)) for row, each in enumerate(every)])
        self.before = len(before)
        self.usual = self.mix(np.arange(len(before))[None])[0]

    def mix(self, draws: Ints) -> Doubles:
        """Return (draws, topics) shares of topics in some draws of texts."""
        return np.stack([np.bincount(self.topics[rows], minlength=len(self.names)) / len(rows) for rows in draws])

    def figures(self, draws: Ints) -> Doubles:
        """Return (draws, measures) of some draws of texts."""
        far = _jensen_shannon(self.mix(draws), self.usual)
        return np.stack([far, self.strange[draws].mean(axis=1), self.doubt[draws].mean(axis=1)], axis=1)

    def chance(self, count: int) -> Doubles:
        """Return the measures that chance hardly ever brings in so many of the earlier texts."""
        draws = np.random.default_rng(0).integers(self.before, size=(_DRAWS, count))
        limits: Doubles = np.quantile(self.figures(draws), _CHANCE, axis=0)
        return limits

    def growth(self, rows: Ints) -> tuple[tuple[str, float], ...]:
        """Return by how much the share of each topic grew."""
        change = self.mix(rows[None])[0] - self.usual
        return tuple(
            (self.names[at], round(float(change[at]), 4)) for at in np.argsort(-change, kind="stable").tolist()
        )


def _strange(words: Sequence[str], known: Counter[str], own: bool) -> float:
    """Return the share of a text's words that no other earlier text has."""
    told = {word for word in words if len(word) > 1}
    return sum(known[word] <= own for word in told) / max(1, len(told))


def _jensen_shannon(some: Doubles, usual: Doubles) -> Doubles:
    """Return the distance between distributions (Lin 1991), by the logarithm of two: 0 to 1."""
    middle = (some + usual) / 2

    def divergence(p: Doubles) -> Doubles:
        with np.errstate(divide="ignore", invalid="ignore"):
            parts: Doubles = np.where(p > 0, p * np.log2(p / middle), 0.0).sum(axis=1)
        return parts

    far: Doubles = np.sqrt(np.maximum((divergence(some) + divergence(np.broadcast_to(usual, some.shape))) / 2, 0))
    return far
