"""Tables of the office in the store: checked together, kept with history, put by one editor at a time."""

from __future__ import annotations

import io
import zipfile

import pytest
from office import LAMPS, ME, MEMBERS, OFFICE, PLACES, STATIONS, furnish
from openpyxl import Workbook
from sqlalchemy import select
from support import cases

from pipeline.errors import InputError
from pipeline.records import Submission
from pipeline.triage import Triage
from service.desk import atwork, audit, tables
from service.desk.errors import ConflictError, NotFoundError, RuleError
from service.desk.intake import Arrival, Intake
from service.desk.sheets import as_text, difference
from service.settings import Settings
from service.store import Assignment, Member, Store, now


def put(store: Store, kind: str, content: str, seen: int | None = None) -> None:
    with store.reading() as session:
        version = tables.versions(session).get(kind, 0) if seen is None else seen
    tables.put(store, {kind: content}, {kind: version}, ME, "试")


def test_an_office_is_put_at_once_and_routes(store: Store) -> None:
    furnish(store)
    with store.reading() as session:
        assert tables.versions(session) == dict.fromkeys(OFFICE, 1)
        router = tables.check(tables.contents(session))
        assert [each.id for each in router.members] == ["m1", "m2", "m3"]
        assert sorted(session.scalars(select(Member.id))) == ["m1", "m2", "m3"]
        assert audit.verify(session) == (3, None)


@pytest.mark.parametrize("case", cases("office_tables", "refused"))
def test_what_breaks_a_rule_is_refused_and_changes_nothing(store: Store, case: dict[str, str]) -> None:
    furnish(store)
    content = OFFICE[case["kind"]].replace(case["replace"], case["by"])
    with pytest.raises(RuleError) as told:
        put(store, case["kind"], content)
    assert all(part in str(told.value) for part in case["told"].split("|")), str(told.value)
    assert "/tmp" not in str(told.value)
    assert told.value.field
    with store.reading() as session:
        assert tables.contents(session) == OFFICE


def test_a_preview_shows_what_changes(store: Store) -> None:
    furnish(store)
    changed = MEMBERS.replace("m3,丙三,教育", "m4,丁四,教育").replace("道路照明", "照明").replace("m2|", "")
    with store.reading() as session:
        found = tables.preview(session, {"members": changed, "stations": STATIONS.replace("m3", "m4")})[0]
        assert tables.contents(session) == OFFICE
    assert found.counts == {"added": 1, "removed": 1, "changed": 1}
    assert found.changed[0].before == {"speciality": "道路照明"}
    assert found.changed[0].after == {"speciality": "照明"}


def test_who_leaves_with_matters_in_hand_is_named(store: Store, triage: Triage) -> None:
    furnish(store)
    [receipt] = Intake(store, triage).receive([Arrival(Submission("", LAMPS))], ME)
    with store.writing() as session:
        session.add(
            Assignment(number=receipt.number, member="m2", state="sent", sent_by="x", sent_at=now(), changed_at=now())
        )
    with store.reading() as session:
        left = {"members": MEMBERS.replace("县住建局,1", "县住建局,0"), "stations": STATIONS.replace("|m2", "")}
        found = tables.preview(session, left)[0]
    assert found.warnings == ["委员 m2 手上还有 1 件，请改交他人。"]


def test_a_member_who_leaves_the_roster_stays_for_their_work(store: Store) -> None:
    furnish(store)
    tables.put(store, {"stations": "", "members": MEMBERS.split("m3")[0]}, {}, ME)
    with store.reading() as session:
        assert session.get_one(Member, "m3").active is False
        assert session.get_one(Member, "m1").active is True


def test_two_editors(store: Store) -> None:
    furnish(store)
    put(store, "members", MEMBERS.replace("道路照明", "路灯"), 1)
    with pytest.raises(ConflictError) as told:
        put(store, "members", MEMBERS.replace("道路照明", "交通"), 1)
    assert told.value.changed["version"] == 2
    assert told.value.changed["editor"] == str(ME)


def test_history_and_back(store: Store) -> None:
    furnish(store)
    put(store, "members", MEMBERS.replace("道路照明", "路灯"))
    tables.restore(store, "members", 1, 2, ME)
    with store.reading() as session:
        assert [row.version for row in tables.history(session, "members")] == [3, 2, 1]
        assert tables.get_or_raise(session, "members").content == MEMBERS
        with pytest.raises(NotFoundError):
            tables.get_or_raise(session, "members", 9)
        with pytest.raises(NotFoundError):
            tables.history(session, "bribes")


def test_the_same_again_is_no_new_version(store: Store) -> None:
    furnish(store)
    put(store, "places", PLACES)
    with store.reading() as session:
        assert tables.versions(session)["places"] == 1


def test_a_table_is_given_up(store: Store) -> None:
    put(store, "committees", "name\n" + "\n".join(_names("committees")) + "\n新专委会\n")
    tables.restore(store, "committees", 0, 1, ME)
    with store.reading() as session:
        assert tables.contents(session) == {}
        assert tables.versions(session) == {"committees": 2}


def _names(kind: str) -> list[str]:
    from pipeline.knowledge import CORPORA, table

    return [row["name"] for _, row in table(CORPORA / f"{kind}.csv", "name")]


def test_workbooks_and_old_encodings_are_read_as_they_stand() -> None:
    book = Workbook()
    book.active.append(["编号", "名称", "上级", "别名", "电话亭"])
    book.active.append([1, "柳川县", None, "柳川", "有, 两个"])
    stream = io.BytesIO()
    book.save(stream)
    assert as_text(stream.getvalue()) == '编号,名称,上级,别名,电话亭\n1,柳川县,,柳川,"有, 两个"\n'
    assert as_text(PLACES.encode("gb18030")) == PLACES
    with pytest.raises(InputError, match=r"^places\.xlsx："):
        as_text(b"PK broken", "places.xlsx")


def test_a_workbook_that_would_fill_the_memory_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(101_000_000))
    with pytest.raises(InputError, match="恶意"):
        as_text(stream.getvalue(), "places.xlsx")


def test_differences_follow_the_keys_of_each_kind() -> None:
    header = "code,topics,levels,status,hints,pattern,desk,members,days,reason,valid_from"
    before = f"{header}\na,,,,,,甲,,1,,\na,,,,,,乙,,2,,2026-01-01\n"
    found = difference("rules", before, before.replace("乙,,2", "丙,,2"), 1)
    assert [each.key for each in found.changed] == ["a/2026-01-01"]
    lines = before.splitlines()
    assert difference("rules", before, "\n".join([lines[0], lines[2], lines[1]]), 1).reordered


def test_what_judges_follows_the_tables(store: Store) -> None:
    settings = Settings()
    signs = atwork.signs(store)
    intake = Intake(store, atwork.load(store, settings))
    watch = atwork.Watch(store, settings, intake, signs)
    assert not watch.look()
    before = intake.triage
    furnish(store)
    assert watch.look()
    assert intake.triage is not before
    assert len(intake.triage.router.members) == 3
    assert intake.triage.provenance.rules != before.provenance.rules
    assert not watch.look()
