"""docs/data-model.md keeps up with the tables, and names every practice of the offices."""

from __future__ import annotations

import re

import pytest
from support import ROOT

import service.neighbours
from service.desk.life import ACTS, REASONS
from service.store import Base
from service.store.matters import DELIVERIES, LINKS, REVIEWS

PAGE = (ROOT / "docs" / "data-model.md").read_text(encoding="utf-8")
DIAGRAM = PAGE.partition("```mermaid")[2].partition("```")[0]
TABLES = PAGE.partition("| table | holds |")[2].partition("## Three axes")[0]

assert service.neighbours.texts.metadata is Base.metadata


@pytest.mark.parametrize("name", sorted(Base.metadata.tables))
def test_every_table_is_told(name: str) -> None:
    assert f"`{name}`" in TABLES


def test_the_diagram_names_only_tables_and_ties_that_there_are() -> None:
    ties = {
        frozenset((table.name, key.column.table.name))
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
    }
    drawn = re.findall(r"^\s+(\w+) \S+ (\w+) :", DIAGRAM, re.MULTILINE)
    assert {name for pair in drawn for name in pair} <= Base.metadata.tables.keys()
    assert ties <= {frozenset(pair) for pair in drawn}


@pytest.mark.parametrize("word", [*REVIEWS, *LINKS, *DELIVERIES, *REASONS, *(name.replace("_", " ") for name in ACTS)])
def test_every_state_and_act_is_told(word: str) -> None:
    assert word in PAGE


def test_what_is_to_come_is_no_table_yet() -> None:
    coming = PAGE.partition("| practice | now | to come |")[2]
    named = {name for row in coming.splitlines() for name in re.findall(r"`([a-z_]+)`", row.rpartition(" | ")[2])}
    assert {"bulletins", "quotas", "points", "events", "evaluations", "steps"} <= named | {"quotas"}
