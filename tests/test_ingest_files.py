"""Files that hold nothing, or cannot be used at all, are refused with a message that names them and the way out."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from inputs import damaged, put, read, same_letters, workbook

from pipeline.errors import InputError
from pipeline.ingest import Intake


@pytest.mark.parametrize("ending", [".jsonl", ".txt"])
def test_an_empty_file_has_no_rows(tmp_path: Path, ending: str) -> None:
    found = read(put(tmp_path / f"a{ending}", ""))
    assert (found.submissions, found.rejected) == ([], [])


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx"])
def test_a_table_with_a_header_alone_has_no_rows(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    found = read(workbook(path, [["内容"]]) if ending == ".xlsx" else put(path, "内容\n"))
    assert (found.submissions, found.rejected) == ([], [])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("没有.csv", "没有这个文件"),
        ("目录", "这是文件夹"),
        ("旧.xls", "请另存为 .xlsx"),
        ("旧.doc", "请另存为 .docx"),
        ("旧.json", "请另存为 .jsonl"),
        ("图.png", "可用的格式：.jsonl .csv"),
        ("无后缀", "没有后缀"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_at_once(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "目录").mkdir()
    for other in ("旧.xls", "旧.doc", "旧.json", "图.png", "无后缀"):
        put(tmp_path / other, "内容")
    with pytest.raises(InputError, match=said) as caught:
        Intake([tmp_path / name], rejected=lambda _: None)
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx"])
def test_a_table_without_text_says_what_it_saw(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    sign = "\t" if ending == ".tsv" else ","
    table = [["单号", "经办"], ["1", "老周"]]
    made = workbook(path, table) if ending == ".xlsx" else put(path, "".join(sign.join(row) + "\n" for row in table))
    with pytest.raises(InputError, match=r"a\..*单号、经办.*--column body="):
        read(made)


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx", ".docx"])
def test_an_empty_table_or_document_is_refused(tmp_path: Path, ending: str) -> None:
    with pytest.raises(InputError, match=r"a\."):
        read(put(tmp_path / f"a{ending}", ""))


DAMAGE = {
    ".xlsx": ["[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"],
    ".docx": ["[Content_Types].xml", "word/document.xml"],
}


@pytest.mark.parametrize(("ending", "part"), [(ending, part) for ending in DAMAGE for part in DAMAGE[ending]])
def test_a_part_that_is_torn_off_is_refused(tmp_path: Path, ending: str, part: str) -> None:
    path = damaged(same_letters(tmp_path / f"a{ending}"), part, b"<half")
    with pytest.raises(InputError, match="另存为"):
        read(path)


@pytest.mark.parametrize("ending", DAMAGE)
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, ending: str) -> None:
    path = same_letters(tmp_path / f"a{ending}")
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(InputError, match="另存为"):
        read(path)


@pytest.mark.parametrize("ending", DAMAGE)
def test_flipped_bytes_are_refused(tmp_path: Path, ending: str) -> None:
    path = same_letters(tmp_path / f"a{ending}")
    whole = path.read_bytes()
    for at in range(0, len(whole), 31):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        with suppress(InputError):
            read(path)


@pytest.mark.parametrize(("real", "pretended"), [(".docx", ".xlsx"), (".xlsx", ".docx"), (".csv", ".xlsx")])
def test_a_file_under_a_wrong_ending_is_refused(tmp_path: Path, real: str, pretended: str) -> None:
    path = same_letters(tmp_path / f"a{real}")
    with pytest.raises(InputError, match="不是有效的"):
        read(path.rename(tmp_path / f"a{pretended}"))
