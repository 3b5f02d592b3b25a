"""Training a model folder from labelled texts: corpora/ alone, an office's own labels, or both.

One linear model answers every question: each head is a multinomial logistic regression over the same character n-grams.
First-level topics are learned once more from words, and the two views are added (see `pipeline.classify`). The
probabilities of a head are sharpened or damped by one factor, fitted on predictions for held-out texts (temperature
scaling, Guo et al. 2017).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from pipeline import __version__, artefact
from pipeline.classify import JUNK, SEPARATOR, Border, Borders, Head
from pipeline.errors import InputError
from pipeline.features import Vocabulary, batch
from pipeline.inputs import inputs
from pipeline.records import INTENTS, LEVELS
from pipeline.train.borders import read_borders
from pipeline.train.examples import Example, topics
from pipeline.train.folds import FOLDS, near, together
from pipeline.train.held import Held, Judged, Trained, chances, hold_out, judged, text_ids
from pipeline.train.lexicon import prior
from pipeline.train.ordinal import Guess, train_ordinal
from pipeline.train.progress import Tell, of, silent
from pipeline.train.report import card, report, versions
from pipeline.train.views import Linear, Views, first_level, fit_linear, parents
from pipeline.train.vocabulary import matrix_of, select, word_view

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Strings = npt.NDArray[np.str_]
Ints = npt.NDArray[np.int64]

_FEWEST = 50
HEADS = {"topic": "主题", "intent": "诉求类型", "junk": "垃圾信息", "priority": "紧急程度"}
"""The heads of a model, as people are told of them."""
_JUNK_WEIGHT = 4.0
"""A written piece of junk counts more: there are twenty letters for each."""


@dataclass(slots=True)
class Fitted:
    """A head with what cross-validation said of it.

    words : the second view, its bias already in that of the first.
    """

    linear: Linear
    words: Linear | None
    held: Held


def _fit_head(views: Views, order: Sequence[str], examples: Sequence[Example], groups: Strings, tell: Tell) -> Fitted:
    """Fit a head on everything, and judge it on what folds hold out."""
    held = hold_out(views, order, examples, groups, tell)
    tell("用全部文本定稿")
    linear, words = views.fit(np.arange(len(examples)), order)
    if words is not None:
        linear.bias = linear.bias + words.bias[parents(order)]
    return Fitted(linear, words, held)


def quantised(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Return weights in eight bits, and the scale of each column."""
    scale = np.maximum(np.abs(weights).max(axis=0) / 127, 1e-9).astype(np.float32)
    return np.round(weights / scale).astype(np.int8), scale


def train(examples: Sequence[Example], folder: Path, *, sources: dict[str, str]) -> dict[str, Any]:
    """Fit a model and write its folder; return its meta. The same examples give the same bytes.

    Parameters
    ----------
    examples : at least five for each topic, intent and priority that occurs.
    folder : where the model goes; its name is the model's.
    sources : name → hash of what the examples were read from.
    """
    trained = fit_model(examples, folder.name, sources=sources)
    artefact.save(folder, trained.meta, trained.arrays, card(trained.meta))
    return trained.meta


def fit_model(examples: Sequence[Example], name: str, *, sources: dict[str, str], tell: Tell = silent) -> Trained:
    """Fit a model and write nothing; see `train`. The rows of `Judged` count the examples as they were given."""
    with threadpool_limits(1):  # sums in one order on every machine
        tell("给没有二级主题的标签补二级主题")
        return _fit(_checked(with_second_level(examples)), name, sources, tell)


def cross_validate(examples: Sequence[Example]) -> Judged:
    """Return what folds say of the first-level topics of an office's rows, and train nothing else."""
    with threadpool_limits(1):
        all_of = _Inputs.of(with_second_level(examples))
        views, rows, some = all_of.head("topic")
        held = hold_out(views, all_of.order, some, all_of.groups[rows])
        return judged(np.array(rows)[held.tested], chances(held.scaled), all_of.order)


@dataclass(frozen=True, slots=True)
class _Inputs:
    """The examples as heads learn from them: n-grams and words, groups that stay in one fold, the topics in order."""

    examples: Sequence[Example]
    every: Vocabulary
    matrix: Any
    words: Vocabulary
    said: Any
    groups: Strings
    order: list[str]

    @classmethod
    def of(cls, examples: Sequence[Example]) -> _Inputs:
        every = select(examples)
        parts = batch([example.text for example in examples])
        groups = together(near(parts, every), np.array([example.issue for example in examples]))
        matrix = every.matrix(parts, every.occurrences(parts))
        return cls(examples, every, matrix, *word_view(examples, parts), groups, order_of(examples))

    def head(self, name: str) -> tuple[Views, list[int], list[Example]]:
        """Return what a head learns from, and which of the examples these are."""
        rows, values = _labelled(self.examples, name)
        some = [self.examples[row] for row in rows]
        views = Views(
            self.matrix[rows],
            self.said[rows] if name == "topic" else None,
            np.array(values),
            np.array([_weight(each, name) for each in some], np.float32),
            prior(self.every, self.order) if name == "topic" else None,
        )
        return views, rows, some


def _fit(examples: Sequence[Example], own_name: str, sources: dict[str, str], tell: Tell) -> Trained:
    tell("挑选字词")
    all_of = _Inputs.of(examples)
    order = all_of.order
    columns: list[Linear] = []
    heads: list[Head] = []
    scores: dict[str, float] = {}
    told: dict[str, Any] = {}
    guesses: dict[str, Guess] = {}
    late = None
    for name, labels in (("topic", order), ("intent", INTENTS[:4]), ("junk", JUNK), ("priority", LEVELS)):
        views, rows, some = all_of.head(name)
        fitted = _fit_head(views, [str(each) for each in labels], some, all_of.groups[rows], of(HEADS[name], tell))
        held, at = fitted.held, np.array(rows)
        start = heads[-1].columns.stop if heads else 0
        heads.append(Head(name, fitted.linear.labels, start, held.sharpness))
        columns.append(fitted.linear)
        guesses[name] = Guess(at[held.tested].tolist(), chances(held.scaled))
        scores[f"{name}_accuracy"] = round(float(np.mean(held.logits.argmax(axis=1) == held.truth)), 4)
        if fitted.words is not None:
            word_weights, word_scale = quantised(fitted.words.weights)
            borders = [] if held.own else _borders(order)
            tested = batch([some[row].text for row in held.tested.tolist()])
            occurring = all_of.every.occurrences(tested)
            divided = Borders(borders, all_of.every, order).divide(chances(held.scaled), tested, occurring)
            crossed = judged(at[held.tested], divided, order)
            if held.late:
                late = judged(at[held.late[0]], chances(held.late[1] * held.sharpness), order)
            told = report(crossed, [first_level(order[label]) for label in held.truth.tolist()], own=held.own)
            told["borders"] = [asdict(border) for border in borders]
            scores["level1_accuracy"] = told["report"]["accuracy"]
            scores["level1_macro_f1"] = told["report"]["macro_f1"]
    weights, scale = quantised(np.hstack([linear.weights for linear in columns]))
    arrays: dict[str, artefact.Array] = {
        "keys": all_of.every.keys,
        "idf": all_of.every.idf,
        "weights": weights,
        "scale": scale,
        "bias": np.concatenate([linear.bias for linear in columns]),
        "word_keys": all_of.words.keys,
        "word_idf": all_of.words.idf,
        "word_weights": word_weights,
        "word_scale": word_scale,
    }
    if own := [each.text for each in examples if not each.hand and not each.knowledge]:
        arrays["seen"] = text_ids(own)
    meta = {
        "name": own_name,
        "software": __version__,
        "heads": [
            {"name": h.name, "labels": list(h.labels), "start": h.start, "sharpness": h.sharpness} for h in heads
        ],
        "ordinal": train_ordinal(examples, guesses["intent"], guesses["priority"]).to_meta(),
        "sources": sources,
        "inputs": inputs(),
        "versions": versions(),
        "examples": sum(not example.knowledge for example in examples),
        "texts": Counter(e.topic.split(SEPARATOR)[0] for e in examples if e.topic and not e.knowledge),
        "cross_validation": scores,
        **told,
    }
    return Trained(meta, arrays, crossed, late)


def _weight(example: Example, head: str) -> float:
    if head == "junk" and example.junk:
        return _JUNK_WEIGHT
    return example.weight


def order_of(examples: Sequence[Example]) -> list[str]:
    """Return the topics that occur: ours in our order, then the office's own."""
    used = {example.topic for example in examples if example.topic}
    ours = [name for topic in topics() if (name := SEPARATOR.join(topic)) in used]
    return ours + sorted(used.difference(ours))


def with_second_level(examples: Sequence[Example]) -> list[Example]:
    """Give examples that name a first level only the second level that the others make most likely."""
    bare = [row for row, e in enumerate(examples) if e.topic and e.topic.endswith(SEPARATOR)]
    full = [e for e in examples if e.topic and not e.topic.endswith(SEPARATOR)]
    if not bare or len({e.topic for e in full}) < 2:
        return list(examples)
    vocabulary = select(full)
    order = order_of(full)
    weight = np.array([e.weight for e in full], np.float32)
    linear = fit_linear(matrix_of(vocabulary, full), np.array([e.topic for e in full]), order, weight)
    logits = matrix_of(vocabulary, [examples[row] for row in bare]) @ linear.weights + linear.bias
    filled = list(examples)
    for row, scores in zip(bare, logits, strict=True):
        first = str(examples[row].topic)
        inside = [index for index, name in enumerate(order) if name.startswith(first)]
        if inside:
            filled[row] = replace(examples[row], topic=order[max(inside, key=lambda index: float(scores[index]))])
    return filled


def _checked(examples: Sequence[Example]) -> Sequence[Example]:
    """Return examples that are enough to learn from."""
    counts = Counter(e.topic for e in examples if e.topic and not e.knowledge)
    more = "请补充数据，或加上 --base corpora。"
    if sum(counts.values()) < _FEWEST:
        raise InputError(f"只有 {sum(counts.values())} 条带主题的文本：训练至少要 {_FEWEST} 条。{more}")
    if len(counts) < 2:
        raise InputError(f"所有文本都是同一个主题“{next(iter(counts))}”：至少要有两个主题才能区分。{more}")
    rare = [topic for topic, count in counts.items() if count < FOLDS]
    if rare:
        name = rare[0].removesuffix(SEPARATOR)
        raise InputError(f"主题“{name}”只有 {counts[rare[0]]} 条：每个主题至少要 {FOLDS} 条。{more}")
    return examples


def _labelled(examples: Sequence[Example], name: str) -> tuple[list[int], list[str]]:
    if name == "junk":
        rows = [row for row, e in enumerate(examples) if not e.knowledge]
        return rows, [JUNK[examples[row].junk] for row in rows]
    rows = [row for row, e in enumerate(examples) if getattr(e, name)]
    return rows, [str(getattr(examples[row], name)) for row in rows]


def _borders(order: Sequence[str]) -> list[Border]:
    """Return the borders between topics of a model. An office's own labels say themselves how it files."""
    return [b for some in read_borders().values() for b in some if b.topic in order and b.other in order]
