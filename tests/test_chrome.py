"""Chrome and spam, code pages, what is lost, personal data: tables of what goes, what stays, what is found."""

from __future__ import annotations

import csv
import itertools
from typing import Any

import opencc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import assert_replays, cases

from pipeline.clean import chrome, clean, codepage, personal, spam
from pipeline.clean.edits import replay
from pipeline.knowledge import CORPORA
from pipeline.records import Clean


def rows(name: str) -> list[dict[str, str]]:
    with (CORPORA / name).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


ROWS = rows("furniture.csv")
LETTER = "东关街的积水\n每逢大雨东关街中段就积水，最深处没过膝盖，请疏通下水道。"


@pytest.mark.parametrize("case", cases("chrome", "cut"))
def test_what_is_no_part_of_the_submission_goes(case: dict[str, Any]) -> None:
    result = clean(case["input"])
    assert (result.text, result.echoes) == (case["expected"], case["echoes"])
    assert {edit.kind for edit in result.edits} - {"space", "width"} == set(case["kinds"])
    assert_replays(case["input"], result.edits, case["expected"])


@pytest.mark.parametrize("case", cases("chrome", "untouched"))
def test_letters_stay_whole(case: dict[str, Any]) -> None:
    assert clean(case["input"]) == Clean(case["input"], (), personal.spans(case["input"]))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["example"])
def test_the_example_of_every_row_is_cut(row: dict[str, str]) -> None:
    """Within a line, or at the end of a letter behind a line that is furniture for sure."""
    if row["role"] == "inline":
        text = f"{row['example']}\n{LETTER}"
        assert len(replay(text, chrome.edits(text))) < len(text)
    else:
        text = f"{LETTER}\n版权所有 © 2021\n{row['example']}"
        assert replay(text, chrome.edits(text)) == LETTER


@pytest.mark.parametrize("row", [row for row in ROWS if row["hint"]], ids=lambda row: row["example"])
def test_every_example_has_a_hint(row: dict[str, str]) -> None:
    words = row["hint"].replace("_", " ").split("|")
    assert any(word in row["example"] for word in words)


def test_terms_of_spam_are_weighted() -> None:
    terms = rows("spam.csv")
    assert {row["weight"] for row in terms} == {"1", "2", "3"}
    assert len({row["term"] for row in terms}) == len(terms)
    assert not spam.is_spam("小区棋牌室通宵营业，赌博的人进进出出，请派出所查处")


READ_AS = [("utf-8", "gb18030"), ("gb18030", "latin-1"), ("utf-8", "latin-1"), ("big5", "gb18030")]


@pytest.mark.parametrize(("written", "read"), READ_AS)
@pytest.mark.parametrize(
    "text", ["北门菜市场的垃圾每天堆到中午才清运，夏天臭气熏人，请增加清运次数。", "我们村的路灯坏了"]
)
def test_a_wrong_code_page_is_undone(text: str, written: str, read: str) -> None:
    source = opencc.OpenCC("s2t").convert(text) if written == "big5" else text
    misread = source.encode(written).decode(read, "replace")
    assert clean(misread).text == text
    assert {edit.kind for edit in codepage.edits(misread)} == {"shift"}


@pytest.mark.parametrize(
    "text",
    ["Café Müller 的噪声很大", "喆哥烧烤，地址在翀路与燚街口", "×月×日，¥300", "囍字贴满了楼道", "naïve ÀÉÎ"],
)
def test_rare_characters_are_no_wrong_code_page(text: str) -> None:
    assert codepage.edits(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("会议室\ufffd天开放", "会议室□天开放"),
        ("創建《清屏政協(xié)》???,拍攝(shè)短片", "创建《清屏政协》□□□,拍摄短片"),
        ("为什么不修???", "为什么不修???"),
        ("設(shè)備(bèi)什麼時(shí)候修??請(qǐng)回復(fù)", "设备什么时候修??请回复"),
    ],
)
def test_what_is_lost_is_marked(text: str, expected: str) -> None:
    result = clean(text)
    assert result.text == expected
    assert_replays(text, result.edits, expected)


def test_lines_that_were_wrapped_are_joined() -> None:
    wrapped = (
        "修路的建议\n村里到镇上的三公里土路已经坑洼不平，雨天全是泥\n浆，学生上学要绕行山坡，去年有两个孩子滑倒摔伤"
        "\n，医药费都是家里自己出的，村委会向上面打过两次\n报告没有回音。"
    )
    assert clean(wrapped).text == wrapped.replace("泥\n", "泥").replace("伤\n", "伤").replace("次\n", "次")
    short = "一、修路\n二、装灯\n三、通车"
    assert clean(short).text == short


FOUND = [
    ("身份证号110101199003074514", ["id_card"]),
    ("订单号110101199003074513", []),
    ("电话13812345678或138 1234 5678", ["mobile", "mobile"]),
    ("座机0571-88123456，传真010-62345678转801", ["landline", "landline"]),
    ("卡号6222021234567890128", ["bank_card"]),
    ("卡号6222021234567890123", []),
    ("邮箱lin.xiao+1@example.com", ["email"]),
    ("车牌浙A12345和京AD12345", ["plate", "plate"]),
    ("东关街翠屏苑3栋2单元501室漏水", ["address"]),
    ("我家住在东关街18号", ["address"]),
    ("东关街18号楼前积水，地铁2号线停运", []),
    ("我叫林晓峰，今年五十岁", ["name"]),
    ("联系人：欧阳芳 13812345678", ["name", "mobile"]),
    ("患者家属多次投诉", []),
    ("本人申请低保", []),
    ("周末噪音大，路上堵", []),
    ("全县2021年拨款12345678元", []),
    ("林晓峰（身份证110101199003074514）", ["name", "id_card"]),
    ("共3栋180户", []),
]


@pytest.mark.parametrize(("text", "kinds"), FOUND)
def test_personal_data_is_found(text: str, kinds: list[str]) -> None:
    assert [span.kind for span in personal.spans(text)] == kinds


@given(st.text(alphabet="0123456789- Xx@.a京A号栋室，我叫林晓"))
def test_spans_of_personal_data_are_in_order(text: str) -> None:
    spans = personal.spans(text)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(one.end <= other.start for one, other in itertools.pairwise(spans))


@pytest.mark.parametrize(
    "unit",
    ["版权所有\n", "无码人妻 ", "转发\n", "1-2-3", "我叫", "\n", "鐨", "鐨\n", "Ã¤", "(xié)", "发表于 3 天前\n顶\n"],
)
def test_a_long_text_comes_to_an_end(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    result = clean(text)
    assert_replays(text, result.edits, result.text)
