"""Dials, rows of tables, and what goes out and comes back; the ledger of an office in which somebody has left."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from office import LAMPS, ME, MEMBERS, OFFICE, furnish
from openpyxl import load_workbook

from pipeline.errors import InputError
from pipeline.records import Submission
from service.desk import atwork, dials, tables
from service.desk.errors import ConflictError, NotFoundError, RuleError
from service.desk.grid import Grid
from service.desk.intake import Arrival, Intake
from service.desk.load import Load
from service.desk.rejudge import rejudge
from service.desk.sheets import as_text, difference
from service.settings import Settings
from service.store import Store
from service.web.admin.columns import TABLES, label, shipped
from service.web.files import download


def test_dials_are_read_and_written() -> None:
    assert dials.read("").precision == 0.95
    assert dials.read(dials.Dials(0.99, 0.2).content) == dials.Dials(0.99, 0.2)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("name,value\nspeed,1\n", "“speed”"),
        ("name,value\nprecision,0.5\n", "0.95"),
        ("name,value\npriority,高\n", "“高”"),
        ("name,value\npriority,2\n", "0 与 1 之间"),
    ],
)
def test_wrong_dials_are_told(store: Store, content: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        dials.read(content)
    with pytest.raises(RuleError):
        tables.put(store, {"dials": content}, {}, ME)


def test_dials_and_words_of_the_office_judge(store: Store) -> None:
    furnish(store)
    tables.put(store, {"dials": dials.Dials(0.99, 0.5).content, "lexicon": "term,level1\n中心街,民政\n"}, {}, ME)
    triage = atwork.load(store, Settings())
    assert (triage.classifier.precision, triage.dial) == (0.99, 0.5)
    assert triage.lexicon
    Intake(store, triage).receive([Arrival(Submission("", LAMPS))], ME)
    with store.reading() as session:
        passing = dials.passing(session, triage.classifier.dials)
        assert [each.of for each in passing] == [1, 1, 1]
        assert dials.flagged(session, triage, (0.0, 1.1)) == ([1, 0], 1)


def test_who_left_does_not_shift_what_others_have(store: Store) -> None:
    """A member who is not active stands before the others: their places in the ledger are not those in the table."""
    left = MEMBERS.replace("m1,甲一", "m0,甲〇,经济,t,道路照明,桥头镇,0,5\nm1,甲一")
    tables.put(store, OFFICE | {"members": left}, {}, ME)
    triage = atwork.load(store, Settings())
    intake = Intake(store, triage)
    [one] = intake.receive([Arrival(Submission("", LAMPS))], ME)
    intake.receive([Arrival(Submission("", LAMPS + "谢谢。"))], ME)
    rejudge(store, triage, [one.number], ME)
    with store.reading() as session:
        ledger = Load(triage.router).ledger(session, [])
    assert ledger.open.sum() > 0
    assert len(ledger.open) == len(triage.router.roster.members) == 3


def test_rows_are_put_and_taken_out() -> None:
    grid = Grid.of("members", MEMBERS)
    assert grid.put("m3", {"name": "丙叁"}) == "m3"
    assert grid.put("", {"id": "m4", "name": "丁四", "phone": "无"}) == "m4"
    with pytest.raises(ConflictError):
        grid.put("m4", {"id": "m3"})
    with pytest.raises(NotFoundError):
        grid.remove("m9")
    grid.remove("m4")
    found = difference("members", MEMBERS, grid.content, 1)
    assert [(each.key, each.after) for each in found.changed] == [("m3", {"name": "丙叁"})]


def test_the_second_of_two_rows_that_nothing_tells_apart_is_changed() -> None:
    grid = Grid.of("rules", "code,topics,reason\nA,x,1\nA,y,2\n")
    assert list(grid.rows) == ["A", "A′"]
    grid.put("A′", {"reason": "改"})
    assert grid.content == "code,topics,reason\nA,x,1\nA,y,改\n"
    with pytest.raises(ConflictError):
        grid.put("", {"code": "A"})


@pytest.mark.parametrize(
    ("heads", "told"),
    [("备注,备注", "“备注”和“备注”"), ("note,note", "“note”和“note”"), ("回避,stakes,stakes", "“stakes”和“stakes”")],
)
def test_no_column_is_lost(store: Store, heads: str, told: str) -> None:
    """Of two columns that are called alike the reader keeps one: the other would be gone with the next edit."""
    content = MEMBERS.replace("capacity", f"capacity,{heads}").replace(",1,5", ",1,5,一,二")
    grid = Grid.of("members", content)
    for edit in (lambda: grid.put("m1", {"place": "c"}), lambda: grid.remove("m1")):
        with pytest.raises(RuleError, match=told):
            edit()
    with pytest.raises(RuleError, match=told):
        tables.put(store, OFFICE | {"members": content}, {}, ME)
    tables.put(store, OFFICE | {"members": content.replace(heads, "备注,手机")}, {}, ME)


def test_two_names_of_one_column_are_told() -> None:
    grid = Grid.of("members", MEMBERS.replace("id,name", "编号,姓名,名称").replace("一,", "一,甲,"))
    with pytest.raises(RuleError, match="“姓名”和“名称”"):
        grid.check()


def test_an_empty_table_begins_with_its_columns() -> None:
    grid = Grid.of("members", "")
    grid.put("", {"id": "m1", "name": "甲一"})
    assert grid.content.startswith("id,name,sectors,place")


@pytest.mark.parametrize("kind", [kind for kind in TABLES if shipped(kind)])
@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_what_goes_out_comes_back_the_same(kind: str, ending: str) -> None:
    grid = Grid.of(kind, shipped(kind))
    rows = [[row.get(column, "") for column in grid.columns] for row in grid.rows.values()]
    answer = download(kind, ending, [(kind, [label(kind, column) for column in grid.columns], rows)])
    assert not difference(kind, shipped(kind), as_text(bytes(answer.body), f"{kind}{ending}"), 1)


@given(st.text("=+-@'a1 ", min_size=1, max_size=6).map(str.strip).filter(bool))
def test_no_cell_is_a_formula_and_none_is_changed(cell: str) -> None:
    for ending in (".csv", ".xlsx"):
        body = bytes(download("t", ending, [("t", ["name"], [[cell]])]).body)
        assert as_text(body).splitlines()[1] == (f'"{cell}"' if '"' in cell else cell)
        if ending == ".xlsx":
            assert load_workbook(io.BytesIO(body)).active["A2"].data_type == "s"
        else:
            assert body.decode("utf-8-sig").splitlines()[1][0] not in "=+-@"
