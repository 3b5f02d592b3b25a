"""Training a model folder from labelled texts: corpora/ alone, an office's own labels, or both.

One linear model answers every question: each head is a multinomial logistic regression over the same character n-grams.
First-level topics are learned once more from words, and the two views are added (see `pipeline.classify`). The
probabilities of a head are sharpened or damped by one factor, fitted on predictions for held-out texts (temperature
scaling, Guo et al. 2017).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from pipeline import __version__, artefact
from pipeline.classify import JUNK, SEPARATOR, Head
from pipeline.errors import InputError
from pipeline.features import batch
from pipeline.inputs import inputs
from pipeline.records import INTENTS, LEVELS
from pipeline.train.choice import Choice
from pipeline.train.examples import Example, topics
from pipeline.train.folds import FOLDS, by_time, folds, near
from pipeline.train.held import Trained, judged
from pipeline.train.lexicon import prior
from pipeline.train.ordinal import Guess, train_ordinal
from pipeline.train.report import card, report, versions
from pipeline.train.views import Linear, Views, first_level, fit_linear, parents
from pipeline.train.vocabulary import KNOWLEDGE_WEIGHT, matrix_of, select, word_view

Floats = npt.NDArray[np.float32]
Strings = npt.NDArray[np.str_]
Ints = npt.NDArray[np.int64]

_DAMPING = 0.7
"""Strangers' letters are further from the written texts than these are from one another: probabilities are damped so
much more."""
_FEWEST = 50
_JUNK_WEIGHT = 4.0
"""A written piece of junk counts more: there are twenty letters for each."""


def sharpness(logits: Floats, truth: Ints) -> float:
    """Return the factor on held-out logits that makes the truth most likely."""
    candidates = np.geomspace(0.2, 5, 80)
    losses = []
    for factor in candidates:
        scaled = logits * factor
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        losses.append(float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(truth)), truth])))
    return round(float(candidates[int(np.argmin(losses))]), 4)


@dataclass(slots=True)
class Fitted:
    """A head with what cross-validation said of it.

    words : the second view, its bias already in that of the first.
    held_out : (rows, labels) logits of the rows that were held out in turn.
    truth, tested : (rows,) their labels, and which of the examples they are.
    own : whether these rows are an office's own.
    late : the latest of these rows, and (late, labels) logits by a fit on the earlier ones; None without dates.
    """

    linear: Linear
    words: Linear | None
    sharpness: float
    held_out: Floats
    truth: Ints
    tested: Ints
    own: bool
    late: tuple[Ints, Floats] | None


def _fit_head(views: Views, order: Sequence[str], examples: Sequence[Example], groups: Strings) -> Fitted:
    """Fit a head on everything, and judge it on folds of the examples that are not mere knowledge.

    On an office's own rows the promises of the dial rest: there each fold chooses n-grams and words for itself.
    """
    known = np.array([example.knowledge for example in examples], bool)
    real = np.flatnonzero(~known)
    truth = np.array([order.index(label) for label in views.labels[real]], np.int64)
    pairs, own = folds(truth, np.array([examples[row].hand for row in real.tolist()]), groups[real])
    choice = Choice.of(examples) if own and views.words is not None else None
    held_out = []
    for train, test in pairs:
        rows = np.concatenate([real[train], np.flatnonzero(known)])
        fresh = choice.views(views, rows, order) if choice else views
        held_out.append(fresh.logits(real[test], fresh.fit(rows, order)))
    tested = np.concatenate([test for _, test in pairs])
    logits = np.vstack(held_out)
    factor = sharpness(logits, truth[tested]) * (1.0 if own else _DAMPING)
    late = None
    split = by_time(truth, np.array([examples[row].day for row in real.tolist()]), groups[real])
    if choice and split:
        rows = np.concatenate([real[split[0]], np.flatnonzero(known)])
        fresh = choice.views(views, rows, order)
        late = real[split[1]], fresh.logits(real[split[1]], fresh.fit(rows, order))
    linear, words = views.fit(np.arange(len(examples)), order)
    if words is not None:
        linear.bias = linear.bias + words.bias[parents(order)]
    return Fitted(linear, words, factor, logits, truth[tested], real[tested], own, late)


def _quantised(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
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


def fit_model(examples: Sequence[Example], name: str, *, sources: dict[str, str]) -> Trained:
    """Fit a model and write nothing; see `train`. The rows of `Judged` count the examples as they were given."""
    with threadpool_limits(1):  # sums in one order on every machine
        return _fit(_checked(with_second_level(examples)), name, sources)


def _fit(examples: Sequence[Example], own_name: str, sources: dict[str, str]) -> Trained:
    every = select(examples)
    parts = batch([example.text for example in examples])
    matrix = every.matrix(parts, every.occurrences(parts))
    words, said = word_view(examples, parts)
    groups = near(parts, every)
    order = order_of(examples)
    columns: list[Linear] = []
    heads: list[Head] = []
    scores: dict[str, float] = {}
    told: dict[str, Any] = {}
    guesses: dict[str, Guess] = {}
    late = None
    for name, labels in (("topic", order), ("intent", INTENTS[:4]), ("junk", JUNK), ("priority", LEVELS)):
        rows, values = _labelled(examples, name)
        some = [examples[row] for row in rows]
        views = Views(
            matrix[rows],
            said[rows] if name == "topic" else None,
            np.array(values),
            np.array([_weight(each, name) for each in some], np.float32),
            np.array([each.other for each in some]),
            np.array([each.share if name == "topic" else 0.0 for each in some], np.float32),
            prior(every, order) if name == "topic" else None,
        )
        fitted = _fit_head(views, [str(each) for each in labels], some, groups[rows])
        start = heads[-1].columns.stop if heads else 0
        heads.append(Head(name, fitted.linear.labels, start, fitted.sharpness))
        columns.append(fitted.linear)
        guesses[name] = Guess([rows[at] for at in fitted.tested.tolist()], _chances(fitted))
        scores[f"{name}_accuracy"] = round(float(np.mean(fitted.held_out.argmax(axis=1) == fitted.truth)), 4)
        if fitted.words is not None:
            at = np.array(rows)
            crossed = judged(at[fitted.tested], fitted.held_out * fitted.sharpness, order)
            if fitted.late:
                late = judged(at[fitted.late[0]], fitted.late[1] * fitted.sharpness, order)
            word_weights, word_scale = _quantised(fitted.words.weights)
            truth = [first_level(order[label]) for label in fitted.truth.tolist()]
            told = report(crossed, truth, own=fitted.own)
            scores["level1_accuracy"] = told["report"]["accuracy"]
            scores["level1_macro_f1"] = told["report"]["macro_f1"]
    weights, scale = _quantised(np.hstack([linear.weights for linear in columns]))
    arrays: dict[str, artefact.Array] = {
        "keys": every.keys,
        "idf": every.idf,
        "weights": weights,
        "scale": scale,
        "bias": np.concatenate([linear.bias for linear in columns]),
        "word_keys": words.keys,
        "word_idf": words.idf,
        "word_weights": word_weights,
        "word_scale": word_scale,
    }
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
    return KNOWLEDGE_WEIGHT if example.knowledge else example.weight


def order_of(examples: Sequence[Example]) -> list[str]:
    """Return the topics that occur: ours in our order, then the office's own."""
    used = {label for example in examples for label in (example.topic, example.other) if label}
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
    weight = np.array([KNOWLEDGE_WEIGHT if e.knowledge else 1.0 for e in full], np.float32)
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


def _chances(fitted: Fitted) -> Floats:
    """Return the probabilities that cross-validation gives to each label."""
    logits = fitted.held_out * fitted.sharpness
    chances: Floats = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    return chances
