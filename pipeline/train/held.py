"""What training says of texts that it held out, and a model before it is written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.artefact import Array
from pipeline.train.choice import Choice
from pipeline.train.examples import Example
from pipeline.train.folds import by_time, folds
from pipeline.train.progress import Tell, silent
from pipeline.train.views import Views, first_level, parents

Floats = npt.NDArray[np.float32]
Strings = npt.NDArray[np.str_]
Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

_DAMPING = 0.8
"""Strangers' letters are further from the written texts than these are from one another: probabilities are damped so
much more. What offices file differently the borders say."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What first-level topics are given to examples by models that were not trained on them.

    rows : (held out,) which of the examples they are.
    chances : (held out, names) probabilities.
    names : the first-level topics.
    """

    rows: Ints
    chances: Doubles
    names: tuple[str, ...]

    def only(self, at: Ints) -> Judged:
        """Return some of it, by place."""
        return Judged(self.rows[at], self.chances[at], self.names)


@dataclass(frozen=True, slots=True)
class Trained:
    """A model before it is written, and what it says of texts that were held out.

    crossed : fold by fold; an office's own rows where there are enough of them.
    late : the latest rows by a fit on the earlier ones; None where too few rows have a date.
    """

    meta: dict[str, Any]
    arrays: dict[str, Array]
    crossed: Judged
    late: Judged | None


def chances(logits: Floats) -> Doubles:
    """Return the probabilities that (rows, labels) logits stand for."""
    raised: Doubles = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(np.float64))
    raised /= raised.sum(axis=1, keepdims=True)
    return raised


def judged(rows: Ints, given: Doubles, order: Sequence[str]) -> Judged:
    """Return what (rows, topics) probabilities of topics with both levels say of the first level."""
    parent = parents(order)
    names = tuple(dict.fromkeys(map(first_level, order)))
    firsts = np.stack([given[:, parent == index].sum(axis=1) for index in range(len(names))], axis=1)
    return Judged(rows, np.minimum(firsts, 1.0), names)


def sharpness(logits: Floats, truth: Ints) -> float:
    """Return the factor on held-out logits that makes the truth most likely."""
    candidates = np.geomspace(0.2, 5, 80)
    losses = []
    for factor in candidates:
        scaled = logits * factor
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        losses.append(float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(truth)), truth])))
    return round(float(candidates[int(np.argmin(losses))]), 4)


@dataclass(frozen=True, slots=True)
class Held:
    """What folds say of the rows that they did not see.

    logits : (rows, labels) of the rows that were held out in turn.
    truth, tested : (rows,) their labels, and which of the examples they are.
    own : whether these rows are an office's own.
    sharpness : the factor that makes the logits probabilities.
    late : the latest of these rows, and (late, labels) logits by a fit on the earlier ones; None without dates.
    """

    logits: Floats
    truth: Ints
    tested: Ints
    own: bool
    sharpness: float
    late: tuple[Ints, Floats] | None

    @property
    def scaled(self) -> Floats:
        """The logits with their factor."""
        return self.logits * self.sharpness


def hold_out(
    views: Views, order: Sequence[str], examples: Sequence[Example], groups: Strings, tell: Tell = silent
) -> Held:
    """Judge a head on folds of the examples that are not mere knowledge.

    On an office's own rows the promises of the dial rest: there each fold chooses n-grams and words for itself.
    """
    known = np.array([example.knowledge for example in examples], bool)
    real = np.flatnonzero(~known)
    truth = np.array([order.index(label) for label in views.labels[real]], np.int64)
    pairs, own = folds(truth, np.array([examples[row].hand for row in real.tolist()]), groups[real])
    choice = Choice.of(examples) if own and views.words is not None else None

    def asked(train: Ints, test: Ints) -> Floats:
        rows = np.concatenate([real[train], np.flatnonzero(known)])
        fresh = choice.views(views, rows, order) if choice else views
        return fresh.logits(real[test], fresh.fit(rows, order))

    parts = []
    for number, (train, test) in enumerate(pairs, 1):
        tell(f"轮流检验，第 {number} 份，共 {len(pairs)} 份")
        parts.append(asked(train, test))
    logits = np.vstack(parts)
    tested = np.concatenate([test for _, test in pairs])
    factor = sharpness(logits, truth[tested]) * (1.0 if own else _DAMPING)
    split = by_time(truth, np.array([examples[row].day for row in real.tolist()]), groups[real]) if choice else None
    if split:
        tell("按时间检验：用较早的训练，判最近的")
    late = (real[split[1]], asked(*split)) if split else None
    return Held(logits, truth[tested], real[tested], own, factor, late)


def text_ids(texts: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return a number for each text, ascending, that tells whether a model was trained on it, and nothing else."""
    numbers = (int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") for text in texts)
    return np.unique(np.fromiter(numbers, np.uint64, len(texts)))
