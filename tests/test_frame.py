"""The pandas door: rows in, rows out, none lost."""

from __future__ import annotations

import os

import pytest
from support import SAMPLES

from pipeline import frame
from pipeline.errors import InputError
from pipeline.triage import Triage

if not os.environ.get("MINYI_REQUIRE_ALL"):
    pytest.importorskip("pandas", reason="the extra `analysis` is not installed")


def test_a_table_comes_back_row_for_row(triage: Triage) -> None:
    import pandas as pd

    table = pd.read_excel(SAMPLES / "messages.xlsx").iloc[40:60]
    found = frame.triage(table, engine=triage)
    assert found.index.tolist() == table.index.tolist()
    assert found["id"].tolist() == table["留言编号"].astype(str).tolist()
    assert {"level1", "priority", "issue", "sector", "needs_review"} <= set(found.columns)
    assert found["needs_review"].dtype == bool


def test_missing_cells_and_repeated_ids(triage: Triage) -> None:
    import pandas as pd

    cells = {"编号": [1, 1, None], "内容": ["路灯不亮三天了", None, "井盖翘起来了"],
             "时间": [pd.Timestamp("2026-03-07"), None, None]}  # fmt: skip
    table = pd.DataFrame(cells, index=["甲", "乙", "丙"])
    sent = frame.submissions(table)
    assert [each.id for each in sent] == ["1", "1#2", "丙"]
    assert sent[0].submitted_at == "2026-03-07 00:00:00"
    found = frame.triage(table, engine=triage)
    assert found["status"].tolist() == ["triaged", "unreadable", "triaged"]
    assert frame.clean(table)["text"].tolist() == ["路灯不亮三天了", "", "井盖翘起来了"]


def test_unusual_columns() -> None:
    import pandas as pd

    table = pd.DataFrame({"情形": ["路灯不亮"]})
    with pytest.raises(InputError, match="找不到正文列"):
        frame.submissions(table)
    assert frame.submissions(table, {"body": "情形"})[0].text == "路灯不亮"


def test_without_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match="minyi\\[analysis\\]"):
        frame.to_frame([])
