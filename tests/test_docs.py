"""Documentation keeps up: every command and option is in both READMEs, every module says what it is for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from support import ROOT

from service.cli import app

READMES = ["README.md", "README.zh-CN.md"]


def walk(command: Any, *above: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the path of names and the command, for every command that can be run."""
    inside = getattr(command, "commands", None)
    if inside is None:
        yield above, command
        return
    for name, each in inside.items():
        yield from walk(each, *above, name)


COMMANDS = dict(walk(typer.main.get_command(app)))
OPTIONS = [
    (name, tuple(option.opts))
    for name, command in COMMANDS.items()
    for option in command.params
    if option.param_type_name == "option" and option.name != "help"
]


def test_the_walk_finds_the_commands() -> None:
    assert {("triage",), ("clean",), ("train",), ("evaluate",), ("corpora", "check")} <= COMMANDS.keys()
    assert (("triage",), ("-o", "--out")) in OPTIONS


@pytest.mark.parametrize("readme", READMES)
@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_every_command_is_documented(readme: str, name: tuple[str, ...]) -> None:
    assert f"minyi {' '.join(name)}" in (ROOT / readme).read_text(encoding="utf-8")


@pytest.mark.parametrize("readme", READMES)
@pytest.mark.parametrize("spellings", sorted({spellings for _, spellings in OPTIONS}), ids="/".join)
def test_every_option_is_documented(readme: str, spellings: tuple[str, ...]) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    assert any(re.search(rf"(?<![\w-]){re.escape(each)}(?![\w-])", text) for each in spellings)


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_every_command_and_option_has_help(name: tuple[str, ...]) -> None:
    command = COMMANDS[name]
    assert command.help
    assert [param.name for param in command.params if not getattr(param, "help", None)] == []


MODULES = sorted((ROOT / "pipeline").rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(ROOT)) for path in MODULES])
def test_every_module_says_what_it_is_for(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert said
    assert said.splitlines()[0].endswith((".", ":"))
