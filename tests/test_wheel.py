"""The wheel: built, installed somewhere else, and run from there, with nothing of the checkout in reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from support import ROOT

SUBMISSIONS = [
    {"id": "1", "title": "槐荫路路灯不亮", "body": "槐荫路从药店到桥头的路灯坏了二十多天，请派人来修。"},
    {"id": "2", "title": "槐荫路路灯不亮", "body": "槐荫路从药店到桥头的路灯坏了二十多天，请派人来修。"},
    {"id": "3", "text": "請問老人換社保卡要帶什麼材料？"},
]
PROGRAM = "import pipeline, sys, service.cli; sys.stderr.write(pipeline.__file__ + '\\n'); service.cli.main()"


def run(arguments: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a clean folder, without what the environment adds."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MINYI_", "PIP_"))}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**kept, "PYTHONUTF8": "1", "PIP_NO_INDEX": "1", **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("dist")
    built = run(["-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], ROOT)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("minyi-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--no-deps", "--no-compile", "--disable-pip-version-check", "--target", str(folder)]
    done = run(["-m", "pip", "install", *options, str(wheel)], folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_what_is_inside(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"pipeline/triage.py", "pipeline/decision.schema.json", "service/cli/program.py"} <= names
    assert {"corpora/topics.csv", "corpora/crosswalk.csv", "corpora/lexicon/dictionary.txt"} <= names
    arrays = ["keys.npy", "idf.npy", "weights.npy", "scale.npy", "bias.npy"]
    assert {f"models/base/{name}" for name in ("meta.json", "card.md", *arrays)} <= names
    assert [name for name in names if "__pycache__" in name or name.startswith((".", "tests/"))] == []
    templates = {path.relative_to(ROOT).as_posix() for path in (ROOT / "service").rglob("*.j2")}
    assert templates <= names


def test_it_says_what_it_is(installed: Path) -> None:
    (info,) = installed.glob("minyi-*.dist-info")
    assert "minyi = service.cli:main" in (info / "entry_points.txt").read_text()
    assert "Requires-Python: >=3.11" in (info / "METADATA").read_text(encoding="utf-8")


def test_triage_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in SUBMISSIONS), encoding="utf-8"
    )
    done = run(["-c", PROGRAM, "triage", "in.jsonl", "-o", "out.jsonl"], tmp_path, PYTHONPATH=str(installed))
    assert done.returncode == 0, done.stderr
    imported = Path(done.stderr.splitlines()[0])
    assert imported == installed / "pipeline" / "__init__.py"
    assert not imported.is_relative_to(ROOT)
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert (rows[1]["duplicate"]["kind"], rows[1]["duplicate"]["of"]) == ("duplicate", "1")
    assert rows[2]["clean"]["text"] == "请问老人换社保卡要带什么材料？"
    assert rows[0]["provenance"]["model"].startswith("base@")


def test_every_output_can_be_written_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps(SUBMISSIONS[0]) + "\n", encoding="utf-8")
    for name in ("out.csv", "out.xlsx", "out.html"):
        done = run(["-c", PROGRAM, "triage", "in.jsonl", "-o", name], tmp_path, PYTHONPATH=str(installed))
        assert done.returncode == 0, done.stderr
        assert (tmp_path / name).stat().st_size > 100


def test_the_model_in_the_wheel_is_that_of_the_checkout(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive, archive.open("models/base/bias.npy") as stream:
        assert (np.load(stream) == np.load(ROOT / "models" / "base" / "bias.npy")).all()
