"""From signals and what the model says of a text to a level: an ordinal model with floors and a cap.

Partial proportional odds (Peterson & Harrell 1990): what tells normal from low is not what tells high from normal, so
each cut has its own weights. What enters them are few and pooled: how many signals of each strength hold, whether one
stands at the beginning, how much of the text they make up, and the model's log-odds of levels and of a complaint. So an
office's own signal counts from the day it is added, untrained.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import mul
from typing import Any

from pipeline.errors import ModelError
from pipeline.priority.find import Found, find
from pipeline.priority.sieve import Candidate
from pipeline.priority.table import Strength
from pipeline.records import LEVELS, Level, Priority, Reason

GUESSED = ("text_normal", "text_high", "text_urgent", "complaint")
"""Log-odds from the linear model: less sure of strangers' letters than of the texts that it was trained on."""
FEATURES = (*GUESSED, "high", "more_high", "concerns", "at_the_start", "share")
CUTS = ("normal", "high", "urgent")
DIAL = 0.1
"""Probability of high or above from which a text is said to be high, unless an office sets another."""

_CLIP = 8.0
_START = 30
_SENTENCE = 60
_REASONS = 4
_NORMAL, _URGENT = 0.53, 0.7
_UNPROVEN = 0.5
_ASKING = ("consultation", "suggestion", "thanks")


@dataclass(frozen=True, slots=True)
class Ordinal:
    """The trained weights: for each cut a weight for each feature, and behind them the constant."""

    weights: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, meta: Mapping[str, Any]) -> Ordinal:
        """Return the ordinal model that the meta of a model folder holds.

        Raises
        ------
        ModelError
            Where it holds none for the features of this version.
        """
        try:
            told = meta["ordinal"]
            return cls(tuple(tuple(float(told[cut][name]) for name in (*FEATURES, "constant")) for cut in CUTS))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"模型缺少紧急程度的权重（{error}）。请用 minyi train 重新训练。") from error

    def to_meta(self) -> dict[str, dict[str, float]]:
        """Return what `of` reads."""
        names = (*FEATURES, "constant")
        return {cut: dict(zip(names, weights, strict=True)) for cut, weights in zip(CUTS, self.weights, strict=True)}

    def at_least(self, features: Sequence[float]) -> tuple[float, float, float]:
        """Return the probabilities of normal, high and urgent or above, none larger than the one before it."""
        values = (*features, 1.0)
        normal, high, urgent = (_logistic(sum(map(mul, weights, values))) for weights in self.weights)
        return max(normal, high, urgent), max(high, urgent), urgent


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))


def _log_odds(chance: float) -> float:
    chance = min(max(chance, 1e-6), 1 - 1e-6)
    return max(-_CLIP, min(_CLIP, math.log(chance / (1 - chance))))


def features(text: str, found: Sequence[Found], *, complaint: float, levels: Sequence[float]) -> tuple[float, ...]:
    """Return what the ordinal model looks at, in the order of `FEATURES`.

    Parameters
    ----------
    text, found : the clean text and its signals.
    complaint : the model's probability that it is a complaint or a request for help.
    levels : (4,) the model's probabilities of low, normal, high, urgent.
    """
    strong = sum(each.signal.level != Strength.CONCERN for each in found)
    title = text.find("\n", 0, _SENTENCE)
    start = title if title > 0 else _START
    sentences = len({(each.start, each.end) for each in found})
    return (
        _log_odds(1 - levels[0]),
        _log_odds(levels[2] + levels[3]),
        _log_odds(levels[3]),
        _log_odds(complaint),
        float(strong > 0),
        math.log1p(max(0, strong - 1)),
        math.log1p(len(found) - strong),
        float(any(each.at < start for each in found)),
        min(1.0, _SENTENCE * sentences / max(_SENTENCE, len(text))),
    )


@dataclass(frozen=True, slots=True)
class Weighed:
    """A text before the dial: its signals, the probabilities of normal, high and urgent or above, who asks."""

    found: Sequence[Found]
    chances: tuple[float, float, float]
    asking: bool

    @property
    def floor(self) -> bool:
        """Whether a sentence tells of danger to life now."""
        return any(each.floor for each in self.found)

    @property
    def chance(self) -> float:
        """What the dial is held against: 1 on a floor, else the probability of high or above.

        Without a fact it counts only in part, and not at all where somebody merely asks: that is the cap.
        """
        if self.floor:
            return 1.0
        return self.chances[1] if self.found else 0.0 if self.asking else self.chances[1] * _UNPROVEN


def weigh(
    text: str,
    *,
    candidates: Sequence[Candidate] | None = None,
    intent: str,
    complaint: float,
    levels: Sequence[float],
    ordinal: Ordinal,
) -> Weighed:
    """Return what speaks for which level.

    Parameters
    ----------
    text : the clean text.
    candidates : from `Sieve.candidates`, where a batch was looked up at once.
    intent, complaint : as classified, and the probability of a complaint.
    levels : (4,) the model's probabilities of low, normal, high, urgent.
    ordinal : the trained weights.
    """
    found = find(text, candidates)
    chances = ordinal.at_least(features(text, found, complaint=complaint, levels=levels))
    return Weighed(found, chances, intent in _ASKING)


def prioritise(text: str, weighed: Weighed, *, dial: float = DIAL) -> Priority:
    """Return the priority of a weighed text; `dial` is the probability of high or above from which it is high."""
    level = _level(weighed, dial)
    if level == Level.LOW:
        reasons = [Reason("no_harm", "咨询、建议或感谢，等待期间无人受损", 0, 0)]
    elif level == Level.NORMAL:
        reasons = [Reason("definite", "具体的投诉或请求，未见紧急情形", 0, 0)]
    else:
        first = weighed.found[:_REASONS]
        reasons = [Reason(each.signal.code, each.signal.explanation, each.start, each.end) for each in first]
        reasons = reasons or [Reason("model", "整体内容与以往的紧急事项相近", 0, len(text))]
    at = (LEVELS.index(level) + min(0.99, weighed.chances[1])) / len(LEVELS)
    return Priority(level, round(at, 4), tuple(reasons))


def _level(weighed: Weighed, dial: float) -> Level:
    """Danger to life now is a floor that no model lowers; who asks, proposes or thanks is not raised without a fact."""
    normal, _, urgent = weighed.chances
    if weighed.floor:
        return Level.URGENT
    if weighed.chance >= dial:
        return Level.URGENT if urgent >= _URGENT else Level.HIGH
    return Level.NORMAL if normal >= _NORMAL else Level.LOW
