"""The notebooks: run from a clean kernel, kept without outputs, define nothing; their pages ask for nothing."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from support import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = ROOT / "docs" / "notebooks"
NEEDED = ("nbclient", "ipykernel", "matplotlib", "pandas", "zhplot")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]


def cells(path: Path, kind: str) -> list[Any]:
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]


def code(path: Path) -> str:
    lines = [line for cell in cells(path, "code") for line in [*cell["source"], "\n"]]
    return "".join(line for line in lines if not line.startswith("%"))


def test_the_seven_are_there() -> None:
    assert [path.name[:2] for path in NOTEBOOKS] == [f"0{number}" for number in range(1, 8)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_kept_clean(path: Path) -> None:
    assert [cell["id"] for cell in cells(path, "code") if cell["outputs"] or cell["execution_count"]] == []
    assert any("\u4e00" <= char <= "\u9fff" for char in "".join(cells(path, "markdown")[0]["source"]))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_defines_nothing_and_imports_the_library(path: Path) -> None:
    tree = ast.parse(code(path))
    assert [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)] == []
    modules = {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    assert "pipeline" in modules
    assert "service" not in modules


@pytest.mark.skipif(
    bool(MISSING) and not os.environ.get("MINYI_REQUIRE_ALL"),
    reason=f"the extra `analysis` is not installed: {', '.join(MISSING)}",
)
@pytest.mark.filterwarnings("ignore")  # of the notebook's libraries
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_a_clean_kernel(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "notebooks"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    import render

    page = render.page(render.run(path))
    assert "Warning" not in page
    assert page.count("<svg") >= 1
    assert_alone(page)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_page_is_there_and_asks_for_nothing(path: Path) -> None:
    page = PAGES / f"{path.stem}.html"
    assert page.stat().st_size < 500_000
    assert_alone(page.read_text(encoding="utf-8"))


def assert_alone(page: str) -> None:
    names = re.sub(r'xmlns(:\w+)?="[^"]*"|<!DOCTYPE svg[^>]*>', "", page)
    assert re.findall(r"(?:src|href)=\"(?!#|data:)[^\"]*|url\((?!#)|https?://[^\s\"<]*|<script", names) == []
