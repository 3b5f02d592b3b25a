"""Retraining as a job: the labels that officers gave, frozen, on top of what the project knows, and a plain verdict.

Nothing is kept before all is done. A job that was killed begins again with the labels of then; one that was cancelled
or failed leaves neither labels nor a model.
"""

from __future__ import annotations

import resource
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import InputError
from pipeline.knowledge import model_folder
from service.desk import labels
from service.jobs.queue import Held

if TYPE_CHECKING:
    from pipeline.retrain import Change, Outcome

STEPS = 20
"""About so many steps are told of; more of them where there are dates."""
_EXAMPLES = 10
_DOUBTS = 200
"""So many changes each way, and so many doubtful labels, are kept with the job."""


def run(held: Held, data: Path) -> dict[str, Any]:
    """Train a candidate, and compare it with the working model; it is promoted by a person.

    Parameters
    ----------
    held : `what` names the model: {"name": …}.
    data : the data folder; the labels are kept in it, and their hash in the job.

    Raises
    ------
    InputError
        Where nobody has reviewed anything yet, or the name is that of a model that is needed.
    """
    from pipeline import registry
    from pipeline.labels import read, sources
    from pipeline.retrain import retrain

    began, name = time.monotonic(), str(held.what["name"])
    registry.check_trainable(name, own=True)
    path = kept(data, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with held.store.reading() as session:
            frozen = labels.freeze(labels.rows(session), path)
        if not frozen.rows:
            raise InputError("还没有可以用来训练的复核记录。请先复核一些来件。")
        given = read([path])
        outcome = retrain(given, model_folder(name, new=True), sources=sources([path], given), tell=_Steps(held))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    spent = {"seconds": round(time.monotonic() - began), "mb": _memory()}
    return {"model": name, "labels": frozen.hash, "rows": frozen.rows, "of": frozen.sources} | spent | told(outcome)


def expected(rows: int) -> int:
    """Return about how many minutes a training on so many labels takes on a small machine; see benchmarks/README.md."""
    return 3 + rows // 5_000


def kept(data: Path, name: str) -> Path:
    """Return where the labels lie that a model was trained on."""
    return data / "labels" / f"{name}.jsonl"


def drop(data: Path, what: dict[str, Any]) -> None:
    """Remove what a job left that was ended from outside, unless a whole model came of it."""
    folder = model_folder(str(what["name"]), new=True)
    shutil.rmtree(folder.with_name(f".{folder.name}.new"), ignore_errors=True)
    if not folder.exists():
        kept(data, folder.name).unlink(missing_ok=True)


class _Steps:
    """Books each step of a training in its job; where that was cancelled, the training ends there."""

    def __init__(self, held: Held) -> None:
        self.held, self.done = held, 0

    def __call__(self, step: str) -> None:
        total = max(STEPS, self.done + 1)
        with self.held.store.writing(ordered=False) as session:
            self.held.step(session, done=self.done, total=total, result={"step": step})
        self.done += 1


def told(outcome: Outcome) -> dict[str, Any]:
    """Return what is kept of a retraining: figures and labels; the texts are told apart, to who may read them then."""
    changes = [_change(each) for effect in ("fixed", "broken", "other") for each in outcome.changes
               if each.effect == effect]  # fmt: skip
    shown = [each for effect in ("fixed", "broken", "other")
             for each in [change for change in changes if change["effect"] == effect][-_EXAMPLES:]]  # fmt: skip
    doubts = [{"id": label.id, **asdict(each)} for label, each in outcome.doubts[:_DOUBTS]]
    report = outcome.meta["report"]
    return outcome.told() | {
        "doubts": len(outcome.doubts), "doubtful": doubts, "changes": shown, "examples": outcome.meta["examples"],
        "accuracy": report["accuracy"], "macro_f1": report["macro_f1"], "dials": outcome.meta["dials"],
    }  # fmt: skip


def _change(each: Change) -> dict[str, str]:
    return {"id": each.label.id, "label": each.label.topic, "before": each.before, "after": each.after,
            "effect": each.effect}  # fmt: skip


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
