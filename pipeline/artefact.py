"""Model folders: arrays and JSON, never a pickle; loading one runs no code and trusts nothing.

models/NAME/meta.json    what it is: labels, versions, hashes, scores
models/NAME/card.md      the same for people
models/NAME/*.npy        the arrays, each with its hash in meta.json
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelError

FORMAT = 1
Array = npt.NDArray[Any]


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def save(folder: Path, meta: Mapping[str, Any], arrays: Mapping[str, Array], card: str) -> None:
    """Write a model folder beside its place, then put it there: no half-written model is ever seen."""
    beside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    hashes = {}
    for name, array in sorted(arrays.items()):
        np.save(beside / f"{name}.npy", array, allow_pickle=False)
        hashes[name] = _hash(beside / f"{name}.npy")
    body = {"format": FORMAT, **meta, "arrays": hashes}
    text = json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (beside / "meta.json").write_text(text, encoding="utf-8")
    (beside / "card.md").write_text(card, encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)


def load(folder: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return meta and arrays of a model folder, verified against its hashes.

    Raises
    ------
    ModelError
        Where the folder is missing, damaged, of another format, or holds what is no plain array.
    """
    again = "请用 minyi train 重新训练，或用 --model 另选一个模型。"
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        hashes = dict(meta["arrays"])
    except FileNotFoundError as error:
        raise ModelError(
            f"{folder}：不是模型文件夹（缺 {error.filename and Path(error.filename).name}）。{again}"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}：meta.json 已损坏（{error}）。{again}") from error
    if meta.get("format") != FORMAT:
        raise ModelError(f"{folder}：模型格式是 {meta.get('format')}，本软件读的是 {FORMAT}。{again}")
    arrays = {}
    for name, expected in hashes.items():
        path = folder / f"{Path(name).name}.npy"
        try:
            if _hash(path) != expected:
                raise ModelError(f"{path}：内容与 meta.json 的校验值不符，文件已损坏或被改动。{again}")
            array = np.load(path, allow_pickle=False)
            if not isinstance(array, np.ndarray):
                raise ValueError("不是数组")
            arrays[name] = array
        except (OSError, ValueError, EOFError) as error:
            raise ModelError(f"{path}：读不出来（{error}）。{again}") from error
    return meta, arrays


def model_id(meta: Mapping[str, Any]) -> str:
    """Return name and short hash of a model, as it is stamped on decisions."""
    joined = "".join(meta["arrays"][name] for name in sorted(meta["arrays"]))
    return f"{meta.get('name', '?')}@{hashlib.sha256(joined.encode()).hexdigest()[:12]}"
