"""The `minyi` command from outside: exit codes, what it says, and what it leaves behind."""

from __future__ import annotations

import json

import pytest
from desk import Desk
from inputs import LAMP, LID, same_letters

HEAD = "编号,内容\n"
GOOD = f"{HEAD}1,{LAMP}\n2,{LID}\n"


def test_all_rows_read_is_0(minyi: Desk) -> None:
    answer = minyi("triage", "信.csv", "-o", "出.jsonl", code=0)
    assert answer.out == b""
    assert set(minyi.files()) == {"信.csv", "出.jsonl"}
    assert "信.csv：2 件（utf-8）" in answer.err
    assert "来件 2" in answer.err
    assert "出.jsonl" in answer.err


@pytest.mark.parametrize("ending", ["jsonl", "csv", "xlsx", "html", "HTML"])
def test_the_ending_names_the_format(minyi: Desk, ending: str) -> None:
    minyi("triage", "信.csv", "-o", f"出.{ending}", code=0)
    begins = {"jsonl": b'{"id":"1"', "csv": b"\xef\xbb\xbf", "xlsx": b"PK", "html": b"<!doctype html>"}
    assert minyi.files()[f"出.{ending}"].startswith(begins[ending.lower()])


@pytest.mark.parametrize("command", ["triage", "clean"])
@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".tsv", ".xlsx", ".txt", ".docx"])
def test_every_format_goes_in(minyi: Desk, command: str, ending: str) -> None:
    same_letters(minyi.folder / f"甲{ending}")
    assert len(minyi(command, f"甲{ending}", code=0).ids) == (1 if ending == ".docx" else 2)


@pytest.mark.parametrize("command", ["triage", "clean"])
def test_rejected_rows_are_1_named_and_kept(minyi: Desk, command: str) -> None:
    minyi.put("坏.csv", f'{GOOD}3\n4,"{LAMP}\n5,=SUM(1)\n6,\n')
    answer = minyi(command, "信.csv", "坏.csv", "-o", "出.jsonl", code=1)
    for line, reason in ((2, "文字也相同"), (4, "有 1 列"), (5, "引号不配对"), (7, "没有文字")):
        assert any(told.startswith(f"坏.csv:{line}: ") and reason in told for told in answer.err.splitlines())
    assert "出.jsonl.rejected.csv" in answer.err
    kept = minyi.files()["出.jsonl.rejected.csv"].decode("utf-8-sig").splitlines()
    assert kept[0] == "文件,行,原因,内容"
    assert any(row.startswith("坏.csv,4,") and row.endswith(",3") for row in kept)
    assert len(minyi.files()["出.jsonl"].splitlines()) == 3


def test_many_rejected_rows_are_told_in_short(minyi: Desk) -> None:
    minyi.put("坏.csv", HEAD + "x\n" * 40)
    answer = minyi("triage", "坏.csv", code=1)
    assert answer.err.count("坏.csv:") == 10
    assert "另有 30 行" in answer.err
    assert len(minyi.files()["minyi.rejected.csv"].splitlines()) == 41


def test_a_good_run_takes_the_old_rejections_away(minyi: Desk) -> None:
    minyi.put("坏.csv", GOOD + "3\n")
    minyi("triage", "坏.csv", "-o", "出.jsonl", code=1)
    minyi("triage", "信.csv", "-o", "出.jsonl", code=0)
    assert "出.jsonl.rejected.csv" not in minyi.files()


def test_an_input_is_never_deleted(minyi: Desk) -> None:
    minyi.put("出.jsonl.rejected.csv", f"{HEAD}3,{LAMP}\n")
    before = minyi.files()
    assert "请换一个 -o" in minyi("triage", "出.jsonl.rejected.csv", "-o", "出.jsonl", code=2).err
    assert minyi.files() == before


@pytest.mark.parametrize("command", ["triage", "clean"])
def test_an_input_is_never_overwritten(minyi: Desk, command: str) -> None:
    before = minyi.put("甲.jsonl", json.dumps({"id": "1", "text": LAMP})).read_bytes()
    assert "请换一个 -o" in minyi(command, "甲.jsonl", "-o", "甲.jsonl", code=2).err
    assert minyi.files()["甲.jsonl"] == before


def test_rejections_that_cannot_be_written_are_an_error_of_usage(minyi: Desk) -> None:
    (minyi.folder / "出.jsonl.rejected.csv").mkdir()
    minyi.put("坏.csv", GOOD + "3\n")
    minyi("triage", "坏.csv", "-o", "出.jsonl", code=2)


def test_a_new_id_is_told(minyi: Desk) -> None:
    minyi.put("号.csv", f"{HEAD}1,{LAMP}\n1,{LID}\n")
    answer = minyi("triage", "号.csv", code=0)
    assert answer.ids == ["1", "1#2"]
    assert "号.csv:3: 编号重复而文字不同，改记为 1#2" in answer.err


@pytest.mark.parametrize("command", ["triage", "clean"])
@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        "\ufeff" + GOOD,
        GOOD.replace(",", "\t"),
        GOOD.replace(",", ";"),
        f'{{"id":"1","text":"{LAMP}"}}\n{{"id":"2","text":"{LID}"}}',
    ],
)
def test_standard_input(minyi: Desk, command: str, content: str) -> None:
    assert minyi(command, "-", stdin=content.encode(), code=0).ids == ["1", "2"]


@pytest.mark.parametrize("ending", [".xlsx", ".docx"])
def test_standard_input_of_an_office_file(minyi: Desk, ending: str) -> None:
    content = same_letters(minyi.folder / f"a{ending}").read_bytes()
    assert len(minyi("triage", "-", stdin=content, code=0).ids) == (1 if ending == ".docx" else 2)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_standard_input_in_another_encoding(minyi: Desk, encoding: str) -> None:
    assert minyi("clean", "-", stdin=GOOD.encode(encoding), code=0).ids == ["1", "2"]


def test_standard_input_without_anything(minyi: Desk) -> None:
    answer = minyi("triage", "-", code=0)
    assert answer.out == b""
    assert "来件 0" in answer.err


@pytest.mark.parametrize("command", ["triage", "clean"])
def test_output_to_standard_output_is_that_to_a_file(minyi: Desk, command: str) -> None:
    out = minyi(command, "信.csv", code=0).out
    minyi(command, "信.csv", "-o", "出.jsonl", code=0)
    assert minyi.files()["出.jsonl"] == out


def test_clean(minyi: Desk) -> None:
    minyi.put("繁.jsonl", '{"id": "9", "title": "電梯", "body": "壞了"}')
    [row] = [json.loads(line) for line in minyi("clean", "繁.jsonl", code=0).out.splitlines()]
    assert row["id"] == "9"
    assert set(row) == {"id", "clean"}
    assert row["clean"]["text"] == "电梯\n坏了"
    assert {edit["kind"] for edit in row["clean"]["edits"]} == {"script"}


def test_column(minyi: Desk) -> None:
    minyi.put("列.csv", f"单号,诉求描述\n甲,{LAMP}\n")
    assert minyi("triage", "列.csv", "--column", "body=诉求描述", "--column", "id = 单号", code=0).ids == ["甲"]


def test_the_tables_of_an_office(minyi: Desk) -> None:
    minyi.put("地.csv", "id,name,parent,aliases\nc,云栖县,,\nt,柳荫街道,c,柳荫\n")
    header = "id,name,sectors,place,stations,speciality,organisation,capacity,absences,active\n"
    minyi.put("委.csv", "\ufeff" + header + "m,沈一,经济|工商联|环境资源,t,,路灯与井盖,,5,,1\n")
    minyi.put("信.csv", f"{HEAD}1,柳荫街道{LAMP}\n")
    [line] = minyi("triage", "信.csv", "--places", "地.csv", "--members", "委.csv", code=0).out.splitlines()
    route = json.loads(line)["route"]
    assert route["place"] == "柳荫街道"
    assert [member["name"] for member in route["members"]] == ["沈一"]


def crosswalk(sector: str) -> str:
    return f"level1,level2,sector,assist,committee,restricted\n城乡建设,,{sector},,,\n"


def test_rules(minyi: Desk) -> None:
    minyi.put("规.csv", crosswalk("教育"))
    [line] = minyi("triage", "-", "--rules", "规.csv", stdin=f"内容\n{LAMP}\n".encode(), code=0).out.splitlines()
    assert json.loads(line)["route"]["sector"] == "教育"


def test_provenance_tells_other_rules_apart(minyi: Desk) -> None:
    minyi.put("规.csv", crosswalk("教育"))
    letter = f"内容\n{LAMP}\n".encode()
    lines = [minyi("triage", "-", *flags, stdin=letter, code=0).out for flags in ((), ("--rules", "规.csv"))]
    one, other = (json.loads(line)["provenance"]["rules"] for line in lines)
    assert one != other


def test_the_number_of_processes_changes_nothing(minyi: Desk) -> None:
    streets = ["槐树", "银杏", "石榴", "紫藤", "海棠", "月桂", "冬青"]
    things = ["路灯不亮", "井盖缺了一角", "垃圾没人收", "夜里施工太吵", "自来水发黄"]
    rows = [f"{n},{streets[n % 7]}路{n % 41}号{things[n % 5]}，已经{n % 13}天了，请尽快处理\n" for n in range(700)]
    minyi.put("多.csv", HEAD + "".join(rows) + "坏\n")
    for processes in ("1", "2"):
        for ending in ("jsonl", "csv", "html"):
            minyi("triage", "多.csv", "-o", f"出{processes}.{ending}", "--processes", processes, code=1)
    files = minyi.files()
    for ending in ("jsonl", "csv", "html"):
        assert files[f"出1.{ending}"] == files[f"出2.{ending}"]
    assert files["出1.jsonl"].count(b"\n") == 700
