"""No row is lost: each is yielded or rejected with its line and the reason, and a bad one costs only itself."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inputs import LAMP, LID, document, put, read, same_letters, workbook

from pipeline.errors import InputError

HEAD = "编号,内容,备注\n"
BAD_ROWS = [
    ("unclosed quote, next row plain", f'1,"{LAMP},无\n', "引号不配对"),
    ("quote inside a quoted cell", f'1,"路灯"坏了",{LAMP}\n', "引号不配对"),
    ("a column too few", f"1,{LAMP}\n", "有 2 列，表头有 3 列"),
    ("a column too many", f"1,{LAMP},无,无\n", "有 4 列，表头有 3 列"),
    ("no text", "1,,无\n", "没有文字"),
    ("blanks for text", "1, \u3000,无\n", "没有文字"),
]


@pytest.mark.parametrize(("bad", "reason"), [row[1:] for row in BAD_ROWS], ids=[row[0] for row in BAD_ROWS])
@pytest.mark.parametrize("after", [f"2,{LID},无\n", f'2,"{LID}",无\n', f'2,"{LID}\n又及",无\n'])
def test_a_bad_row_of_a_table_costs_only_itself(tmp_path: Path, bad: str, reason: str, after: str) -> None:
    found = read(put(tmp_path / "a.csv", f"{HEAD}{bad}{after}3,好的,\n"))
    assert [each.id for each in found.submissions] == ["2", "3"]
    assert found.lines == [2]
    assert reason in found.rejected[0].reason
    assert found.rejected[0].content == bad.rstrip("\n")
    assert found.rejected[0].file == str(tmp_path / "a.csv")


def test_a_quote_that_never_closes_costs_only_its_own_row(tmp_path: Path) -> None:
    rows = "".join(f"{n},第{n}户反映水压太低,\n" for n in range(2, 2500))
    found = read(put(tmp_path / "a.csv", f'{HEAD}1,"{LAMP},\n{rows}'))
    assert found.lines == [2]
    assert [each.id for each in found.submissions] == [str(n) for n in range(2, 2500)]


def test_cells_of_several_lines_keep_the_line_numbers_right(tmp_path: Path) -> None:
    found = read(put(tmp_path / "a.csv", f'{HEAD}1,"{LAMP}\n\n{LID}",无\n2,短\n3,"说""好""的",\n'))
    assert found.texts == [f"{LAMP}\n\n{LID}", '说"好"的']
    assert found.lines == [5]


def test_blank_rows_are_no_rows(tmp_path: Path) -> None:
    found = read(put(tmp_path / "a.csv", f"{HEAD}\n,,\n1,{LAMP},\n , ,\n"))
    assert (found.texts, found.rejected) == ([LAMP], [])


def test_semicolons_separate_too(tmp_path: Path) -> None:
    found = read(put(tmp_path / "a.csv", f"编号;内容\n1;{LAMP}\n2;门锁坏了, 进不去\n"))
    assert found.texts == [LAMP, "门锁坏了, 进不去"]


@pytest.mark.parametrize(
    "content",
    [
        "编号,内容\n1,路灯;井盖;树枝;围栏\n",
        '编号,内容\n1,"路灯&nbsp;坏了&nbsp;三天&nbsp;了"\n',
        "来信汇总\n二〇二六年三月\n办公室\n编号;内容\n1;路灯\n",
    ],
)
def test_the_header_says_what_separates(tmp_path: Path, content: str) -> None:
    assert len(read(put(tmp_path / "a.csv", content)).submissions) == 1


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_two_columns_of_one_name_are_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    if ending == ".csv":
        put(path, f"编号,内容,内容\n1,{LAMP},无\n")
    else:
        workbook(path, [["编号", "内容", "内容"], [1, LAMP, "无"]])
    with pytest.raises(InputError, match="有 2 列都叫“内容”"):
        read(path)


def test_two_columns_of_one_name_that_nobody_uses(tmp_path: Path) -> None:
    assert read(put(tmp_path / "a.csv", f"编号,内容,备注,备注\n1,{LAMP},无,无\n")).texts == [LAMP]


def test_lines_that_end_in_cr_alone(tmp_path: Path) -> None:
    assert read(put(tmp_path / "a.csv", f"编号,内容\r1,{LAMP}\r2,{LID}\r")).texts == [LAMP, LID]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": "1", "text": "路灯', "不是有效的 JSON"),
        ("路灯坏了", "不是有效的 JSON"),
        ('{"id": "1", "text": "\\ud800"}', "不是有效的 JSON"),
        ("[" * 3000, "不是有效的 JSON"),
        ('["路灯"]', "不是 JSON 对象"),
        ("3", "不是 JSON 对象"),
        ("null", "不是 JSON 对象"),
        ("{}", "没有文字"),
        ('{"id": "1", "text": null, "title": "", "body": " "}', "没有文字"),
    ],
)
def test_a_bad_line_of_json_costs_only_itself(tmp_path: Path, line: str, reason: str) -> None:
    found = read(put(tmp_path / "a.jsonl", f'{line}\n\n{{"id": "2", "text": "{LID}"}}\n'))
    assert found.texts == [LID]
    assert found.lines == [1]
    assert reason in found.rejected[0].reason


def test_broken_bytes_in_a_line_of_json(tmp_path: Path) -> None:
    good = [json.dumps({"text": f"{LAMP}第{n}次"}, ensure_ascii=False).encode() + b"\n" for n in range(5)]
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join([*good, b'{"text": "\xe8\xb7"}\n']))
    found = read(path)
    assert (len(found.submissions), found.lines) == (5, [6])
    assert "无法解码" in found.rejected[0].reason


def test_numbers_and_nothing_in_cells(tmp_path: Path) -> None:
    found = read(workbook(tmp_path / "a.xlsx", [["编号", "标题", "内容"], [12.0, None, 110], [None, None, None]]))
    assert [(each.id, each.text) for each in found.submissions] == [("12", "\n110")]
    assert not found.rejected


def test_every_sheet_with_text_is_read(tmp_path: Path) -> None:
    found = read(workbook(tmp_path / "a.xlsx", [["编号", "内容"], [1, LAMP]], [["说明"], ["无"]], [["内容"], [LID]]))
    assert found.texts == [LAMP, LID]


def test_sheets_without_ids_may_repeat_a_text(tmp_path: Path) -> None:
    found = read(workbook(tmp_path / "a.xlsx", [["内容"], [LAMP]], [["内容"], [LAMP]]))
    assert found.texts == [LAMP, LAMP]


def test_a_document_takes_its_tables_along(tmp_path: Path) -> None:
    import docx

    made = docx.Document()
    made.add_paragraph("关于路灯")
    table = made.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "反映人", "梁某"
    made.add_paragraph(LAMP)
    made.save(tmp_path / "a.docx")
    assert read(tmp_path / "a.docx").texts == [f"关于路灯\n反映人 梁某\n{LAMP}"]


def test_a_document_without_text_is_rejected(tmp_path: Path) -> None:
    found = read(document(tmp_path / "a.docx"))
    assert (found.texts, found.lines) == ([], [1])


def lines_of(*rows: tuple[str, str]) -> str:
    return "".join(json.dumps({"id": name, "text": text}, ensure_ascii=False) + "\n" for name, text in rows)


def test_the_same_row_twice_is_rejected(tmp_path: Path) -> None:
    found = read(put(tmp_path / "a.jsonl", lines_of(("7", LAMP), ("7", LAMP), ("8", LAMP))))
    assert [each.id for each in found.submissions] == ["7", "8"]
    assert found.lines == [2]
    assert "编号“7”" in found.rejected[0].reason


def test_another_text_under_the_same_id_is_renamed(tmp_path: Path) -> None:
    path = put(tmp_path / "a.jsonl", lines_of(("7", LAMP), ("7", LID), ("7#2", "门锁坏了"), ("7", "电梯停了")))
    found = read(path)
    assert [each.id for each in found.submissions] == ["7", "7#2", "7#2#2", "7#3"]
    assert found.renamed[0] == (str(path), 2, "7#2")


def test_the_second_text_of_an_id_is_rejected_when_repeated(tmp_path: Path) -> None:
    found = read(put(tmp_path / "a.jsonl", lines_of(("7", LAMP), ("7", LID), ("7", LID))))
    assert (found.texts, found.lines) == ([LAMP, LID], [3])


def test_several_files_are_one_stream(tmp_path: Path) -> None:
    one, two = same_letters(tmp_path / "a.jsonl"), put(tmp_path / "b.csv", "编号,内容\n甲1,电梯停了\n甲2,\n")
    found = read(one, two)
    assert [each.id for each in found.submissions] == ["甲1", "甲2", "甲1#2"]
    assert [(each.name, each.rows) for each in found.sources] == [(str(one), 2), (str(two), 1)]
    assert [(each.file, each.line) for each in found.rejected] == [(str(two), 3)]


def _row(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r;\t"), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=12), wild=st.lists(st.sampled_from('",甲')))
def test_every_row_of_a_table_is_yielded_or_rejected(tmp_path: Path, rows: list[list[str]], wild: list[str]) -> None:
    rows = [[*row, "尾"] for row in rows]  # a row of blanks alone is none
    content = "编号,内容,备注\n" + "".join(map(_row, rows))
    found = read(put(tmp_path / "a.csv", content))
    assert len(found.submissions) + len(found.rejected) == len(rows)
    torn = read(put(tmp_path / "b.csv", content + "".join(wild) + "\n9,好的,尾\n"))
    assert [each.text for each in torn.submissions][: len(found.submissions)] == [s.text for s in found.submissions]
    assert sum(each.text == "好的" for each in torn.submissions) >= 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | CELLS,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(JSON | st.dictionaries(st.sampled_from(["id", "title", "body", "text", "likes"]), JSON), max_size=12)
)
def test_every_line_of_json_is_yielded_or_rejected(tmp_path: Path, rows: list[object]) -> None:
    found = read(put(tmp_path / "a.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)))
    assert len(found.submissions) + len(found.rejected) == len(rows)
    assert len({each.id for each in found.submissions}) == len(found.submissions)
