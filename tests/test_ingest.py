"""Every usual file is read: formats, headers, column mapping, encodings."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest
from inputs import LAMP, LID, put, read, same_letters, workbook

from pipeline.errors import InputError
from pipeline.ingest import FORMATS
from pipeline.ingest.columns import mapping
from pipeline.records import Submission


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_is_read(tmp_path: Path, ending: str) -> None:
    found = read(same_letters(tmp_path / f"信件{ending}"))
    assert found.texts == ([f"{LAMP}\n{LID}"] if ending == ".docx" else [LAMP, LID])
    assert not found.rejected
    assert found.sources[0].rows == len(found.texts)
    assert found.sources[0].format == ending
    names = [each.id for each in found.submissions]
    expected = {".docx": ["信件-1"], ".txt": ["信件-1", "信件-4"]}
    assert names == expected.get(ending, ["甲1", "甲2"])


def test_endings_are_read_in_any_case(tmp_path: Path) -> None:
    assert read(put(tmp_path / "A.CSV", f"内容\n{LAMP}\n")).texts == [LAMP]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ("留言编号,留言主题,留言详情,留言时间,留言用户", "id title body submitted_at submitter"),
        ("编号,标题,内容,时间,地点", "id title body submitted_at place"),
        ("信件编号,主题,正文,来信时间,来信人", "id title body submitted_at submitter"),
        ("id,title,body,submitted_at,submitter,place,source,channel,likes",
         "id title body submitted_at submitter place source channel likes"),
        ("ID, Title ,BODY", "id title body"),
        ("ｉｄ,ｔｉｔｌｅ,ｂｏｄｙ", "id title body"),
        ("text", "text"),
        ("编 号,内 容", "id body"),
        ("备注,内容,经办", "body"),
    ],
)  # fmt: skip
def test_headers(tmp_path: Path, headers: str, expected: str) -> None:
    cells = ",".join("7" for _ in headers.split(","))
    found = read(put(tmp_path / "a.csv", f"{headers}\n{cells}\n"))
    assert set(found.sources[0].columns) == set(expected.split())
    assert len(found.submissions) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "big5hkscs"])
def test_traditional_headers(tmp_path: Path, encoding: str) -> None:
    found = read(put(tmp_path / "a.csv", "編號,標題,內容\n1,路燈,巷口的路燈壞了三天沒有人修理\n", encoding))
    assert set(found.sources[0].columns) == {"id", "title", "body"}


def test_every_field_arrives(tmp_path: Path) -> None:
    row = {
        "id": 12, "title": "路灯", "body": "不亮", "submitted_at": "2026-03-01", "submitter": "梁某",
        "place": "柳河镇", "source": "信箱", "channel": "微信", "likes": "3",
    }  # fmt: skip
    found = read(put(tmp_path / "a.jsonl", json.dumps(row)))
    assert found.submissions == [
        Submission("12", "路灯\n不亮", "2026-03-01", "梁某", "柳河镇", "信箱", "微信", 3)
    ]  # fmt: skip


@pytest.mark.parametrize("likes", ["", "很多", "-4", "nan", "inf", "1e400"])
def test_likes_that_are_no_count_are_none(tmp_path: Path, likes: str) -> None:
    assert read(put(tmp_path / "a.csv", f"内容,点赞数\n{LAMP},{likes}\n")).submissions[0].likes == 0


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_header_below_a_title(tmp_path: Path, ending: str) -> None:
    rows: list[list[object]] = [["三月来信登记表", "", ""], ["", "", ""], ["编号", "内容", "备注"], ["1", LAMP, "无"]]
    path = tmp_path / f"a{ending}"
    if ending == ".xlsx":
        workbook(path, rows)
    else:
        put(path, "".join(",".join(map(str, row)) + "\n" for row in rows))
    found = read(path)
    assert found.texts == [LAMP]
    assert found.submissions[0].id == "1"


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx", ".jsonl"])
def test_column_mapping_comes_first(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    if ending == ".xlsx":
        workbook(path, [["内容", "诉求描述"], ["已转办", LAMP]])
    elif ending == ".jsonl":
        put(path, json.dumps({"内容": "已转办", "诉求描述": LAMP}))
    else:
        sign = "\t" if ending == ".tsv" else ","
        put(path, f"内容{sign}诉求描述\n已转办{sign}{LAMP}\n")
    assert read(path, body="诉求描述").texts == [LAMP]


def test_a_field_that_is_said_not_to_be_there_is_not_guessed(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", f"标题,内容\n转办单,{LAMP}\n")
    assert read(path, title="").texts == [LAMP]


def test_column_mapping_to_an_unknown_field(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"没有名为“正文”的字段。可用的字段：id、title、body"):
        read(put(tmp_path / "a.csv", "内容\n1\n"), 正文="内容")


@pytest.mark.parametrize("headers", ["标题,诉求描述", "内容,诉求描述"])
def test_column_mapping_to_a_header_that_is_nowhere(tmp_path: Path, headers: str) -> None:
    with pytest.raises(InputError, match=r"诉求苗述.*诉求描述"):
        read(put(tmp_path / "a.csv", f"{headers}\n已转办,{LAMP}\n"), body="诉求苗述")


SIMPLE = "编号,内容\n" + "".join(f"{n},幸福里小区{n}号楼的电梯停了，老人上不去，物业说等配件\n" for n in range(1, 9))
TRADITIONAL = "id,body\n" + "".join(
    f"{n},幸福里社區{n}號樓的電梯停了，老人上不去，管理處說等零件\n" for n in range(1, 9)
)
ENCODINGS = [
    ("utf-8", "utf-8", SIMPLE), ("utf-8-sig", "utf-8-sig", SIMPLE), ("utf-16", "utf-16", SIMPLE),
    ("gb18030", "gb18030", SIMPLE), ("gbk", "gb18030", SIMPLE), ("big5", "big5hkscs", TRADITIONAL),
    ("utf-8", "utf-8", TRADITIONAL), ("gb18030", "gb18030", TRADITIONAL),
]  # fmt: skip


@pytest.mark.parametrize(("written", "stated", "content"), ENCODINGS)
def test_encoding_is_detected_and_stated(tmp_path: Path, written: str, stated: str, content: str) -> None:
    found = read(put(tmp_path / "a.csv", content, written))
    assert found.sources[0].encoding == stated
    assert found.texts == [line.partition(",")[2] for line in content.splitlines()[1:]]


def test_utf16_of_the_other_byte_order(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(codecs.BOM_UTF16_BE + SIMPLE.encode("utf-16-be"))
    assert len(read(path).texts) == 8


@pytest.mark.parametrize(("written", "stated", "content"), [row for row in ENCODINGS if row[0] != "utf-16"])
def test_broken_bytes_cost_only_their_row(tmp_path: Path, written: str, stated: str, content: str) -> None:
    lines = content.encode(written).splitlines(keepends=True)
    lines[3] = b"3," + "电梯".encode() + b"\xff\xfe\xff\n"
    path = tmp_path / "a.csv"
    path.write_bytes(b"".join(lines))
    found = read(path)
    assert found.sources[0].encoding == stated
    assert found.lines == [4]
    assert "无法解码" in found.rejected[0].reason
    assert [each.id for each in found.submissions] == ["1", "2", "4", "5", "6", "7", "8"]


@pytest.mark.parametrize("good", [1, 2])
def test_broken_bytes_in_a_short_file_cost_only_their_row(tmp_path: Path, good: int) -> None:
    rows = "".join(f"{n},{LAMP}第{n}次反映\n" for n in range(good)).encode()
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,body\n" + rows + "9,井盖丢了".encode()[:-1] + b"\n")
    found = read(path)
    assert found.sources[0].encoding == "utf-8"
    assert len(found.submissions) == good


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x0b", "\x0c", "\x85"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_only_line_ends_end_a_row(tmp_path: Path, encoding: str, sign: str) -> None:
    found = read(put(tmp_path / "a.csv", f"编号,内容\n1,路灯{sign}坏了\n", encoding))
    assert found.texts == [f"路灯{sign}坏了"]
    assert not found.rejected


def test_lines_end_in_either_way(tmp_path: Path) -> None:
    assert (
        read(put(tmp_path / "a.csv", SIMPLE.replace("\n", "\r\n"))).texts == read(put(tmp_path / "b.csv", SIMPLE)).texts
    )


HOTLINE = {
    "诉求编号": ("id", "12345-1"), "来件时间": ("submitted_at", "2026-03-07 09:05"), "诉求人": ("submitter", "沈某"),
    "联系电话": ("contact", "13800000000"), "事发地点": ("place", "桥头镇"), "来源渠道": ("channel", "电话"),
}  # fmt: skip


@pytest.mark.parametrize("title", ["诉求标题", "诉求主题"])
@pytest.mark.parametrize("body", ["诉求描述", "诉求内容", "來電內容", "问题描述"])
def test_the_headers_of_hotlines_are_known(tmp_path: Path, title: str, body: str) -> None:
    values = ",".join(value for _, value in HOTLINE.values())
    [found] = read(put(tmp_path / "a.csv", f"{','.join(HOTLINE)},{title},{body}\n{values},路灯,{LAMP}\n")).submissions
    assert found.text == f"路灯\n{LAMP}"
    assert {name: getattr(found, name) for name, _ in HOTLINE.values()} == dict(HOTLINE.values())


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("工单编号", "id"), ("来电时间", "submitted_at"), ("受理时间", "submitted_at"), ("登记时间", "submitted_at"),
        ("所属地区", "place"), ("手机号码", "contact"), ("聯絡電話", "contact"), ("来件来源", "source"),
    ],
)  # fmt: skip
def test_other_names_of_hotlines(header: str, field: str) -> None:
    assert mapping([header, "内容"], {})[field] == header
