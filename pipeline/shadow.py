"""A candidate beside the working model: the same texts, no say, only its differences are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.classify import Classifier, Verdict
from pipeline.evaluate import verdicts

_JUNK = 0.5


@dataclass(frozen=True, slots=True)
class Said:
    """What a model says of a text, as far as models are compared by it."""

    level1: str | None
    level2: str | None
    confidence: float
    needs_review: bool
    intent: str
    junk: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """A text of which two models say different things.

    row : which of the texts it is.
    about : in what they differ: "level1", "level2", "needs_review", "intent", "junk".
    """

    row: int
    about: tuple[str, ...]
    current: Said
    candidate: Said


def shadow(current: Classifier, candidate: Classifier, texts: Sequence[str]) -> list[Difference]:
    """Return the texts of which the candidate says something else than the working model."""
    found = []
    for row, (before, after) in enumerate(zip(_said(current, texts), _said(candidate, texts), strict=True)):
        names = ("level1", "level2", "needs_review", "intent", "junk")
        about = tuple(name for name in names if getattr(before, name) != getattr(after, name))
        if about:
            found.append(Difference(row, about, before, after))
    return found


def moves(differences: Iterable[Difference]) -> list[tuple[str, str, int]]:
    """Return from which first-level topic to which how many texts move, the commonest first."""
    counted = Counter((str(d.current.level1), str(d.candidate.level1)) for d in differences if "level1" in d.about)
    return [
        (before, after, rows) for (before, after), rows in sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    ]


def _said(classifier: Classifier, texts: Sequence[str]) -> list[Said]:
    return [_one(verdict) for verdict in verdicts(classifier, texts)]


def _one(verdict: Verdict) -> Said:
    topic = verdict.topic
    return Said(topic.level1, topic.level2, topic.confidence, topic.needs_review, verdict.intent, verdict.junk >= _JUNK)
