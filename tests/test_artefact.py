"""Model folders: what was saved is loaded again; what is damaged or foreign is refused, with the way out."""

from __future__ import annotations

import gc
import hashlib
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import NAME, train_tiny

from pipeline import artefact
from pipeline.classify import Classifier
from pipeline.errors import MinyiError, ModelError
from pipeline.triage import Triage

ARRAYS = {"keys": np.arange(5, dtype=np.uint64), "weights": np.ones((5, 2), np.int8)}
META = {"name": "toy", "labels": ["城乡建设", "政法"]}
WAY_OUT = "请用 minyi train 重新训练"


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    artefact.save(tmp_path / "toy", META, ARRAYS, "# toy\n")
    return tmp_path / "toy"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("models") / NAME
    train_tiny(path)
    return path


def change_meta(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    change(meta)
    meta["seal"] = artefact.seal(meta)  # as somebody would who means harm
    (folder / "meta.json").write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")


def put(folder: Path, name: str, content: bytes) -> None:
    """Replace an array and its hash."""
    (folder / f"{name}.npy").write_bytes(content)
    change_meta(folder, lambda meta: meta["arrays"].update({name: hashlib.sha256(content).hexdigest()}))


def npy(array: np.ndarray, path: Path) -> bytes:
    np.save(path / "x.npy", array, allow_pickle=True)
    return (path / "x.npy").read_bytes()


def test_round_trip(toy: Path) -> None:
    meta, arrays = artefact.load(toy)
    assert {name: meta[name] for name in META} == META
    assert meta["format"] == artefact.FORMAT
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert (arrays[name] == array).all()
    assert (toy / "card.md").read_text(encoding="utf-8") == "# toy\n"


def test_saving_replaces_and_leaves_nothing_beside(toy: Path) -> None:
    (toy / "old.npy").write_bytes(b"")
    artefact.save(toy, META, {"keys": ARRAYS["keys"]}, "")
    assert sorted(path.name for path in toy.iterdir()) == ["card.md", "keys.npy", "meta.json"]
    assert [path.name for path in toy.parent.iterdir()] == ["toy"]


def test_saving_is_the_same_byte_for_byte(toy: Path, tmp_path: Path) -> None:
    artefact.save(tmp_path / "again" / "toy", dict(reversed(META.items())), ARRAYS, "# toy\n")
    for path in toy.iterdir():
        assert (tmp_path / "again" / "toy" / path.name).read_bytes() == path.read_bytes()


def test_id_tells_models_apart(toy: Path, tmp_path: Path) -> None:
    artefact.save(tmp_path / "other", META, {**ARRAYS, "keys": ARRAYS["keys"] + 1}, "")
    ours, theirs = (artefact.model_id(artefact.load(path)[0]) for path in (toy, tmp_path / "other"))
    assert ours.startswith("toy@")
    assert ours != theirs


def test_objects_are_not_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        artefact.save(tmp_path / "toy", META, {"keys": np.array([{}], object)}, "")
    assert not (tmp_path / "toy").exists()


def refused(folder: Path, *words: str) -> None:
    with pytest.raises(ModelError) as told:
        artefact.load(folder)
    message = str(told.value)
    assert WAY_OUT in message
    assert all(word in message for word in (folder.name, *words))


def test_missing_folder(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", "不是模型文件夹", "meta.json")


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused(tmp_path / "file", "meta.json")


@pytest.mark.parametrize("name", ["keys.npy", "weights.npy"])
def test_missing_array(toy: Path, name: str) -> None:
    (toy / name).unlink()
    refused(toy, name, "读不出来")


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"\0", lambda b: b[:-1] + b"\xff", lambda b: b""])
def test_damaged_array(toy: Path, change: Callable[[bytes], bytes]) -> None:
    path = toy / "keys.npy"
    path.write_bytes(change(path.read_bytes()))
    refused(toy, "keys.npy", "校验值不符")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"7", b"{}", b'{"format": 1}', b'{"format": 1, "arrays": 3}', b"\xff\xfe\x00"],
)
def test_damaged_meta(toy: Path, content: bytes) -> None:
    (toy / "meta.json").write_bytes(content)
    refused(toy, "meta.json")


@pytest.mark.parametrize("number", [0, 2, "1", None])
def test_foreign_format(toy: Path, number: object) -> None:
    change_meta(toy, lambda meta: meta.update(format=number))
    refused(toy, f"模型格式是 {number}")


@pytest.mark.parametrize(
    "change", [lambda m: m.update(labels=["政法"]), lambda m: m.pop("name"), lambda m: m.update(x=1)]
)
def test_a_meta_that_was_changed(toy: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    meta = json.loads((toy / "meta.json").read_text(encoding="utf-8"))
    change(meta)
    (toy / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    refused(toy, "meta.json", "校验值不符")


def test_the_seal_survives_another_layout(toy: Path) -> None:
    meta = json.loads((toy / "meta.json").read_text(encoding="utf-8"))
    (toy / "meta.json").write_text(json.dumps(dict(reversed(meta.items())), indent=4), encoding="utf-8")
    assert artefact.load(toy)[0] == meta


class Harm:
    """What a pickle can do: make a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def test_a_pickle_in_place_of_an_array(toy: Path, tmp_path: Path) -> None:
    put(toy, "keys", pickle.dumps(Harm(tmp_path / "harm")))
    refused(toy, "keys.npy")
    assert not (tmp_path / "harm").exists()


def test_an_array_of_objects(toy: Path, tmp_path: Path) -> None:
    put(toy, "keys", npy(np.array([Harm(tmp_path / "harm")], object), tmp_path))
    refused(toy, "keys.npy")
    assert not (tmp_path / "harm").exists()


def test_an_empty_array_with_its_hash(toy: Path) -> None:
    put(toy, "keys", b"")
    refused(toy, "keys.npy")


def test_an_archive_in_place_of_an_array(toy: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", keys=ARRAYS["keys"])
    put(toy, "keys", (tmp_path / "x.npz").read_bytes())
    refused(toy, "keys.npy")
    gc.collect()  # so that a file left open is told of here


@pytest.mark.parametrize("name", ["../secret", "/secret", "..", "a/../../secret", "x\0y", "../toy/keys"])
def test_path_traversal(toy: Path, name: str) -> None:
    """An array named by a path is not read from there, even where the hash is right."""
    secret = npy(np.arange(3), toy.parent)
    (toy.parent / "secret.npy").write_bytes(secret)
    change_meta(toy, lambda meta: meta["arrays"].update({name: hashlib.sha256(secret).hexdigest()}))
    refused(toy)


def without(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda meta: meta.pop(name)


def head(**change: object) -> Callable[[dict[str, Any]], Any]:
    return lambda meta: meta["heads"][0].update(change)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(without("heads"), id="no heads"),
        pytest.param(without("dials"), id="no dials"),
        pytest.param(lambda meta: meta["heads"].pop(0), id="no topics"),
        pytest.param(lambda meta: meta["arrays"].pop("weights"), id="no weights"),
        pytest.param(lambda meta: meta["heads"][0].pop("labels"), id="no labels"),
        pytest.param(head(labels=["没有分隔符"]), id="labels without a second level"),
        pytest.param(lambda meta: meta.update(heads=3), id="heads is no list"),
        pytest.param(head(start=9999), id="columns outside"),
        pytest.param(head(sharpness="x"), id="sharpness"),
        pytest.param(lambda meta: meta["dials"][0].update(threshold="x"), id="threshold"),
        pytest.param(lambda meta: meta["dials"][0].pop("precision"), id="a promise of nothing"),
        pytest.param(
            lambda meta: meta["heads"].pop(1),
            id="no intents",
        ),
    ],
)
def test_a_model_that_is_not_ours(trained: Path, tmp_path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    folder = tmp_path / NAME
    shutil.copytree(trained, folder)
    change_meta(folder, change)
    with pytest.raises(ModelError, match="请用 minyi train"):
        Classifier.load(folder)


@pytest.mark.parametrize("name", ["scale", "bias", "weights", "idf", "word_keys", "word_idf"])
def test_arrays_that_do_not_fit_each_other(trained: Path, tmp_path: Path, name: str) -> None:
    """Two arrays of one model that were mixed up with those of another one."""
    folder = tmp_path / NAME
    shutil.copytree(trained, folder)
    put(folder, name, npy(np.load(folder / f"{name}.npy")[:-1], tmp_path))
    with pytest.raises(ModelError, match="请用 minyi train"):
        Classifier.load(folder)


def test_what_triage_needs_of_the_meta(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(trained, tmp_path / NAME)
    monkeypatch.setenv("MINYI_MODELS", str(tmp_path))
    change_meta(tmp_path / NAME, without("name"))
    assert Triage.load(model=NAME).model.startswith("?@")  # a name is only a name
    change_meta(tmp_path / NAME, without("examples"))
    with pytest.raises(ModelError):
        Triage.load(model=NAME)


def test_another_folder_of_models(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINYI_MODELS", str(trained.parent))
    assert Triage.load(model=NAME).model.startswith(f"{NAME}@")
    assert Triage.load().model.startswith("base@")  # what ships is there in any case
    with pytest.raises(ModelError, match=r"nowhere.*不是模型文件夹"):
        Triage.load(model="nowhere")


@pytest.mark.parametrize("name", ["../base", "/tmp", "a/b", "..", "", ".hidden", "x\0"])
def test_a_model_name_leads_nowhere_else(name: str) -> None:
    with pytest.raises(MinyiError):
        Triage.load(model=name)
