"""Model folders: arrays and JSON, never a pickle; loading one runs no code and trusts nothing.

models/NAME/meta.json    what it is: labels, versions, hashes, scores
models/NAME/card.md      the same for people
models/NAME/*.npy        the arrays, each with its hash in meta.json
"""

from __future__ import annotations

import hashlib
import io
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


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def seal(meta: Mapping[str, Any]) -> str:
    """Return the hash of all that meta.json says but the seal itself."""
    rest = {name: value for name, value in meta.items() if name != "seal"}
    return _hash(json.dumps(rest, ensure_ascii=False, sort_keys=True).encode())


def save(folder: Path, meta: Mapping[str, Any], arrays: Mapping[str, Array], card: str) -> None:
    """Write a model folder beside its place, then put it there: no half-written model is ever seen."""
    beside, before = (folder.with_name(f".{folder.name}.{state}") for state in ("new", "old"))
    for path in (beside, before):
        shutil.rmtree(path, ignore_errors=True)
    beside.mkdir(parents=True)
    hashes = {}
    for name, array in sorted(arrays.items()):
        np.save(beside / f"{name}.npy", array, allow_pickle=False)
        hashes[name] = _hash((beside / f"{name}.npy").read_bytes())
    body = {"format": FORMAT, **meta, "arrays": hashes}
    body["seal"] = seal(body)
    text = json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (beside / "meta.json").write_text(text, encoding="utf-8")
    (beside / "card.md").write_text(card, encoding="utf-8")
    if folder.exists():
        folder.rename(before)
    beside.rename(folder)
    shutil.rmtree(before, ignore_errors=True)


def load(folder: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return meta and arrays of a model folder, verified against its hashes and its seal.

    Raises
    ------
    ModelError
        Where the folder is missing, damaged, of another format, or holds what is no plain array.
    """
    again = "请用 minyi train 重新训练，或用 --model 另选一个模型；正在使用的可用 minyi models rollback 退回上一个。"
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
    if meta.get("seal", seal(meta)) != seal(meta):  # models of version 0.1.0 have none
        raise ModelError(f"{folder}：meta.json 的内容与它的校验值不符，文件已损坏或被改动。{again}")
    arrays = {}
    for name, expected in hashes.items():
        path = folder / f"{Path(name).name}.npy"
        try:
            content = path.read_bytes()
            if _hash(content) != expected:
                raise ModelError(f"{path}：内容与 meta.json 的校验值不符，文件已损坏或被改动。{again}")
            arrays[name] = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise ModelError(f"{path}：读不出来（{error}）。{again}") from error
    return meta, arrays


def model_id(meta: Mapping[str, Any]) -> str:
    """Return name and short hash of a model, as it is stamped on decisions."""
    joined = "".join(meta["arrays"][name] for name in sorted(meta["arrays"]))
    return f"{meta.get('name', '?')}@{hashlib.sha256(joined.encode()).hexdigest()[:12]}"
