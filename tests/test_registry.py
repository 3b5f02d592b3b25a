"""Which model works: promoting, refusing, forcing with a reason, the way back; nothing in the record is ever lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny import train_tiny

from pipeline import artefact, inputs, onlooker, registry
from pipeline.errors import InputError, MinyiError, ModelError
from pipeline.knowledge import SHIPPED_MODELS
from pipeline.train import corpora_sources
from pipeline.triage import Triage

WHEN = "2026-03-01T09:00:00+08:00"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("trained") / "tiny"
    train_tiny(folder)
    return folder


@pytest.fixture
def models(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the models one and two, of which none works yet."""
    for name in ("one", "two"):
        meta, arrays = artefact.load(trained)
        artefact.save(tmp_path / name, {**meta, "name": name}, arrays, "# card\n")
    monkeypatch.setenv("MINYI_MODELS", str(tmp_path))
    return tmp_path


def change(folder: Path, what: Callable[[dict[str, Any]], Any]) -> None:
    """Change the meta of a model, seal and all."""
    meta, arrays = artefact.load(folder)
    what(meta)
    artefact.save(folder, meta, arrays, "# card\n")


def promote(name: str, **options: Any) -> registry.Step:
    given = {"who": "周", "when": WHEN, "why": "", "against": [], "force": False}
    return registry.promote(name, **{**given, **options})


def rollback(to: str | None = None) -> registry.Step:
    return registry.rollback(who="周", when=WHEN, why="", to=to)


def test_what_ships_works_at_first(models: Path) -> None:
    assert registry.working() == "base"
    assert registry.history() == []
    assert list(models.glob("*.json")) == []


def test_promote(models: Path) -> None:
    step = promote("one", why=" 本地标注训练 ")
    assert (step.model, step.before, step.who, step.when, step.why) == ("one", "base", "周", WHEN, "本地标注训练")
    assert registry.working() == "one"
    assert Triage.load().model == step.id == artefact.model_id(artefact.load(models / "one")[0])
    assert Triage.load(model="base").model.startswith("base@")
    assert registry.history() == [step]


def test_what_works_looks_on_no_more(models: Path) -> None:
    found = onlooker.begin("one", who="周", when=WHEN)
    promote("two")
    assert onlooker.current() == found
    promote("one")
    assert onlooker.current() is None
    rollback()
    assert onlooker.current() is None  # nor does it begin again by itself


def test_the_way_back_is_the_way_there(models: Path) -> None:
    for name in ("one", "two", "base", "two"):
        promote(name)
    went = []
    while registry.working() != "base" or len(registry.stack()) > 1:
        went.append(rollback().model)
    assert went == ["base", "two", "one", "base"]
    with pytest.raises(InputError, match="没有可退回的模型"):
        rollback()
    assert [step.action for step in registry.history()] == ["promote"] * 4 + ["rollback"] * 4


def test_back_to_one_by_name(models: Path) -> None:
    promote("one")
    promote("two")
    with pytest.raises(InputError, match=r"--to three.*one、base"):
        rollback("three")
    assert rollback("base").model == registry.working() == "base"
    assert len(registry.stack()) == 1


def test_promoted_again_after_a_change(models: Path) -> None:
    promote("one")
    change(models / "one", lambda meta: meta.update(dials=meta["dials"][:1]))
    promote("one")
    assert rollback().model == "one"
    assert rollback().model == "base"


def test_what_speaks_against_it_must_be_overruled_with_a_reason(models: Path) -> None:
    with pytest.raises(ModelError, match=r"没有启用 one：更差.*--force --reason"):
        promote("one", against=["更差"])
    with pytest.raises(InputError, match="--reason"):
        promote("one", against=["更差"], force=True, why=" ")
    assert registry.history() == []
    step = promote("one", against=["更差"], force=True, why="只用于试点")
    assert registry.history() == [step]
    assert (step.overruled, step.why) == (("更差",), "只用于试点")


@pytest.mark.parametrize("name", ["nowhere", "../one", ""])
def test_force_does_not_help_where_there_is_no_model(models: Path, name: str) -> None:
    with pytest.raises(MinyiError):
        promote(name, force=True, why="试")
    assert registry.history() == []


def test_a_damaged_model_is_never_promoted(models: Path) -> None:
    (models / "one" / "keys.npy").write_bytes(b"")
    with pytest.raises(ModelError, match=r"keys.npy.*校验值不符"):
        promote("one", force=True, why="试")


def test_a_working_model_that_was_changed_is_refused(models: Path) -> None:
    promote("one")
    meta, arrays = artefact.load(models / "one")
    artefact.save(models / "one", meta, {**arrays, "bias": arrays["bias"] + 1}, "")
    with pytest.raises(ModelError, match=r"one 自启用后被改动过.*promote one.*rollback"):
        Triage.load()
    assert rollback().model == "base"
    assert Triage.load().model.startswith("base@")


def test_a_working_model_that_is_gone_can_be_left(models: Path) -> None:
    promote("one")
    shutil.rmtree(models / "one")
    with pytest.raises(ModelError, match=r"one.*minyi models rollback"):
        Triage.load()
    assert rollback().model == "base"


def test_a_model_to_go_back_to_that_was_changed(models: Path) -> None:
    promote("one")
    promote("two")
    meta, arrays = artefact.load(models / "one")
    artefact.save(models / "one", meta, {**arrays, "bias": arrays["bias"] + 1}, "")
    with pytest.raises(ModelError, match=r"one 自停用后被改动过.*--to base"):
        rollback()
    assert rollback("base").model == "base"


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"steps": 3}', '{"steps": [{}]}', '{"steps": [{"action": "promote"}]}', '{"steps": [7]}'],
)
def test_a_damaged_record(models: Path, content: str) -> None:
    (models / "current.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"current.json.*备份.*base"):
        Triage.load()
    assert (models / "current.json").read_text(encoding="utf-8") == content
    assert Triage.load(model="base").model.startswith("base@")


def test_an_unknown_step(models: Path) -> None:
    promote("one")
    path = models / "current.json"
    path.write_text(path.read_text(encoding="utf-8").replace("promote", "delete"), encoding="utf-8")
    with pytest.raises(ModelError, match="不认识的一步“delete”"):
        registry.working()


@pytest.mark.parametrize(("name", "said"), [("features", "特征"), ("cleaning", "文本清洗"), ("dictionary", "分词词典")])
def test_inputs_that_weights_depend_on(models: Path, name: str, said: str) -> None:
    change(models / "one", lambda meta: meta["inputs"].update({name: "0" * 16}))
    with pytest.raises(ModelError, match=f"训练时的{said}.*与本机不同.*minyi train"):
        Triage.load(model="one")


def test_a_model_that_says_nothing_of_its_inputs(models: Path) -> None:
    change(models / "one", lambda meta: meta.pop("inputs"))
    with pytest.raises(ModelError, match="与本机不同"):
        registry.load("one")


def test_other_topics_speak_against_it(models: Path) -> None:
    base, tiny = registry.load("base")[1], registry.load("one")[1]
    [said] = registry.objections(tiny, base)
    assert "少 112 个" in said
    assert registry.objections(tiny, tiny) == []


def test_worse_by_its_own_card(models: Path) -> None:
    change(models / "one", lambda meta: meta["cross_validation"].update(level1_accuracy=0.1, level1_macro_f1=0.2))
    one, two = registry.load("one")[1], registry.load("two")[1]
    assert len(registry.worse_by_card(one, two)) == 2
    assert registry.worse_by_card(two, one) == registry.worse_by_card(two, two) == []


def test_inputs_are_the_same_every_time() -> None:
    assert inputs.inputs() == inputs.inputs()
    inputs.check({"name": "any", "inputs": inputs.inputs()})


def test_what_ships_is_what_corpora_gives() -> None:
    """After a change of corpora/, `make model`."""
    meta, _ = artefact.load(SHIPPED_MODELS / "base")
    assert meta["sources"] == corpora_sources()
    inputs.check(meta)


def test_names(models: Path) -> None:
    (models / "two" / "meta.json").write_text("{")
    (models / ".hidden").mkdir()
    (models / ".hidden" / "meta.json").write_text("{")
    (models / "with blank").mkdir()
    (models / "with blank" / "meta.json").write_text("{}")
    found = dict(registry.names())
    assert list(found) == ["base", "one", "two"]  # language is no model of topics
    assert isinstance(found["two"], ModelError)


def test_training_does_not_take_away_what_is_needed(models: Path) -> None:
    registry.check_trainable("new", own=True)
    registry.check_trainable("one", own=True)
    registry.check_trainable("base", own=False)
    with pytest.raises(InputError, match="自带模型的名字"):
        registry.check_trainable("base", own=True)
    promote("one")
    promote("two")
    for name in ("one", "two"):
        with pytest.raises(InputError, match=f"--name {name}：.*不能覆盖"):
            registry.check_trainable(name, own=False)


def test_a_folder_that_cannot_be_written(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(ModelError, match=r"current.json：写不进去.*MINYI_MODELS"):
        promote("one")
    assert not list(models.glob(".*.part"))


def test_the_record_is_readable(models: Path) -> None:
    promote("one", why="试点")
    [step] = json.loads((models / "current.json").read_text(encoding="utf-8"))["steps"]
    assert step["who"] == "周"
    assert step["why"] == "试点"
