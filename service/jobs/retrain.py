"""Retraining as a job: the labels that officers gave, frozen, on top of what the project knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from service.desk import labels
from service.jobs.queue import Held


def run(held: Held, data: Path) -> dict[str, Any]:
    """Train a model as `minyi train --base corpora --data LABELS --name NAME` does; it is promoted by a person.

    Parameters
    ----------
    held : `what` names the model: {"name": …}.
    data : the data folder; the labels are kept in it, and their hash in the job.

    Raises
    ------
    InputError
        Where nobody has reviewed anything yet.
    """
    from pipeline import labelled, registry
    from pipeline.knowledge import model_folder
    from pipeline.labelled import Reading
    from pipeline.train import train

    name = str(held.what["name"])
    registry.check_trainable(name, own=True)
    folder = model_folder(name, new=True)
    with held.store.reading() as session:
        kept = data / "labels" / f"{name}.jsonl"
        kept.parent.mkdir(parents=True, exist_ok=True)
        frozen = labels.freeze(session, kept)
    if not frozen.rows:
        raise InputError("还没有可以用来训练的复核记录。请先复核一些来件。")
    examples, sources = labelled.gather([frozen.path], base="corpora", reading=Reading("topic"))
    meta = train(examples, folder, sources=sources)
    report = meta["report"]
    return {
        "model": name, "labels": frozen.hash, "rows": frozen.rows, "examples": meta["examples"],
        "accuracy": report["accuracy"], "macro_f1": report["macro_f1"],
    }  # fmt: skip
