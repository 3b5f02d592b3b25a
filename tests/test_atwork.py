"""What judges at present: a promoted model and changed tables are taken up, and what cannot be loaded is left."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from office import LAMPS, ME, furnish

from pipeline import registry
from pipeline.knowledge import SHIPPED_MODELS
from pipeline.records import Submission
from service.desk import atwork
from service.desk.intake import Arrival, Intake
from service.settings import Settings
from service.store import Store, upgrade


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    shutil.copytree(SHIPPED_MODELS / "base", folder / "spring")
    monkeypatch.setenv("MINYI_MODELS", str(folder))
    return folder


@pytest.fixture
def watch(tmp_path: Path, models: Path) -> atwork.Watch:
    store = Store.open(f"sqlite:///{tmp_path / 'minyi.db'}")
    upgrade(store)
    signs = atwork.signs(store)
    return atwork.Watch(store, Settings(), Intake(store, atwork.load(store, Settings())), signs)


def promote() -> None:
    registry.promote("spring", who="test", when="2026-01-01", why="", against=[], force=False)


def test_a_promoted_model_is_taken_up(watch: atwork.Watch) -> None:
    before = watch.intake.triage
    promote()
    assert watch.look()
    assert watch.intake.triage is not before
    [receipt] = watch.intake.receive([Arrival(Submission("", LAMPS))], ME)
    assert watch.intake.triage.model.encode() in receipt.decision
    assert not watch.look()
    watch.store.close()


def test_what_cannot_be_loaded_is_left(watch: atwork.Watch, models: Path) -> None:
    before = watch.intake.triage
    promote()
    (models / "spring" / "meta.json").write_text("{}", encoding="utf-8")
    assert not watch.look()
    assert watch.failed
    assert watch.intake.triage is before
    furnish(watch.store)
    assert not watch.look()
    (models / "current.json").unlink()
    assert watch.look()
    assert not watch.failed
    assert len(watch.intake.triage.router.members) == 3
    watch.store.close()


def test_it_looks_by_itself(watch: atwork.Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atwork, "_EVERY", 0.01)
    watch.start()
    furnish(watch.store)
    for _ in range(1000):
        if watch.intake.triage.router.members:
            break
        watch._end.wait(0.01)
    watch.stop()
    assert watch.intake.triage.router.members
    watch.store.close()
