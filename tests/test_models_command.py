"""`minyi train`, `minyi evaluate`, `minyi models` from outside: a model's life from the first label to the way back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from desk import Desk
from inputs import workbook
from support import TESTS
from tiny import examples, train_tiny

from pipeline import artefact, labelled
from pipeline.errors import InputError
from pipeline.labelled import Reading
from pipeline.registry import Step
from service.commands import models as service
from service.commands.train import run_train


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the models tiny, and worse: the same with its topics mixed up."""
    folder: Path = tmp_path_factory.mktemp("trained")
    train_tiny(folder / "tiny")
    meta, arrays = artefact.load(folder / "tiny")
    head = meta["heads"][0]
    mixed = arrays["weights"].copy()
    columns = slice(head["start"], head["start"] + len(head["labels"]))
    mixed[:, columns] = mixed[:, columns][:, ::-1]
    artefact.save(folder / "worse", {**meta, "name": "worse"}, {**arrays, "weights": mixed}, "# worse\n")
    return folder


@pytest.fixture
def desk(trained: Path, minyi: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Return the command with these models, and 标.csv: rows that tiny was trained on."""
    shutil.copytree(trained, minyi.folder / "模型")
    monkeypatch.setenv("MINYI_MODELS", str(minyi.folder / "模型"))
    rows = [f"{n},{each.text},{each.topic}" for n, each in enumerate(examples()) if each.topic]
    minyi.put("标.csv", "\n".join(["编号,内容,topic", *(row.rsplit("/", 1)[0].replace("\n", "，") for row in rows)]))
    return minyi


def steps(desk: Desk) -> list[dict[str, Any]]:
    path = desk.folder / "模型" / "current.json"
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["steps"] if path.exists() else []
    return found


def test_evaluate(desk: Desk) -> None:
    answer = desk("evaluate", "--model", "tiny", "--data", "标.csv", "-o", "分.json", code=0)
    scores = json.loads((desk.folder / "分.json").read_text(encoding="utf-8"))
    assert {
        "rows",
        "accuracy",
        "macro_f1",
        "per_label",
        "ece",
        "reliability",
        "coverage",
        "risk_coverage",
    } <= scores.keys()
    assert scores["rows"] == 54
    assert [dial["precision"] for dial in scores["dials"]] == [0.95, 0.97, 0.99]
    assert all(word in answer.err for word in ("模型 tiny@", "精度档位", "城乡建设", "把握与实际"))
    assert json.loads(desk("evaluate", "--model", "tiny", "--data", "标.csv", code=0).out) == scores


def test_the_dial_decides_what_needs_review(desk: Desk) -> None:
    shares = []
    for stop in ("0.95", "0.97", "99"):
        scores = json.loads(desk("evaluate", "--model", "tiny", "--data", "标.csv", "--dial", stop, code=0).out)
        chosen = next(dial for dial in scores["dials"] if dial["precision"] == scores["dial"])
        assert scores["needs_review"] == pytest.approx(1 - chosen["coverage"], abs=2e-4)
        answer = desk("triage", "标.csv", "--model", "tiny", "--precision", stop, code=0)
        rows = [json.loads(line) for line in answer.out.splitlines()]
        review = sum(row["topic"]["needs_review"] for row in rows if row["status"] == "triaged")
        assert f"主题需复核 {review}    自动通过" in answer.err
        assert "（99% 档；" in answer.err if stop == "99" else "99% 档 " in answer.err
        shares.append(review)
    assert shares == sorted(shares)


def test_a_stop_that_a_model_does_not_have(desk: Desk) -> None:
    meta, arrays = artefact.load(desk.folder / "模型" / "tiny")
    artefact.save(desk.folder / "模型" / "old", {**meta, "name": "old", "dials": meta["dials"][:1]}, arrays, "")
    desk("triage", "标.csv", "--model", "old", code=0)
    assert "没有 99% 的" in desk("triage", "标.csv", "--model", "old", "--precision", "0.99", code=2).err


def test_list(desk: Desk) -> None:
    (desk.folder / "模型" / "worse" / "keys.npy").write_bytes(b"")
    told = desk("models", "list", code=0).err
    assert all(word in told for word in ("base", "正在使用", "tiny", "worse", "不能用", "keys.npy", "minyi train"))
    assert "language" not in told


def test_show(desk: Desk) -> None:
    assert "minyi 0" in desk("models", "show", "tiny", code=0).err
    assert desk("models", "show", code=0).err  # the working one
    for ending in ("html", "md", "json"):
        desk("models", "show", "tiny", "-o", f"卡.{ending}", code=0)
    page = (desk.folder / "卡.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page
    assert json.loads((desk.folder / "卡.json").read_text(encoding="utf-8"))["name"] == "tiny"
    assert ".html .json" in desk("models", "show", "tiny", "-o", "卡.pdf", code=2).err.replace(".md ", "")
    desk("models", "show", "base", "-o", "卡.html", code=0)


def test_compare(desk: Desk) -> None:
    answer = desk("models", "compare", "tiny", "worse", "--data", "标.csv", code=0)
    found = json.loads(answer.out)
    assert found["accuracy"]["real"]
    assert found["accuracy"]["difference"] < 0
    assert "差别是真的，tiny 更好" in answer.err
    assert "没有差别" in desk("models", "compare", "tiny", "tiny", "--data", "标.csv", code=0).err


def test_promote_and_rollback(desk: Desk) -> None:
    refused = desk("models", "promote", "tiny", "--data", "标.csv", code=2).err
    assert "主题不同" in refused
    assert "--force --reason" in refused
    assert "--reason" in desk("models", "promote", "tiny", "--force", code=2).err
    assert steps(desk) == []
    desk("models", "promote", "tiny", "--force", "--reason", "只管六类", "--who", "周", code=0)
    [step] = steps(desk)
    assert (step["model"], step["who"], step["why"]) == ("tiny", "周", "只管六类")
    assert "主题不同" in step["overruled"][0]
    assert step["when"][:2] == "20"
    assert json.loads(desk("triage", "信.csv", code=0).out.splitlines()[0])["provenance"]["model"] == step["id"]
    assert "已经在使用" in desk("models", "promote", "tiny", code=0).err
    told = desk("models", "list", code=0).err
    assert "只管六类" in told
    assert "强制" in told
    desk("models", "rollback", "--reason", "试完了", code=0)
    assert [each["action"] for each in steps(desk)] == ["promote", "rollback"]
    assert b'"model":"base@' in desk("triage", "信.csv", code=0).out
    assert "没有可退回的模型" in desk("models", "rollback", code=2).err


def test_a_worse_model_is_refused(desk: Desk) -> None:
    desk("models", "promote", "tiny", "--force", "--reason", "试", code=0)
    refused = desk("models", "promote", "worse", "--data", "标.csv", code=2).err
    assert "没有启用 worse" in refused
    assert "更差" in refused
    assert "差别是真的" in refused
    desk("models", "promote", "worse", code=0)  # by its card, which is that of tiny, it is no worse
    assert "--to tiny" not in desk("models", "rollback", "--to", "tiny", code=0).err
    assert "以前没有启用过" in desk("models", "rollback", "--to", "worse", code=2).err


def test_a_folder_of_models_by_option(desk: Desk) -> None:
    answer = desk("--models", "模型", "models", "list", code=0, MINYI_MODELS="")
    assert "tiny" in answer.err


def test_labels_that_the_model_does_not_know(desk: Desk) -> None:
    desk.put("外.csv", "内容,topic\n路灯不亮,照明\n")
    told = desk("evaluate", "--data", "外.csv", code=2).err
    assert all(word in told for word in ("照明", "--mapping"))
    desk.put("表.csv", "label,level1\n照明,城乡建设\n")
    assert json.loads(desk("evaluate", "--data", "外.csv", "--mapping", "表.csv", code=0).out)["rows"] == 1
    desk.put("空.csv", "内容,topic\n路灯不亮,\n")
    assert "没有一行有标签" in desk("evaluate", "--data", "空.csv", code=2).err


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let corpora/ give only two small files, and keep models in a folder of their own; return 标.xlsx."""
    files = [path for path in labelled.written_files() if path.stem in ("junk", "ordinary")]
    monkeypatch.setattr(labelled, "written_files", lambda: files)
    monkeypatch.setenv("MINYI_MODELS", str(tmp_path / "models"))
    rows = [[each.text, (each.topic or "").split("/")[0] + "类"] for each in examples() if each.topic]
    return workbook(tmp_path / "标.xlsx", [["内容", "类别"], *rows])


def train(name: str, data: Path, **reading: Any) -> Path:
    assert run_train(name, [data], None, Reading("类别", **reading)) == 0
    return Path(data.parent / "models" / name)


def test_train_on_the_labels_of_an_office(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = train("own", small)
    told = capsys.readouterr().err
    assert "不在 15 个一级主题之中的标签" in told
    assert "--mapping" in told
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    assert meta["report"]["own"]
    assert meta["report"]["rows"] == 54
    assert meta["sources"]["标.xlsx"].endswith("（54 条）")
    assert set(meta["inputs"]) == {"features", "cleaning", "dictionary"}
    assert "城乡建设类" in (folder / "card.md").read_text(encoding="utf-8")


def test_the_same_inputs_give_the_same_bytes(small: Path) -> None:
    folder = train("own", small)
    once = {path.name: path.read_bytes() for path in folder.iterdir()}
    shutil.rmtree(folder)
    train("own", small)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == once


def test_neither_hash_seed_nor_cores_change_a_byte(trained: Path, tmp_path: Path) -> None:
    program = f"from pathlib import Path; from tiny import train_tiny; train_tiny(Path({str(tmp_path / 'tiny')!r}))"
    paths = os.pathsep.join(map(str, (TESTS, TESTS.parent)))
    alone = {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", program], check=True, env=alone)
    for path in (trained / "tiny").iterdir():
        assert (tmp_path / "tiny" / path.name).read_bytes() == path.read_bytes()


def test_train_with_a_mapping(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    firsts = sorted({str(each.topic).split("/")[0] for each in examples() if each.topic})
    table = small.with_name("表.csv")
    table.write_text("label,level1\n" + "".join(f"{name}类,{name}\n" for name in firsts), encoding="utf-8")
    meta = json.loads((train("own", small, mapping=table) / "meta.json").read_text(encoding="utf-8"))
    assert sorted(meta["texts"]) == firsts
    assert "不在 15 个" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["路灯不亮", "甲"], ["井盖翘了", "乙"]], "只有 2 条带主题的文本：训练至少要 50 条"),
        ([[f"第{n}盏路灯不亮", "甲"] for n in range(60)], "都是同一个主题“甲.*至少要有两个"),
        (
            [*([f"第{n}盏路灯不亮", "甲"] for n in range(60)), ["井盖翘了", "乙"]],
            "主题“乙”只有 1 条：每个主题至少要 5 条",
        ),
    ],
)
def test_too_little_to_train_on(small: Path, rows: list[list[object]], said: str) -> None:
    data = workbook(small.with_name("少.xlsx"), [["内容", "类别"], *rows])
    with pytest.raises(InputError, match=f"{said}.*--base corpora"):
        train("own", data)
    assert not (small.parent / "models").exists()


def test_nobody_to_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid")

    monkeypatch.setattr(service.getpass, "getuser", nobody)
    with pytest.raises(InputError, match="--who"):
        service.run_rollback(None, why="", who=None)
    assert Step("promote", "a", "a@1", "base", "周", "x").overruled == ()
