"""Retraining as a job: the labels that officers gave, frozen, on top of what the project knows, and a plain verdict.

Nothing is kept before all is done: until then the labels lie in labels/.JOB, and those of an earlier model of that name
stay. A job that was killed begins again with the labels of then; one that was cancelled or failed leaves neither labels
nor a model.
"""

from __future__ import annotations

import itertools
import re
import resource
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pipeline.errors import InputError
from pipeline.knowledge import SHIPPED_MODELS, model_folder, models_folder
from service.accounts.actor import Actor
from service.desk import labels
from service.desk.errors import RuleError
from service.jobs import queue
from service.jobs.queue import Held, LostError
from service.store import Job, Store

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pipeline.retrain import Change, Outcome

_NAME = re.compile(r"\w[\w-]{0,63}")
STEPS = 20
"""About so many steps are told of; more of them where there are dates."""
_EXAMPLES = 10
_DOUBTS = 200
"""So many changes each way, and so many doubtful labels, are kept with the job."""


def begin(session: Session, actor: Actor, name: str) -> Job:
    """Put a retraining into the queue, within a write; what works stays as it is.

    Raises
    ------
    RuleError, ConflictError
        Where the name cannot be that of a new model, or another retraining has not ended.
    """
    if not _NAME.fullmatch(name):
        raise RuleError(
            f"模型名“{name}”不能用：只能有汉字、字母、数字、下划线和连字符，不以连字符开头，最多 64 个。请换一个名字。",
            "name",
        )
    if _is_taken(name):
        free = next(each for number in itertools.count(2) if not _is_taken(each := f"{name[:60]}-{number}"))
        whose = "是自带模型的名字" if (SHIPPED_MODELS / name).exists() else "已经有了"
        raise RuleError(f"模型名“{name}”{whose}，训练不能覆盖它。请换一个没有用过的名字，如“{free}”。", "name")
    return queue.put(session, actor, "retrain", {"name": name})


def _is_taken(name: str) -> bool:
    """Return whether there is a model of that name, or was one that may be gone back to."""
    from pipeline import registry

    there = any((folder / name).exists() for folder in (models_folder(), SHIPPED_MODELS))
    return there or name in (each for each, _ in registry.stack())


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
    folder = model_folder(name, new=True)
    path = _parts(data, held.id) / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with held.store.reading() as session:
            frozen = labels.freeze(labels.rows(session), path)
        if not frozen.rows:
            raise InputError("还没有可以用来训练的复核记录。请先复核一些来件。")
        given = read([path])
        outcome = retrain(given, folder, sources=sources([path], given), tell=_Steps(held))
        path.replace(kept(data, name))
    except LostError:  # who took it over works in the same place
        raise
    except BaseException:
        drop(data, held.id, name)
        raise
    drop(data, held.id, name)
    spent = {"seconds": round(time.monotonic() - began), "mb": _memory()}
    return {"model": name, "labels": frozen.hash, "rows": frozen.rows, "of": frozen.sources} | spent | told(outcome)


def expected(rows: int) -> int:
    """Return about how many minutes a training on so many labels takes on a small machine; see benchmarks/README.md."""
    return 3 + rows // 5_000


def kept(data: Path, name: str) -> Path:
    """Return where the labels lie that a model was trained on."""
    return data / "labels" / f"{name}.jsonl"


def _parts(data: Path, which: int) -> Path:
    """Return where the labels lie while a job works on them; as long as it is there, there is something to remove."""
    return data / "labels" / f".{which}"


def drop(data: Path, which: int, name: str) -> None:
    """Remove what a job has not finished."""
    folder = model_folder(name, new=True)
    shutil.rmtree(folder.with_name(f".{folder.name}.new"), ignore_errors=True)
    shutil.rmtree(_parts(data, which), ignore_errors=True)


def sweep(store: Store, data: Path) -> None:
    """Remove what jobs left that were killed, and will not go on: cancelled while they waited, or tried too often."""
    left = [int(path.name[1:]) for path in data.glob("labels/.*") if path.name[1:].isdecimal()]
    if not left:
        return
    with store.reading() as session:
        query = select(Job).where(Job.id.in_(left), Job.kind == "retrain", Job.ended_at.is_not(None))
        ended = session.scalars(query).all()
    for job in ended:
        drop(data, job.id, str(job.what["name"]))


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
