"""Tables of an office: broken ones told by file, row and value; workbooks and Chinese headers read."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from support import SAMPLES, cases

from pipeline.errors import InputError
from pipeline.knowledge import CORPORA, table
from pipeline.route import CROSSWALK, Places, Router, load_crosswalk, load_members

TABLES = {name: SAMPLES / f"{name}.csv" for name in ("places", "members", "stations")}
RULES = {name: CORPORA / f"{name}.csv" for name in ("crosswalk", "rules", "holidays")}


def rows(path: Path) -> list[dict[str, str]]:
    return [row for _, row in table(path)]


def write(path: Path, found: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(found[0]), extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)
    return path


def broken(case: dict[str, Any], folder: Path) -> dict[str, Path]:
    """Write the table of a case with its change; return the tables of the office, this one among them."""
    name = case["table"]
    found = rows((TABLES | RULES)[name])
    for row, column, value in case.get("cells", []):
        found[row][column] = value
    for column in case.get("without", []):
        found = [{key: value for key, value in row.items() if key != column} for row in found]
    found += [dict(zip(found[0], row, strict=True)) for row in case.get("rows", [])]
    path = write(folder / f"{name}.csv", found)
    return {**TABLES, "rules": folder} if name in RULES else {**TABLES, name: path}


@pytest.mark.parametrize("case", cases("tables", "broken"))
def test_a_broken_table_is_told(case: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        Router.load(**broken(case, tmp_path))
    assert str(told.value).replace(f"{tmp_path}/", "").replace(f"{SAMPLES}/", "") == "\n".join(case["message"])


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    found = rows(TABLES["members"])
    for row in found[:14]:
        row["sectors"] = "渔业"
    with pytest.raises(InputError) as told:
        load_members(write(tmp_path / "members.csv", found), Places.load(TABLES["places"]))
    lines = str(told.value).splitlines()
    assert len(lines) == 11
    assert lines[-1] == "…… 另有 4 处。"


@pytest.mark.parametrize("content", ["", "\n", "标题\n"])
def test_an_empty_table_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"places\.csv.*缺少列"):
        Places.load(path)


def test_members_need_the_places() -> None:
    with pytest.raises(InputError, match="--places"):
        load_members(TABLES["members"], Places())


def test_the_crosswalk_names_no_unknown_topic() -> None:
    known = {(row["level1"], row["level2"]) for row in rows(CORPORA / "topics.csv")}
    assert set(load_crosswalk()) <= known | {(first, "") for first, _ in known}


def workbook(path: Path, found: list[list[object]]) -> Path:
    book = Workbook()
    for row in found:
        book.active.append(row)
    book.save(path)
    return path


def test_a_workbook_with_chinese_headers_is_the_same_table(tmp_path: Path) -> None:
    named = {"id": "编号", "name": "名称", "parent": "上级", "aliases": "别名"}
    found = rows(TABLES["places"])
    cells = [[named[column] for column in found[0]], *([row[column] or None for column in row] for row in found)]
    path = workbook(tmp_path / "地点.xlsx", cells)
    assert Places.load(path).by_id == Places.load(TABLES["places"]).by_id


def test_a_workbook_of_members(tmp_path: Path) -> None:
    header = ["编号", "姓名", "界别", "地点", "专长", "单位", "容量", "请假", "在任"]
    path = workbook(
        tmp_path / "委员.xlsx",
        [header, [1, "沈一", "经济|工商联", None, "路灯", None, 3, "2026-10-01..2026-10-08", "是"]],
    )
    (member,) = load_members(path, Places())
    assert (member.id, member.sectors, member.capacity, member.active) == ("1", ("经济", "工商联"), 3, True)
    assert len(member.absences) == 1


def test_a_torn_workbook_is_told(tmp_path: Path) -> None:
    path = tmp_path / "members.xlsx"
    path.write_bytes(b"PK\x03\x04 no workbook")
    with pytest.raises(InputError, match=r"members\.xlsx：不是有效的 \.xlsx"):
        load_members(path, Places())


def test_a_folder_of_rules_replaces_what_it_holds(tmp_path: Path) -> None:
    found = [row for row in rows(CROSSWALK) if row["level1"] != "教育文体"]
    write(tmp_path / "crosswalk.csv", found)
    router = Router.load(rules=tmp_path)
    assert ("教育文体", "") not in router.crosswalk
    assert router.version != Router.load().version


def test_an_empty_folder_of_rules_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"没有规则表.*crosswalk"):
        Router.load(rules=tmp_path)


def test_an_office_has_its_own_sectors(tmp_path: Path) -> None:
    (tmp_path / "sectors.csv").write_text("name,kind\n经济科技,界别\n", encoding="utf-8")
    (tmp_path / "crosswalk.csv").write_text(
        "level1,level2,sector,assist,committee,restricted\n城乡建设,,经济科技,,经济,\n", encoding="utf-8"
    )
    assert Router.load(rules=tmp_path).crosswalk["城乡建设", ""][0].sector == "经济科技"
