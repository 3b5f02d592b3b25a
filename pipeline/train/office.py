"""The rows of an office as the heads of a model see them, and what each head learns from them.

A topic is learned in two steps that do not disturb one another: which second level a text of a first level has, from
the labels that name one; then which first level, from all, given how likely its second levels are together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from pipeline.classify import JUNK, SEPARATOR, Classifier
from pipeline.features import batch
from pipeline.records import INTENTS, LEVELS
from pipeline.segment import Segmenter
from pipeline.terms import word_grams
from pipeline.train.examples import TRUSTED, Example
from pipeline.train.folds import FOLDS, by_time, folds, near, together
from pipeline.train.held import Judged, chances, judged, sharpness
from pipeline.train.progress import Tell, silent
from pipeline.train.shift import Shift, shift
from pipeline.train.views import first_level, parents

Floats = npt.NDArray[np.float32]
Strings = npt.NDArray[np.str_]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

RIDGE = 0.001
"""How firmly the shipped weights are held to: on 1,000 letters, cross-validated, 0.0005 to 0.002 judge likeliest."""
OTHERS: dict[str, tuple[str, ...]] = {"intent": INTENTS[:4], "junk": JUNK, "priority": LEVELS}
"""The heads besides that of topics, with their labels."""
_NEW = -4.0
"""Logits of a topic that the shipped model does not know, below its likeliest one: the labels say how common it is."""
_FEWEST = 50
"""Fewer rows neither teach another head nor promise anything."""
_FACTORS = np.geomspace(0.4, 2.5, 32)


@dataclass(frozen=True, slots=True)
class Office:
    """An office's rows, and what the shipped model knows of them.

    matrix : (rows, n-grams)
    logits : (rows, columns) of all heads, damped or sharpened as each head is.
    order : the topics, those that the shipped model does not know at the end; `topics` are their (rows, topics) logits.
    groups : rows of one group never stand on both sides of a test.
    """

    base: Classifier
    examples: Sequence[Example]
    matrix: Any
    logits: Floats
    order: list[str]
    topics: Floats
    groups: Strings

    @classmethod
    def of(cls, base: Classifier, examples: Sequence[Example]) -> Office:
        """Return the rows of an office as the heads of a model see them."""
        texts = [example.text for example in examples]
        parts, cut = batch(texts), Segmenter().cut
        matrix = base.vocabulary.matrix(parts, base.vocabulary.occurrences(parts))
        words = base.words.among(word_grams(parts, [cut(text) for text in texts]))
        logits = matrix @ base.weights + base.bias
        head = base.heads["topic"]
        spoken = (base.words.matrix(parts, words) @ base.word_weights)[:, parents(head.labels)]
        known = (logits[:, head.columns] + spoken) * np.float32(head.sharpness)
        order = [*head.labels, *new_topics(examples, head.labels)]
        strange = np.full((len(examples), len(order) - known.shape[1]), _floor(known), np.float32)
        groups = together(near(parts, base.vocabulary), np.array([example.issue for example in examples]))
        return cls(base, examples, matrix, logits, order, np.hstack([known, strange]), groups)

    def held(self, tell: Tell = silent) -> TopicsHeld | None:
        """Judge the topics of rows that were held out; None where there are too few rows, or topics."""
        rows = np.array([at for at, example in enumerate(self.examples) if example.topic], np.int64)
        firsts = np.array([first_level(str(self.examples[at].topic)) for at in rows.tolist()])
        names, truth = np.unique(firsts, return_inverse=True)
        if len(rows) < FOLDS or len(names) < 2:
            return None
        pairs, _ = folds(truth, np.full(len(rows), ""), self.groups[rows])
        parts = []
        for number, (train, test) in enumerate(pairs, 1):
            tell(f"轮流检验，第 {number} 份，共 {len(pairs)} 份")
            parts.append(self._said(rows[train], rows[test]))
        tested = rows[np.concatenate([test for _, test in pairs])]
        logits = np.vstack(parts)
        crossed, factor = self.judge(tested, logits, _FACTORS.tolist() if len(self.trusted(tested)) else [1.0])
        days = np.array([self.examples[at].day for at in rows.tolist()])
        late = None
        if split := by_time(truth, days, self.groups[rows]):
            tell("按时间检验：用较早的训练，判最近的")
            late, _ = self.judge(rows[split[1]], self._said(rows[split[0]], rows[split[1]]), [factor])
        return TopicsHeld(crossed, late, factor)

    @property
    def _parent(self) -> Ints:
        return parents(self.order)

    def topic(self, rows: Ints) -> Shift:
        """Learn from some rows what is to be added to the logits of topics."""
        allowed, second = self._allowed(rows)
        parent = self._parent
        siblings = parent[None, :] == parent[:, None]
        weight = self._weight(rows)
        known = self.topics[rows]
        inner = Shift(
            np.zeros((self.matrix.shape[1], len(self.order)), np.float32), np.zeros(len(self.order), np.float32)
        )
        if second.any():
            at = np.flatnonzero(second)
            among = siblings[allowed[at].argmax(axis=1)]
            inner = shift(self.matrix[rows[at]], known[at], allowed[at], among, weight[at], RIDGE)
            known = known + self.matrix[rows] @ inner.weights + inner.bias
        count = int(parent.max()) + 1
        firsts = np.stack([logsumexp(known[:, parent == each], axis=1) for each in range(count)], axis=1)
        right = np.stack([allowed[:, parent == each].any(axis=1) for each in range(count)], axis=1)
        outer = shift(self.matrix[rows], firsts.astype(np.float32), right, np.ones_like(right), weight, RIDGE)
        return Shift(inner.weights + outer.weights[:, parent], inner.bias + outer.bias[parent])

    def judge(self, rows: Ints, logits: Floats, factors: Sequence[float]) -> tuple[Judged, float]:
        """Return what logits say of some rows, divided along borders as the model divides them, and the best factor.

        Parameters
        ----------
        factors : of these on the logits, the one that makes the trusted labels most likely is taken.
        """
        texts = batch([self.examples[at].text for at in rows.tolist()])
        found = self.base.vocabulary.occurrences(texts)
        known = len(self.base.heads["topic"].labels)
        truth, trusted = self._allowed(rows)[0], self.trusted(rows)
        told = []
        for factor in factors:
            given = chances(logits * np.float32(factor))
            share = given[:, :known].sum(axis=1, keepdims=True)
            given[:, :known] = self.base.borders.divide(given[:, :known] / share, texts, found) * share
            right = np.stack([truth[:, self._parent == each].any(axis=1) for each in range(self._parent.max() + 1)], 1)
            judgement = judged(rows, given, self.order)
            likely = np.log(np.maximum((judgement.chances * right).sum(axis=1), 1e-9))
            told.append((float(likely[trusted].sum()), judgement))
        best = max(range(len(told)), key=lambda at: told[at][0])
        return told[best][1], round(float(factors[best]), 4)

    def other(self, name: str, tell: Tell) -> tuple[Shift, float] | None:
        """Learn what is to be added to another head, and how sharp it is; None where labels do not tell enough."""
        labels = OTHERS[name]
        given = [JUNK[each.junk] if name == "junk" else getattr(each, name) for each in self.examples]
        rows = np.array([at for at, label in enumerate(given) if label], np.int64)
        truth = np.array([labels.index(str(given[at])) for at in rows.tolist()], np.int64)
        counts = np.bincount(truth, minlength=len(labels))
        if len(rows) < _FEWEST or (counts >= FOLDS).sum() < 2:
            return None
        head = self.base.heads[name]
        known = self.logits[rows][:, head.columns] * np.float32(head.sharpness)
        right, every = np.eye(len(labels), dtype=bool)[truth], np.ones((len(rows), len(labels)), bool)
        matrix, weight = self.matrix[rows], self._weight(rows)

        def fit(at: Ints) -> Shift:
            return shift(matrix[at], known[at], right[at], every[at], weight[at], RIDGE)

        pairs, _ = folds(truth, np.full(len(rows), ""), self.groups[rows])
        parts = []
        for number, (train, test) in enumerate(pairs, 1):
            tell(f"轮流检验，第 {number} 份，共 {len(pairs)} 份")
            found = fit(train)
            parts.append(known[test] + matrix[test] @ found.weights + found.bias)
        tested = np.concatenate([test for _, test in pairs])
        trusted = self.trusted(rows[tested])
        factor = sharpness(np.vstack(parts)[trusted], truth[tested][trusted]) if len(trusted) else 1.0
        return fit(np.arange(len(rows))), factor

    def trusted(self, rows: Ints) -> Ints:
        """Return at which of some rows the labels are to be trusted; none where too few are to judge by."""
        at = np.flatnonzero(self._weight(rows) >= TRUSTED)
        return at if len(at) >= _FEWEST else at[:0]

    def _said(self, train: Ints, test: Ints) -> Floats:
        found = self.topic(train)
        said: Floats = self.topics[test] + self.matrix[test] @ found.weights + found.bias
        return said

    def _weight(self, rows: Ints) -> Floats:
        return np.array([self.examples[at].weight for at in rows.tolist()], np.float32)

    def _allowed(self, rows: Ints) -> tuple[Flags, Flags]:
        """Return (rows, topics) which topics a label means, and (rows,) whether it names a second level."""
        place = {name: at for at, name in enumerate(self.order)}
        firsts = np.array([first_level(name) for name in self.order])
        labels = [str(self.examples[at].topic) for at in rows.tolist()]
        second = np.array([label in place for label in labels])
        allowed = np.zeros((len(rows), len(self.order)), bool)
        for at, label in enumerate(labels):
            allowed[at] = np.arange(len(self.order)) == place[label] if second[at] else firsts == first_level(label)
        return allowed, second


@dataclass(frozen=True, slots=True)
class TopicsHeld:
    """What is said of topics of rows that were held out: in turn, and the latest; and the factor on their logits."""

    crossed: Judged
    late: Judged | None
    factor: float


def new_topics(examples: Sequence[Example], known: Sequence[str]) -> list[str]:
    """Return the topics of an office that a model does not know."""
    firsts = {first_level(name) for name in known}
    used = {each.topic for each in examples if each.topic}
    return sorted(name for name in used - set(known) if not (name.endswith(SEPARATOR) and first_level(name) in firsts))


def _floor(known: Floats) -> float:
    return float(known.max(axis=1).mean()) + _NEW if len(known) else _NEW
