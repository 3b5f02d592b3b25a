"""How good a model is on labelled rows: over the labels that the file has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import labelled
from pipeline.classify import Classifier
from pipeline.errors import InputError
from pipeline.features import batch
from pipeline.knowledge import model_folder
from pipeline.terms import terms

_CHUNK = 500
_BINS = 10


def expected_calibration_error(confidence: Any, right: Any) -> float:
    """Return the mean distance between confidence and accuracy over ten equal bins (Naeini et al. 2015)."""
    bins = np.minimum((np.asarray(confidence) * _BINS).astype(int), _BINS - 1)
    gaps = [abs(np.sum(right[bins == b]) - np.sum(confidence[bins == b])) for b in range(_BINS)]
    return float(sum(gaps) / max(1, len(bins)))


def evaluate(data: Sequence[Path], *, model: str, label: str) -> dict[str, Any]:
    """Score the first-level topics of a model on labelled files.

    Returns
    -------
    rows, accuracy, macro_f1, per_label (precision, recall, f1, rows), ece, needs_review (share).

    Raises
    ------
    InputError, ModelError
        Where a file or the model cannot be used.
    """
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    classifier, meta = Classifier.load(model_folder(model))
    rows = [row for path in data for row in labelled.read(path, label)]
    truth = [labels[label] for _, labels in rows]
    names = [name for name in classifier.level1 if name in set(truth)]
    if not rows or not names:
        raise InputError(
            f"没有可评分的行：文件的标签（{'、'.join(sorted(set(truth))[:8])}）都不是模型 {model} 的主题。"
        )
    verdicts = []
    for begin in range(0, len(rows), _CHUNK):
        texts = [text for text, _ in rows[begin : begin + _CHUNK]]
        parts = batch(texts)
        verdicts += classifier.judge(parts, terms(parts, [[text] for text in texts]))
    scores = np.array([[verdict.topic.scores[name] for name in names] for verdict in verdicts])
    said = [names[index] for index in scores.argmax(axis=1)]
    right = np.array([a == b for a, b in zip(truth, said, strict=True)])
    share = scores.max(axis=1) / np.maximum(scores.sum(axis=1), 1e-9)
    labels = sorted(set(truth))
    figures = precision_recall_fscore_support(truth, said, labels=labels, zero_division=0)
    return {
        "model": meta["name"],
        "rows": len(rows),
        "accuracy": round(float(accuracy_score(truth, said)), 4),
        "macro_f1": round(float(figures[2].mean()), 4),
        "ece": round(expected_calibration_error(share, right), 4),
        "needs_review": round(sum(verdict.topic.needs_review for verdict in verdicts) / len(rows), 4),
        "per_label": {
            name: {
                "precision": round(float(figures[0][at]), 4),
                "recall": round(float(figures[1][at]), 4),
                "f1": round(float(figures[2][at]), 4),
                "rows": int(figures[3][at]),
            }
            for at, name in enumerate(labels)
        },
    }
