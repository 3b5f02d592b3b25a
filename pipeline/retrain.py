"""Retraining as one explicit job: the model that ships and an office's labels in, a model and a plain verdict out.

The candidate is judged on labels that it was not trained on (fold by fold, and by time), beside the model that works
now, on rows that this one has not seen either. Nothing is written before all is done: a job that is killed leaves no
trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline import artefact, registry
from pipeline.classify import Classifier
from pipeline.compare import compare
from pipeline.errors import InputError
from pipeline.evaluate import Predictions, Strings, predict
from pipeline.features import batch
from pipeline.labels import Label, settled
from pipeline.suspects import Suspect, suspects
from pipeline.train import Judged
from pipeline.train.adapt import adapt
from pipeline.train.examples import TRUSTED
from pipeline.train.folds import near, together
from pipeline.train.held import text_ids
from pipeline.train.progress import Tell, silent
from pipeline.train.report import card
from pipeline.verdict import Verdict, verdict

RECENT = 200
_ENOUGH = 50
"""Fewer rows decide nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """A recent item of which the candidate says something else than the working model.

    effect : "fixed", "broken" or "other" (both are wrong).
    """

    label: Label
    before: str
    after: str
    effect: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a retraining came to.

    against : the model it was compared with, by name and hash.
    crossed, late : how the candidate differs from it, as `pipeline.compare.compare`: by folds, and on the latest rows
        by a fit on the earlier ones. None where there are too few rows.
    changes, recent : among the `recent` latest items.
    doubts : labels to read again.
    """

    meta: dict[str, Any]
    against: str
    crossed: dict[str, Any] | None
    late: dict[str, Any] | None
    changes: tuple[Change, ...]
    recent: int
    doubts: tuple[tuple[Label, Suspect], ...]
    verdict: Verdict

    def counts(self) -> dict[str, int]:
        """Return how many of the recent items changed, by effect."""
        return {name: sum(each.effect == name for each in self.changes) for name in ("fixed", "broken", "other")}

    def told(self) -> dict[str, Any]:
        """Return what is kept of it with the model: figures, no texts."""
        return {
            "against": self.against,
            "verdict": {"kind": self.verdict.kind, "lines": list(self.verdict.lines)},
            "crossed": self.crossed,
            "late": self.late,
            "recent": {"rows": self.recent, **self.counts()},
            "doubts": len(self.doubts),
        }


def retrain(
    labels: Sequence[Label],
    folder: Path,
    *,
    sources: dict[str, str],
    current: str | None = None,
    tell: Tell = silent,
) -> Outcome:
    """Adapt the model that ships to labels, judge the candidate, and write its folder.

    Parameters
    ----------
    labels : of officers' work; several rows for one item are settled first.
    folder : of the candidate; its name is the model's.
    sources : name → hash of what the labels were read from.
    current : the model to compare with; the working one where None.
    tell : is told each step; what it raises ends the work, and nothing is written.

    Raises
    ------
    InputError, ModelError
        Where the labels are too few, or the current model cannot be used.
    """
    used = [label for label in settled(labels) if label.weight > 0]
    if not used:
        raise InputError("没有一行能用来训练：标签的权重都是 0。被退回（handed_back）的来件请先由别人重新判读。")
    now, meta = registry.load(current)
    shipped = registry.load(registry.SHIPPED)
    examples = [label.example() for label in used]
    trained = adapt(*shipped, examples, folder.name, sources=sources, tell=tell)
    tell("与现用模型逐件比较")
    contest = _Contest.of(now, registry.seen(current), used)
    crossed, late = contest.held(trained.crossed), contest.held(trained.late)
    found = [compare(each.before, each.after, each.groups) if each else None for each in (crossed, late)]
    changes = crossed.changes() if crossed else ()
    doubts = suspects(trained.crossed, 0, [label.topic for label in used])
    outcome = Outcome(
        meta=trained.meta,
        against=artefact.model_id(meta),
        crossed=found[0],
        late=found[1],
        changes=changes,
        recent=min(RECENT, len(crossed.rows)) if crossed else 0,
        doubts=tuple((used[each.row], each) for each in doubts),
        verdict=verdict(folder.name, *found),
    )
    outcome.meta["retrained"] = outcome.told()
    tell("写出模型")
    artefact.save(folder, outcome.meta, trained.arrays, card(outcome.meta))
    return outcome


@dataclass(frozen=True, slots=True)
class _Both:
    """What the working model and the candidate say of the same labels; `groups` as in `pipeline.compare.compare`."""

    rows: list[Label]
    before: Predictions
    after: Predictions
    groups: Strings

    def changes(self) -> tuple[Change, ...]:
        """Return the changes among the latest items, the latest last."""
        order = sorted(range(len(self.rows)), key=lambda at: self.rows[at].day)[-RECENT:]
        found = []
        for at in order:
            truth, before, after = (str(each[at]) for each in (self.before.truth, self.before.said, self.after.said))
            if before != after:
                effect = "fixed" if after == truth else "broken" if before == truth else "other"
                found.append(Change(self.rows[at], before, after, effect))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class _Contest:
    """The labels on which two models can be compared fairly.

    groups : (labels,) those of one matter have the same.
    fair : (labels,) whether it is trusted, and of no matter of which the working model was trained on a text.
    """

    now: Classifier
    used: Sequence[Label]
    groups: Strings
    fair: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, now: Classifier, seen: npt.NDArray[np.uint64], used: Sequence[Label]) -> _Contest:
        """Find which labels are fair; `seen`: numbers of the texts that the working model was trained on."""
        groups = near(batch([row.text for row in used]), now.vocabulary)
        groups = together(groups, np.array([row.issue for row in used]))
        numbers = set(seen.tolist())
        known = np.array([int(text_ids([row.text])[0]) in numbers for row in used])
        trusted = np.array([row.weight >= TRUSTED for row in used])
        return cls(now, used, groups, trusted & ~np.isin(groups, groups[known]))

    def held(self, found: Judged | None) -> _Both | None:
        """Return what both models say of the labels that are fair; None where they are too few."""
        if found is None:
            return None
        found = found.only(np.flatnonzero(self.fair[found.rows]))
        rows = [self.used[row] for row in found.rows.tolist()]
        truth = np.array([row.topic for row in rows])
        if len(rows) < _ENOUGH or len(np.unique(truth)) < 2:
            return None
        before = predict(self.now, [row.text for row in rows], truth)
        return _Both(rows, before, _predictions(found, truth), self.groups[found.rows])


def _predictions(found: Judged, truth: Strings) -> Predictions:
    """Return held-out answers as predictions among the labels of the truth, as `pipeline.evaluate.predict` does."""
    among = [at for at, name in enumerate(found.names) if name in set(truth.tolist())]
    chances = found.chances[:, among]
    share = chances.max(axis=1) / np.maximum(chances.sum(axis=1), 1e-9)
    return Predictions(truth, np.array(found.names)[among][chances.argmax(axis=1)], share, [])
