"""The sheet of a submission: the form's headings, nothing left out, a document that opens."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import orjson
import pytest
from docx import Document
from hypothesis import given
from support import any_text

from pipeline.records import Submission, to_json
from pipeline.triage import Triage
from service.export.document import CAUSE, PROPOSAL, SITUATION, sections, sheet


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("标题\n小区停水两天。", {SITUATION: "小区停水两天。"}),
        (
            "标题\n停水两天。请求尽快恢复！希望公布时间。",
            {SITUATION: "停水两天。", PROPOSAL: "请求尽快恢复！希望公布时间。"},
        ),
        (
            "标题\n一、基本情况\n老人多。\n二、原因分析\n缺电梯。\n三、有关建议\n加装电梯。\n先试点。",
            {SITUATION: "老人多。", CAUSE: "缺电梯。", PROPOSAL: "加装电梯。\n先试点。"},
        ),
        ("标题\n前言。\n建议：\n修路。", {SITUATION: "前言。", PROPOSAL: "修路。"}),
    ],
)
def test_sections(text: str, expected: dict[str, str]) -> None:
    assert sections(text) == expected


@given(any_text)
def test_nothing_is_left_out(text: str) -> None:
    told = "".join(sections("标题\n正文" + text).values())
    assert "".join(told.split()) == "".join(("正文" + text).split())


def test_the_document_opens_and_tells_it(triage: Triage) -> None:
    decision: dict[str, Any] = orjson.loads(to_json(triage.run([Submission("1", "路灯\n坏了。\x00建议修好。")])[0]))
    made = sheet(decision, number="1", sender="", day="2026-03-01", text="路灯\n坏了。\x00建议修好。")
    document = Document(BytesIO(made))
    told = [paragraph.text for paragraph in document.paragraphs]
    missing = "（来件没有写）"
    assert told == ["社情民意信息", "路灯", SITUATION, "坏了。", CAUSE, missing, PROPOSAL, "建议修好。"]
    assert [cell.text for cell in document.tables[0].columns[1].cells][:2] == ["1", "（未留）"]
