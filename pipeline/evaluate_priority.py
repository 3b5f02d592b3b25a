"""How well the levels agree with an office's own, and what another setting of the dial would bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline import labelled, registry
from pipeline.clean import clean
from pipeline.errors import InputError
from pipeline.features import batch
from pipeline.ingest import Intake
from pipeline.labelled import Reading
from pipeline.priority import DIAL, Ordinal, Weighed, per_day, prioritise, setting, sieve, turn, voice, weigh
from pipeline.records import LEVELS, Level
from pipeline.terms import terms

_CHUNK = 500


class Scale:
    """A model's view of priority alone: weighs texts without the other stages."""

    def __init__(self, model: str | None) -> None:
        self.classifier, meta = registry.load(model)
        self.ordinal = Ordinal.of(meta)
        self.name: str = meta["name"]

    def weigh(self, texts: Sequence[str]) -> list[Weighed]:
        """Return clean texts weighed, before the dial."""
        found = []
        for begin in range(0, len(texts), _CHUNK):
            chunk = texts[begin : begin + _CHUNK]
            parts = batch(chunk)
            verdicts = self.classifier.judge(parts, terms(parts, [[text] for text in chunk]))
            for text, verdict, candidates in zip(chunk, verdicts, sieve().candidates(parts), strict=True):
                found.append(
                    weigh(
                        text,
                        candidates=candidates,
                        intent=verdict.intent,
                        complaint=verdict.complaint,
                        levels=verdict.levels,
                        ordinal=self.ordinal,
                    )
                )
        return found


def evaluate_priority(
    data: Sequence[Path],
    *,
    model: str | None,
    reading: Reading,
    recall: float | None = None,
    own: Sequence[Path] = (),
) -> dict[str, Any]:
    """Score the levels of a model on labelled files.

    Parameters
    ----------
    data, reading : files with a column of levels (urgent, high, normal, low or 特急, 紧急, 普通, 低).
    recall : the share of high and urgent that the office wants to find; tells the dial for it.
    own : unlabelled files of the office, to tell how many more that flags on a day; `data` where none are given.

    Raises
    ------
    InputError, ModelError
        Where a file, a label or the model cannot be used.
    """
    from sklearn.metrics import cohen_kappa_score, confusion_matrix, precision_recall_fscore_support

    scale = Scale(model)
    rows = [row for path in data for row in labelled.levels(path, reading)]
    truth = [LEVELS.index(Level(level)) for _, level in rows]
    if not rows:
        raise InputError(f"没有可评分的行：列“{reading.label}”里没有紧急程度。请用 --label 指明，或补上标签。")
    weighed = scale.weigh([text for text, _ in rows])
    said = [prioritise(text, each) for (text, _), each in zip(rows, weighed, strict=True)]
    levels = [LEVELS.index(each.level) for each in said]
    every = range(len(LEVELS))
    figures = precision_recall_fscore_support(truth, levels, labels=every, zero_division=0)
    raised = [each >= LEVELS.index(Level.HIGH) for each in truth]
    chances = [each.chance for each in weighed]
    scores: dict[str, Any] = {
        "model": scale.name,
        "rows": len(rows),
        "quadratic_kappa": round(float(cohen_kappa_score(truth, levels, weights="quadratic", labels=every)), 4),
        "without_reason": sum(not each.reasons for each in said),
        "per_label": {
            str(name): {
                "precision": round(float(figures[0][at]), 4),
                "recall": round(float(figures[1][at]), 4),
                "f1": round(float(figures[2][at]), 4),
                "rows": int(figures[3][at]),
            }
            for at, name in enumerate(LEVELS)
        },
        "confusion": confusion_matrix(truth, levels, labels=every).tolist(),
    }
    if any(raised):
        scores["high_or_urgent"] = asdict(setting(chances, raised, DIAL))
    if recall is not None:
        scores["wanted"] = asdict(turn(chances, raised, recall)) | _cost(scale, own or data, chances, raised, recall)
    return scores


def _cost(
    scale: Scale, own: Sequence[Path], chances: Sequence[float], raised: Sequence[bool], recall: float
) -> dict[str, Any]:
    """Return how many more of the office's own texts the dial for a recall flags."""
    submissions = list(Intake(own, wanted={}, rejected=lambda _: None))
    mine = [each.chance for each in scale.weigh([clean(each.text).text for each in submissions])]
    days = [voice("", None, each.submitted_at).day for each in submissions]
    dial = turn(chances, raised, recall).dial
    more, span = per_day(mine, days, dial, DIAL)
    return {
        "own_rows": len(mine),
        "own_more": sum(chance >= dial for chance in mine) - sum(chance >= DIAL for chance in mine),
        "own_days": span,
        "own_more_per_day": more if span else None,
    }
