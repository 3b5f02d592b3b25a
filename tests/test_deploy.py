"""Files to deploy by, and the page of operation: they name settings and files that there are."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support import ROOT

from service.settings import Settings

FILES = sorted(path for path in (ROOT / "service" / "deploy").iterdir() if path.is_file())
OPERATION = (ROOT / "docs" / "operation.md").read_text(encoding="utf-8")
OTHERS = {"MINYI_MODELS", "MINYI_SETTINGS", "MINYI_DB_PASSWORD"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_settings_that_there_are(path: Path) -> None:
    known = {f"MINYI_{name.upper()}" for name in Settings.model_fields} | OTHERS
    assert set(re.findall(r"MINYI_[A-Z_]+", path.read_text(encoding="utf-8"))) <= known


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    assert re.search(rf"^\| .*`{name}`", OPERATION, re.MULTILINE)


def test_the_page_of_operation_names_what_there_is() -> None:
    for name in re.findall(r"`(service/deploy/[\w.]+)`", OPERATION):
        assert (ROOT / name).is_file()


def test_the_unit_is_one(tmp_path: Path) -> None:
    found = shutil.which("systemd-analyze")
    if not found:
        pytest.skip("systemd-analyze is missing")
    unit = tmp_path / "minyi.service"
    text = (ROOT / "service" / "deploy" / "minyi.service").read_text(encoding="utf-8")
    unit.write_text(text.replace("/opt/minyi/bin/minyi", "/bin/true"), encoding="utf-8")
    done = subprocess.run([found, "verify", unit], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr) == (0, "")
