"""Training a model folder from labelled texts: corpora/ alone, an office's own labels, or both.

One linear model answers every question: each head is a multinomial logistic regression over the same character n-grams.
Its probabilities are sharpened or damped by one factor, fitted on predictions for held-out texts (temperature scaling,
Guo et al. 2017).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline import __version__, artefact
from pipeline.classify import JUNK, SEPARATOR, Head
from pipeline.errors import InputError
from pipeline.features import Vocabulary, batch
from pipeline.records import INTENTS, LEVELS
from pipeline.train.examples import Example, topics
from pipeline.train.ordinal import Guess, train_ordinal

Floats = npt.NDArray[np.float32]
Strings = npt.NDArray[np.str_]
Ints = npt.NDArray[np.int64]

_LEAST = 2
_MOST = 60_000
_COST = 10.0
_QUICK_COST = 0.3
_STEPS = 60
_TOLERANCE = 1e-4
_KNOWLEDGE_WEIGHT = 0.2
_DAMPING = 0.7
"""Strangers' letters are further from the written texts than these are from one another: probabilities are damped so
much more."""
_NEVER = -30.0
_FOLDS = 5
_PRECISION = 0.95


@dataclass(slots=True)
class Linear:
    """Logits = matrix @ weights + bias, for the labels in order."""

    labels: tuple[str, ...]
    weights: Floats
    bias: Floats


def fit_linear(matrix: Any, labels: Strings, order: Sequence[str], weight: Floats) -> Linear:
    """Fit a multinomial logistic regression; a label without examples never wins."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=_COST, max_iter=_STEPS, tol=_TOLERANCE).fit(matrix, labels, sample_weight=weight)
    steps, offset = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        steps, offset = np.vstack([-steps, steps]) / 2, np.concatenate([-offset, offset]) / 2
    weights = np.zeros((matrix.shape[1], len(order)), np.float32)
    bias = np.full(len(order), _NEVER, np.float32)
    columns = [order.index(label) for label in model.classes_]
    weights[:, columns] = steps.T
    bias[columns] = offset
    return Linear(tuple(order), weights, bias)


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
    """A head with what cross-validation said of it."""

    linear: Linear
    sharpness: float
    held_out: Floats
    truth: Ints


def _folds(truth: Ints, hands: Strings) -> list[tuple[Ints, Ints]]:
    """Split examples by who wrote them, as if meeting strangers' letters; at random where one hand wrote all."""
    from sklearn.model_selection import GroupKFold, StratifiedKFold

    several = len(set(hands))
    if several > 1:
        folds = list(GroupKFold(several).split(hands, groups=hands))
        if all(len(set(truth[train])) > 1 for train, _ in folds):
            return folds
    return list(StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(truth, truth))


def _fit_head(matrix: Any, labels: Strings, order: Sequence[str], examples: Sequence[Example]) -> Fitted:
    """Fit a head on everything, and judge it on folds of the examples that are not mere knowledge."""
    known = np.array([example.knowledge for example in examples], bool)
    weight = np.where(known, _KNOWLEDGE_WEIGHT, 1.0).astype(np.float32)
    real = np.flatnonzero(~known)
    truth = np.array([order.index(label) for label in labels[real]], np.int64)
    held_out = np.zeros((len(real), len(order)), np.float32)
    for train, test in _folds(truth, np.array([examples[row].hand for row in real.tolist()])):
        rows = np.concatenate([real[train], np.flatnonzero(known)])
        linear = fit_linear(matrix[rows], labels[rows], order, weight[rows])
        held_out[test] = matrix[real[test]] @ linear.weights + linear.bias
    return Fitted(fit_linear(matrix, labels, order, weight), sharpness(held_out, truth) * _DAMPING, held_out, truth)


def _dial(confidence: npt.NDArray[np.float64], precision: float) -> float:
    """Return the confidence from which predictions are, by their own probabilities, right in the share asked for."""
    ranked = np.sort(confidence)[::-1]
    good = np.flatnonzero(np.cumsum(ranked) / np.arange(1, len(ranked) + 1) >= precision)
    return round(float(ranked[good[-1]]), 4) if len(good) else 1.0


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
    examples = _with_second_level(examples)
    _check(examples)
    every = _select(examples)
    matrix = _matrix(every, examples)
    order = _order(examples)
    columns: list[Linear] = []
    heads: list[Head] = []
    scores: dict[str, float] = {}
    guesses: dict[str, Guess] = {}
    dial = 1.0
    for name, labels in (("topic", order), ("intent", INTENTS[:4]), ("junk", JUNK), ("priority", LEVELS)):
        rows, values = _labelled(examples, name)
        fitted = _fit_head(
            matrix[rows], np.array(values), [str(each) for each in labels], [examples[row] for row in rows]
        )
        start = heads[-1].columns.stop if heads else 0
        heads.append(Head(name, fitted.linear.labels, start, fitted.sharpness))
        columns.append(fitted.linear)
        guesses[name] = Guess(rows, _chances(fitted))
        scores[f"{name}_accuracy"] = round(float(np.mean(fitted.held_out.argmax(axis=1) == fitted.truth)), 4)
        if name == "topic":
            first_right, confidence = _first_level(fitted, order)
            scores["level1_accuracy"] = round(float(first_right.mean()), 4)
            dial = _dial(confidence, _PRECISION)
    weights, scale = _quantised(np.hstack([linear.weights for linear in columns]))
    arrays: dict[str, artefact.Array] = {
        "keys": every.keys,
        "idf": every.idf,
        "weights": weights,
        "scale": scale,
        "bias": np.concatenate([linear.bias for linear in columns]),
    }
    meta = {
        "name": folder.name,
        "software": __version__,
        "heads": [
            {"name": h.name, "labels": list(h.labels), "start": h.start, "sharpness": h.sharpness} for h in heads
        ],
        "dial": dial,
        "ordinal": train_ordinal(examples, guesses["intent"], guesses["priority"]).to_meta(),
        "sources": sources,
        "examples": sum(not example.knowledge for example in examples),
        "cross_validation": scores,
    }
    artefact.save(folder, meta, arrays, _card(meta, examples))
    return meta


def _matrix(vocabulary: Vocabulary, examples: Sequence[Example]) -> Any:
    parts = batch([example.text for example in examples])
    return vocabulary.matrix(parts, vocabulary.occurrences(parts))


def _select(examples: Sequence[Example]) -> Vocabulary:
    """Return the n-grams that tell topics, and junk, apart: whose weights in a quick linear SVM differ most."""
    from sklearn.svm import LinearSVC

    vocabulary = Vocabulary.fit([e.text for e in examples if not e.knowledge], least=_LEAST)
    told = [example for example in examples if example.topic or example.junk]
    if len(vocabulary.keys) <= _MOST:
        return vocabulary
    weight = [_KNOWLEDGE_WEIGHT if example.knowledge else 1.0 for example in told]
    quick = LinearSVC(C=_QUICK_COST, random_state=0)
    quick.fit(_matrix(vocabulary, told), [example.topic or JUNK[True] for example in told], sample_weight=weight)
    spread = quick.coef_.std(axis=0)
    return vocabulary.subset(np.sort(np.argsort(-spread, kind="stable")[:_MOST]))


def _order(examples: Sequence[Example]) -> list[str]:
    """Return the topics that occur: ours in our order, then the office's own."""
    used = {example.topic for example in examples if example.topic}
    ours = [name for topic in topics() if (name := SEPARATOR.join(topic)) in used]
    return ours + sorted(used.difference(ours))


def _with_second_level(examples: Sequence[Example]) -> list[Example]:
    """Give examples that name a first level only the second level that the others make most likely."""
    bare = [row for row, e in enumerate(examples) if e.topic and e.topic.endswith(SEPARATOR)]
    full = [e for e in examples if e.topic and not e.topic.endswith(SEPARATOR)]
    if not bare or not full:
        return list(examples)
    vocabulary = _select(full)
    order = _order(full)
    weight = np.array([_KNOWLEDGE_WEIGHT if e.knowledge else 1.0 for e in full], np.float32)
    linear = fit_linear(_matrix(vocabulary, full), np.array([e.topic for e in full]), order, weight)
    logits = _matrix(vocabulary, [examples[row] for row in bare]) @ linear.weights + linear.bias
    filled = list(examples)
    for row, scores in zip(bare, logits, strict=True):
        first = str(examples[row].topic)
        inside = [index for index, name in enumerate(order) if name.startswith(first)]
        if inside:
            filled[row] = replace(examples[row], topic=order[max(inside, key=lambda index: float(scores[index]))])
    return filled


def _check(examples: Sequence[Example]) -> None:
    counts = Counter(e.topic for e in examples if e.topic and not e.knowledge)
    if sum(counts.values()) < 50:
        raise InputError(
            f"只有 {sum(counts.values())} 条带主题的文本：训练至少要 50 条。请补充数据，或加上 --base corpora。"
        )
    rare = [topic for topic, count in counts.items() if count < _FOLDS]
    if rare:
        raise InputError(
            f"主题“{rare[0]}”只有 {counts[rare[0]]} 条：每个主题至少要 {_FOLDS} 条。请补充，或加上 --base corpora。"
        )


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


def _first_level(fitted: Fitted, order: Sequence[str]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Return whether the first level was right in cross-validation, and how confident."""
    names = list(dict.fromkeys(label.split(SEPARATOR)[0] for label in order))
    parent = np.array([names.index(label.split(SEPARATOR)[0]) for label in order])
    chances = _chances(fitted)
    firsts = np.stack([chances[:, parent == index].sum(axis=1) for index in range(len(names))], axis=1).astype(
        np.float64
    )
    return firsts.argmax(axis=1) == parent[fitted.truth], firsts.max(axis=1)


def _card(meta: dict[str, Any], examples: Sequence[Example]) -> str:
    counts = Counter(e.topic.split(SEPARATOR)[0] for e in examples if e.topic and not e.knowledge)
    lines = [
        f"# {meta['name']}",
        "",
        f"Trained by minyi {meta['software']} on {meta['examples']} texts.",
        "Scores on texts held out in turn, by who wrote them (no real letters among them):",
        "",
        *(f"- {name}: {value}" for name, value in meta["cross_validation"].items()),
        f"- a topic needs no review from a confidence of {meta['dial']} on",
        "",
        "| topic | texts |",
        "|---|---|",
        *(f"| {topic} | {count} |" for topic, count in counts.most_common()),
        "",
        "Sources: " + ", ".join(f"{name} {value}" for name, value in meta["sources"].items()),
    ]
    return "\n".join(lines) + "\n"
