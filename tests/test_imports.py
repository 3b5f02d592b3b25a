"""Imports point one way: records, errors ← stages ← triage ← batch ← service."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from support import ROOT

FILES = sorted([*(ROOT / "pipeline").rglob("*.py"), *(ROOT / "service").rglob("*.py")])
PIPELINE = [path for path in FILES if path.is_relative_to(ROOT / "pipeline")]
STAGES = {"ingest", "clean", "segment", "classify", "priority", "match", "route", "keywords", "terms", "features"}
HELPERS = {"records", "errors", "knowledge", "features", "terms", "artefact"}
"""What a stage may import beside itself; artefact is how a learned stage is loaded."""
ABOVE = {"triage", "batch", "frame"}
"""What knows the order, and what stands above it: whole files, tables of an analyst."""


def module(path: Path) -> str:
    """Return the dotted name of a file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """Return the dotted names of all project modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides where it points"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            # `from pipeline import artefact` names a module, `from pipeline.errors import InputError` does not
            found |= {name if (ROOT / Path(*name.split("."))).with_suffix(".py").exists()
                      or (ROOT / Path(*name.split("."))).is_dir() else str(node.module) for name in names}  # fmt: skip
    return {name for name in found if name.split(".")[0] in ("pipeline", "service")}


def parts(path: Path) -> set[str]:
    """Return which parts of pipeline/ a file imports: `pipeline.clean.edits` is of the part clean."""
    return {name.split(".")[1] for name in imported(path) if name.startswith("pipeline.")}


def part(path: Path) -> str:
    names = module(path).split(".")
    return names[1] if len(names) > 1 else ""


@pytest.mark.parametrize("path", FILES, ids=module)
def test_imports_are_read(path: Path) -> None:
    imported(path)


def test_the_reading_of_imports_sees_something() -> None:
    assert {"clean", "classify", "match", "route", "artefact"} <= parts(ROOT / "pipeline" / "triage.py")
    assert {part(path) for path in PIPELINE} >= STAGES | HELPERS | ABOVE


@pytest.mark.parametrize("path", PIPELINE, ids=module)
def test_pipeline_knows_no_service(path: Path) -> None:
    assert {name for name in imported(path) if name.startswith("service")} == set()


@pytest.mark.parametrize("path", [path for path in PIPELINE if part(path) in STAGES], ids=module)
def test_a_stage_knows_neither_the_order_nor_its_siblings(path: Path) -> None:
    assert parts(path) - HELPERS - {part(path)} == set()


@pytest.mark.parametrize("name", ["records", "errors"])
def test_the_nouns_know_nothing(name: str) -> None:
    assert imported(ROOT / "pipeline" / f"{name}.py") == set()


def test_only_batch_frame_and_service_know_the_order() -> None:
    users = {module(path) for path in FILES if "triage" in parts(path)}
    assert {name for name in users if not name.startswith("service.")} <= {"pipeline.batch", "pipeline.frame"}
    assert {module(path) for path in PIPELINE if parts(path) & {"batch", "frame"}} == set()


def test_pandas_is_imported_by_its_door_alone() -> None:
    users = {module(path) for path in FILES if re.search(r"^\s*(?:import|from) pandas", path.read_text("utf-8"), re.M)}
    assert users == {"pipeline.frame"}


def test_no_two_modules_import_each_other() -> None:
    graph = {module(path): imported(path) - {module(path)} for path in FILES}
    while free := {name for name, needs in graph.items() if not needs & graph.keys()}:
        graph = {name: needs for name, needs in graph.items() if name not in free}
    assert graph == {}


@pytest.mark.parametrize("path", PIPELINE, ids=module)
def test_pipeline_prints_nothing(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"] == []
    assert [node.lineno for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr")] == []  # fmt: skip
