"""How good a model is on labelled rows: over the labels that the file has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline import artefact, labelled, registry
from pipeline.classify import PRECISION, Classifier, Verdict
from pipeline.errors import InputError
from pipeline.features import batch
from pipeline.labelled import Reading
from pipeline.records import Topic
from pipeline.scores import rounded, score
from pipeline.segment import Segmenter
from pipeline.terms import terms

_CHUNK = 500
Strings = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model says of labelled rows.

    truth : (rows,) the labels.
    said, confidence : (rows,) the likeliest among the labels that the rows have, and how likely it is among them.
    topics : (rows,) what triage would say, among all topics of the model.
    """

    truth: Strings
    said: Strings
    confidence: npt.NDArray[np.float64]
    topics: list[Topic]


def rows_of(data: Sequence[Path], reading: Reading) -> tuple[list[str], Strings]:
    """Return texts and labels of some files."""
    rows = [row for path in data for row in labelled.read(path, reading)]
    return [text for text, _ in rows], np.array([labels["topic"] for _, labels in rows])


def predict(classifier: Classifier, texts: Sequence[str], truth: Strings) -> Predictions:
    """Return what a model says of labelled texts.

    Raises
    ------
    InputError
        Where the model knows none of their labels.
    """
    names = [name for name in classifier.level1 if name in set(truth.tolist())]
    if not names:
        labels = "、".join(sorted(set(truth.tolist()))[:8]) or "没有一行有标签"
        raise InputError(
            f"没有可评分的行：文件的标签（{labels}）都不是模型的主题（{'、'.join(classifier.level1[:4])} 等）。"
            "请用 --mapping 给出标签对照表（label,level1,level2）。"
        )
    topics = [verdict.topic for verdict in verdicts(classifier, texts)]
    scores = np.array([[topic.scores[name] for name in names] for topic in topics])
    share = scores.max(axis=1) / np.maximum(scores.sum(axis=1), 1e-9)
    return Predictions(truth, np.array(names)[scores.argmax(axis=1)], share, topics)


def verdicts(classifier: Classifier, texts: Sequence[str]) -> list[Verdict]:
    """Return what a model says of clean texts."""
    found: list[Verdict] = []
    segmenter = Segmenter()
    for begin in range(0, len(texts), _CHUNK):
        some = texts[begin : begin + _CHUNK]
        parts = batch(some)
        found += classifier.judge(parts, terms(parts, [segmenter.cut(text) for text in some]))
    return found


def evaluate(data: Sequence[Path], *, model: str | None, reading: Reading, dial: float = PRECISION) -> dict[str, Any]:
    """Score the first-level topics of a model on labelled files.

    Parameters
    ----------
    data, reading : the files, and how to read their labels.
    model : its name; the working one where None.
    dial : the precision that `needs_review` follows.

    Returns
    -------
    model, rows, accuracy, macro_f1, ece … as `pipeline.scores.score`; needs_review (share); dial; dials: for each
    precision what the model promises and what was reached on these rows.

    Raises
    ------
    InputError, ModelError
        Where a file or the model cannot be used.
    """
    classifier, meta = registry.load(model, dial)
    found = predict(classifier, *rows_of(data, reading))
    return {
        "model": meta["name"],
        "id": artefact.model_id(meta),
        **score(found.truth.tolist(), found.said.tolist(), found.confidence),
        "needs_review": rounded(float(np.mean([topic.needs_review for topic in found.topics]))),
        "dial": dial,
        "dials": rounded([_kept(promise, found) for promise in meta["dials"]]),
    }


def _kept(promise: dict[str, Any], found: Predictions) -> dict[str, Any]:
    """Return a promise of the dial beside what it came to, judged as triage lets topics pass.

    A topic that no row of the file has is wrong here, however right it may be: `outside` counts such rows.
    """
    threshold = promise["threshold"]
    passed = [
        (topic.level1, truth)
        for topic, truth in zip(found.topics, found.truth.tolist(), strict=True)
        if threshold is not None and topic.confidence >= threshold
    ]
    right = sum(said == truth for said, truth in passed)
    known = set(found.truth.tolist())
    return {
        "precision": promise["precision"],
        "threshold": threshold,
        "promised_coverage": promise["coverage"],
        "coverage": len(passed) / len(found.topics),
        "reached": right / len(passed) if passed else None,
        "outside": sum(said not in known for said, _ in passed),
    }
