"""What several test files share: reading cases/*.json, random texts, edits that must hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from pipeline.clean.edits import replay
from pipeline.records import Edit

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
SAMPLES = ROOT / "corpora" / "samples"


def read(name: str) -> dict[str, Any]:
    """Return the content of cases/NAME.json."""
    content: dict[str, Any] = json.loads((TESTS / "cases" / f"{name}.json").read_text(encoding="utf-8"))
    return content


def cases(name: str, section: str) -> list[Any]:
    """Return one section of cases/NAME.json as parameters; known failures are strict xfail."""
    found = []
    for case in read(name)[section]:
        marks = [pytest.mark.xfail(strict=True, reason=case["comment"])] if case.get("xfail") else []
        found.append(pytest.param(case, id=case["label"], marks=marks))
    return found


PIECES = [
    *"設备電着著什麼銀行長重後乾隻髮裏鬥１Ａｚ　 \t\r\n\u200b\ufeff\x00\x85\u2028a1，。！(（)）\uf900⾦\U0002f800",
    "(shè)",
    "（diàn）",
    "(zhe)",
    "路灯不亮",
    "小区",
    "\r\n",
]
"""What the cleaning acts on, so that random texts meet it often."""

any_text = st.lists(st.one_of(st.sampled_from(PIECES), st.characters(exclude_categories=["Cs"])), max_size=30).map(
    "".join
)
chinese = st.lists(
    st.one_of(
        st.sampled_from(["路灯", "小区", "物业", "停水", "三天", "A座", "12", "，", "\n", " ", "b"]),
        st.characters(min_codepoint=0x4E00, max_codepoint=0x4FFF),
    ),
    max_size=25,
).map("".join)


def assert_replays(raw: str, edits: Sequence[Edit], expected: str) -> None:
    """Edits are sorted, do not overlap, quote the raw text and lead to the expected one."""
    at = 0
    for edit in edits:
        assert at <= edit.start <= edit.end <= len(raw)
        assert raw[edit.start : edit.end] == edit.before
        assert edit.before != edit.after
        at = edit.end
    assert replay(raw, edits) == expected
