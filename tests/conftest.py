"""Fixtures that several test modules share."""

from __future__ import annotations

from pathlib import Path

import pytest
from databases import database, postgresql, server, store
from desk import Desk
from hypothesis import settings
from inputs import LAMP, LID

from pipeline.triage import Triage

__all__ = ["database", "postgresql", "server", "store"]

settings.register_profile("minyi", deadline=None)  # whichever example comes first loads the tables
settings.load_profile("minyi")


@pytest.fixture(scope="session")
def triage() -> Triage:
    """The model that ships, without the tables of an office."""
    return Triage.load()


@pytest.fixture
def minyi(tmp_path: Path) -> Desk:
    """Return the command, run in a folder with one good file: 信.csv."""
    desk = Desk(tmp_path)
    desk.put("信.csv", f"编号,内容\n1,{LAMP}\n2,{LID}\n")
    return desk
