"""Which models there are and which of them works: a small file beside the models, with who changed it, when and why.

models/current.json holds steps, the latest last, and is only ever added to. The model that ships works where no step
says otherwise, and is always there to go back to.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline import artefact, inputs
from pipeline.classify import PRECISION, Classifier
from pipeline.errors import InputError, ModelError
from pipeline.knowledge import SHIPPED_MODELS, model_folder, models_folder

SHIPPED = "base"
ONLOOKER = "onlooker.json"
"""The file beside the models that names the one that looks on."""
_FILE = "current.json"


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the working model.

    action : "promote" or "rollback".
    model, id : what works from here on; name and hash.
    before : what worked until then.
    who, when, why : of the change; `when` as the service layer gives it.
    overruled : the objections that were set aside by force.
    """

    action: str
    model: str
    id: str
    before: str
    who: str
    when: str
    why: str = ""
    overruled: tuple[str, ...] = ()


def history() -> list[Step]:
    """Return all changes of the working model, the earliest first.

    Raises
    ------
    ModelError
        Where the file is damaged.
    """
    path = models_folder() / _FILE
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))["steps"]
        steps = [Step(**{**step, "overruled": tuple(step["overruled"])}) for step in listed]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}：读不出来（{error}）。请从备份恢复；删去它则回到自带的 {SHIPPED}。") from error
    for step in steps:
        if step.action not in ("promote", "rollback") or not isinstance(step.model, str):
            raise ModelError(f"{path}：不认识的一步“{step.action}”。请从备份恢复；删去它则回到自带的 {SHIPPED}。")
    return steps


def stack() -> list[tuple[str, str | None]]:
    """Return the models (name, id) that can be gone back to, the working one last, the one that ships first.

    The id of the one that ships is None: it changes with the software.
    """
    found: list[tuple[str, str | None]] = [(SHIPPED, None)]
    for step in history():
        if step.action == "rollback":
            found.pop()
            while found and found[-1][0] != step.model:
                found.pop()
            found = found or [(SHIPPED, None)]
        elif step.model == SHIPPED:
            found.append((SHIPPED, None))
        else:
            found.append((step.model, step.id))
    return found


def working() -> str:
    """Return the name of the working model."""
    return stack()[-1][0]


def load(name: str | None = None, precision: float = PRECISION) -> tuple[Classifier, dict[str, Any]]:
    """Return classifier and meta of a model, the working one where no name is given.

    Raises
    ------
    ModelError
        Where the folder is damaged or foreign, was trained with other inputs, or has changed since it was promoted.
    """
    expected = None
    if name is None:
        name, expected = stack()[-1]
    classifier, meta = Classifier.load(model_folder(name), precision)
    inputs.check(meta)
    if expected not in (None, artefact.model_id(meta)):
        raise ModelError(
            f"正在使用的模型 {name} 自启用后被改动过（启用时 {expected}，现在 {artefact.model_id(meta)}）。"
            f"请用 minyi models promote {name} 重新启用，或用 minyi models rollback 退回上一个。"
        )
    return classifier, meta


def seen(name: str | None = None) -> npt.NDArray[np.uint64]:
    """Return the numbers of the texts of an office that a model was trained on; see `pipeline.train.held.text_ids`."""
    _, arrays = artefact.load(model_folder(name or working()))
    return arrays.get("seen", np.zeros(0, np.uint64))


def names() -> Iterator[tuple[str, dict[str, Any] | ModelError]]:
    """Yield the models that there are, in alphabetical order: name, and meta or why it cannot be used."""
    there = {path.parent.name for folder in (models_folder(), SHIPPED_MODELS) for path in folder.glob("*/meta.json")}
    for name in sorted(name for name in there if not name.startswith(".")):
        try:
            meta, _ = artefact.load(model_folder(name))
            if "heads" in meta:  # models/language is of another kind
                yield name, load(name)[1]
        except ModelError as error:
            yield name, error
        except InputError:
            continue  # a folder whose name no command would take


def labels(meta: Mapping[str, Any]) -> set[str]:
    """Return the topics of a model, with both levels."""
    return {str(label) for head in meta["heads"] if head["name"] == "topic" for label in head["labels"]}


def objections(meta: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what speaks against a model in the place of the working one: topics that routing does not expect."""
    more, fewer = labels(meta) - labels(now), labels(now) - labels(meta)
    if more or fewer:
        shown = "、".join(sorted(more or fewer)[:3])
        return [f"主题不同：多 {len(more)} 个，少 {len(fewer)} 个（如 {shown}），分派对照表可能对不上"]
    return []


def worse_by_card(meta: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in which of its own scores a model is below the working one; the cards may be of different texts."""
    found = []
    for key, name in (("level1_accuracy", "一级主题准确率"), ("level1_macro_f1", "一级主题 macro-F1")):
        ours, theirs = meta["cross_validation"].get(key), now["cross_validation"].get(key)
        if ours is not None and theirs is not None and ours < theirs:
            found.append(f"模型卡上的{name} {ours:.4f} 低于正在使用的 {now['name']}（{theirs:.4f}）")
    return found


def worse(meta: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in what a model is worse than the working one: by the verdict, where the two were compared, else by card.

    A comparison is of the same labels; cards may be of different texts.
    """
    judged = meta.get("retrained")
    if not judged or judged["against"] != artefact.model_id(now):
        return worse_by_card(meta, now)
    verdict = judged["verdict"]
    return [verdict["lines"][0].rstrip("。")] if verdict["kind"] in ("worse", "unknown") else []


def promote(name: str, *, who: str, when: str, why: str, against: Sequence[str], force: bool) -> Step:
    """Make a model the working one; it looks on no more.

    Parameters
    ----------
    name : of a model that loads.
    who, when, why : recorded; the time comes from the caller, nothing here knows the clock.
    against : what speaks against it: refused unless forced, and then recorded.

    Raises
    ------
    ModelError, InputError
        Where it cannot be used, something speaks against it, or it is forced without a reason.
    """
    _, meta = load(name)
    if against and not force:
        listed = "；".join(against)
        raise ModelError(f"没有启用 {name}：{listed}。确要启用，请加 --force --reason “理由”，理由会记录在案。")
    if force and not why.strip():
        raise InputError("--force 必须同时用 --reason 说明理由：理由会记录在案。")
    step = _add(Step("promote", name, artefact.model_id(meta), working(), who, when, why.strip(), tuple(against)))
    end_trial(name)
    return step


def end_trial(name: str) -> bool:
    """Let a model look on no more (see `pipeline.onlooker`); return whether it did."""
    path = models_folder() / ONLOOKER
    try:
        there = bool(json.loads(path.read_text(encoding="utf-8"))["model"] == name)
    except (OSError, ValueError, TypeError, KeyError):
        return False
    if there:
        path.unlink(missing_ok=True)
    return there


def rollback(*, who: str, when: str, why: str, to: str | None = None) -> Step:
    """Go back to the model that worked before, or to an earlier one by name.

    Raises
    ------
    ModelError, InputError
        Where there is nothing to go back to, or that model cannot be used any more.
    """
    earlier = stack()
    now, _ = earlier.pop()
    if not earlier:
        raise InputError(f"没有可退回的模型：正在使用的就是自带的 {SHIPPED}。")
    known = [name for name, _ in earlier]
    if to is not None and to not in known:
        raise InputError(f"--to {to}：以前没有启用过。可以退回的：{'、'.join(dict.fromkeys(reversed(known)))}。")
    target, expected = next(pair for pair in reversed(earlier) if to in (None, pair[0]))
    _, meta = load(target)
    if expected not in (None, artefact.model_id(meta)):
        raise ModelError(f"{target} 自停用后被改动过，退不回原样。请用 minyi models rollback --to {SHIPPED}。")
    return _add(Step("rollback", target, artefact.model_id(meta), now, who, when, why.strip()))


def _add(step: Step) -> Step:
    put(models_folder() / _FILE, {"steps": [asdict(each) for each in (*history(), step)]})
    return step


def put(path: Path, told: Mapping[str, Any]) -> None:
    """Write a small file beside the models, whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise ModelError(
            f"{path}：写不进去（{error.strerror}）。请检查权限，或用 MINYI_MODELS 指定本单位的模型文件夹。"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def check_trainable(name: str, *, own: bool) -> None:
    """Raise `InputError` where training under a name would lose a model that is needed.

    Parameters
    ----------
    own : whether it is trained on an office's data; the name of the model that ships is for corpora/ alone.
    """
    if name == SHIPPED and own:
        raise InputError(
            f"--name {name}：这是自带模型的名字，随时要能退回它。请换一个名字，再用 minyi models promote 启用。"
        )
    if name != SHIPPED and name in (each for each, _ in stack()):
        raise InputError(
            f"--name {name}：这个模型正在使用，或随时可能要退回它，不能覆盖。"
            "请换一个名字，再用 minyi models promote 启用。"
        )
