"""The candidate that looks on (旁观): it judges what comes in beside the working model, and has no say."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from pipeline import artefact, registry
from pipeline.errors import InputError, ModelError
from pipeline.knowledge import model_folder, models_folder


@dataclass(frozen=True, slots=True)
class Onlooker:
    """A candidate that judges what comes in beside the working model, and has no say (旁观).

    model, id : name and hash.
    who, when : let it look on.
    """

    model: str
    id: str
    who: str
    when: str


def current() -> Onlooker | None:
    """Return the candidate that looks on, None where there is none or it was changed or removed since."""
    try:
        told = json.loads((models_folder() / registry.ONLOOKER).read_text(encoding="utf-8"))
        found = Onlooker(**told)
        meta, _ = artefact.load(model_folder(found.model))
    except (OSError, ValueError, TypeError, ModelError, InputError):
        return None
    return found if artefact.model_id(meta) == found.id else None


def begin(name: str, *, who: str, when: str) -> Onlooker:
    """Let a candidate look on instead of the one before.

    Raises
    ------
    ModelError, InputError
        Where it cannot be used, or is the working model itself.
    """
    if name == registry.working():
        raise InputError(f"{name} 正在使用，不必旁观。请选一个候选模型。")
    _, meta = registry.load(name)
    found = Onlooker(name, artefact.model_id(meta), who, when)
    registry.put(models_folder() / registry.ONLOOKER, asdict(found))
    return found


def end(name: str) -> bool:
    """Let a candidate look on no more; return whether it did."""
    return registry.end_trial(name)
