"""Routing: the crosswalk, places in text, members, and tables that break a rule."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import SAMPLES, cases

from pipeline.errors import InputError
from pipeline.knowledge import CORPORA, table
from pipeline.records import Topic
from pipeline.route import CROSSWALK, Place, Places, Router, load_crosswalk, load_members
from pipeline.train import topics

PLACES, MEMBERS = SAMPLES / "places.csv", SAMPLES / "members.csv"


@pytest.fixture(scope="module")
def router() -> Router:
    return Router.load(places=PLACES, members=MEMBERS)


def topic(level1: str | None = "城乡建设", level2: str | None = "城市建设和市政管理") -> Topic:
    return Topic(level1, level2, 0.9, {}, needs_review=False)


def test_the_crosswalk_covers_every_topic(router: Router) -> None:
    committees = {row["name"] for _, row in table(CORPORA / "committees.csv", "name")}
    sectors = {row["name"] for _, row in table(CORPORA / "sectors.csv", "name")}
    assert len({first for first, _ in topics()}) == 15
    for level1, level2 in topics():
        route = router.route("路灯不亮", topic(level1, level2), None)
        assert route.restricted == (level1 == "纪检监察")
        assert route.reasons
        if not route.restricted:
            assert route.sector in sectors
            assert route.committee in committees
            assert set(route.assist) <= sectors - {route.sector}
            assert route.members


def test_the_crosswalk_names_no_unknown_topic() -> None:
    known = {(first, second) for first, second in topics()} | {(first, "") for first, _ in topics()}
    assert set(load_crosswalk()) <= known


@pytest.mark.parametrize(
    ("level1", "level2", "sector", "committee"),
    [
        ("城乡建设", "城乡规划", "经济", "人口资源环境"),
        ("党务政务", "党的建设", "中共", "社会和法制"),
        ("党务政务", "民族宗教", "少数民族", "民族和宗教"),
        ("党务政务", "港澳台侨", "侨联", "港澳台侨"),
        ("卫生计生", "公共卫生", "医药卫生", "教科卫体"),
        ("教育文体", "考试招生", "教育", "教科卫体"),
        ("教育文体", "体育", "体育", "教科卫体"),
        ("教育文体", "文物管理", "文化艺术", "文化文史和学习"),
        ("农村农业", "其他", "农业", "农业和农村"),
        ("环境保护", None, "环境资源", "人口资源环境"),
    ],
)
def test_sector_and_committee(level1: str, level2: str | None, sector: str, committee: str, router: Router) -> None:
    route = router.route("路灯不亮", topic(level1, level2), None)
    assert (route.sector, route.committee) == (sector, committee)


@pytest.mark.parametrize(("level1", "level2"), [(None, None), ("没有的主题", "其他")])
def test_without_a_rule_it_goes_to_the_desk(level1: str | None, level2: str | None, router: Router) -> None:
    route = router.route("路灯不亮", topic(level1, level2), None)
    assert (route.sector, route.members, route.restricted) == (None, (), False)
    assert "办公室" in route.reasons[0]


def test_without_members_it_goes_to_the_desk() -> None:
    route = Router.load().route("路灯不亮", topic(), None)
    assert route.sector == "经济"
    assert route.members == ()
    assert any("办公室" in reason for reason in route.reasons)


@pytest.mark.parametrize("case", cases("route", "restricted"))
def test_restricted(case: dict[str, Any], router: Router) -> None:
    route = router.route(case["text"], topic(case.get("level1", "城乡建设"), case.get("level2", "其他")), None)
    assert route.restricted == case["expected"]
    if route.restricted:
        assert route.members == ()
        assert any("办公室" in reason for reason in route.reasons)


@pytest.mark.parametrize("case", cases("route", "places"))
def test_place(case: dict[str, Any], router: Router) -> None:
    place = router.places.recognise(case["text"], case.get("field"))
    assert (place and case["expected"] in (place.id, place.name)) if case["expected"] else place is None


def test_every_name_and_alias_leads_to_its_place(router: Router) -> None:
    names: dict[str, list[Place]] = {}
    for place in router.places.by_id.values():
        for name in {place.name, *place.aliases}:
            names.setdefault(name, []).append(place)
    for name, places in names.items():
        found = router.places.recognise(f"关于{name}，请处理")
        assert found == (places[0] if len(places) == 1 else None), name


@given(st.text(alphabet=st.sampled_from("石桥村桃溪镇柳湾红星枫林锦河大翡翠小区，的"), max_size=30))
def test_only_places_that_are_named_are_found(text: str) -> None:
    places = _tree()
    found = places.recognise(text)
    assert found is None or any(name in text for name in (found.name, *found.aliases))
    for at, named in places.mentions(text):
        assert any(text.startswith(name, at) for place in named for name in (place.name, *place.aliases))


_loaded: list[Places] = []


def _tree() -> Places:
    if not _loaded:
        _loaded.append(Places.load(PLACES))
    return _loaded[0]


def test_steps_between_places() -> None:
    places = _tree()
    assert places.distance("v033", "v033") == 0
    assert places.distance("v033", "t03") == places.distance("t03", "v033") == 1
    assert places.distance("v033", "v060") == 4
    assert places.distance(None, "v033") is None
    assert places.chain("x041") == ["x041", "v029", "t03", "c01"]


def test_no_tree_no_place() -> None:
    assert Places().recognise("桃溪镇石桥村") is None


def rows(path: Path) -> list[dict[str, str]]:
    return [row for _, row in table(path)]


def test_inactive_members_are_never_chosen(router: Router) -> None:
    idle = {row["id"] for row in rows(MEMBERS) if row["active"] == "0"}
    assert len(idle) == 8
    assert not idle & {member.id for member in router.members}


def test_members_of_the_named_organisation_are_never_chosen(router: Router) -> None:
    choosable = [member for member in router.members if member.organisation]
    for member in choosable[::5]:
        text = f"关于{member.organisation}的{member.speciality}问题，请处理"
        for level1 in {first for first, _ in topics()}:
            assert member.id not in [choice.id for choice in router.route(text, topic(level1), member.place).members]


def test_a_member_is_chosen_by_sector_speciality_and_nearness(router: Router) -> None:
    member = next(each for each in router.members if "环境资源" in each.sectors and each.place)
    route = router.route(f"{member.speciality}的事", topic("环境保护", "环境污染"), member.place)
    assert route.members[0].id == member.id
    assert route.members[0].reasons[:2] == ("界别“环境资源”牵头", "就在当地")
    assert "专长" in route.members[0].reasons[2]


def test_choices_are_ordered_and_explained(router: Router) -> None:
    for level1, level2 in topics():
        members = router.route("门口道路积水，孩子上学不便", topic(level1, level2), "v033").members
        assert [choice.score for choice in members] == sorted((each.score for each in members), reverse=True)
        assert all(choice.reasons and 0 < choice.score <= 1 for choice in members)
        assert len({choice.id for choice in members}) == len(members) <= 3


def test_routing_is_deterministic(router: Router) -> None:
    again = Router.load(places=PLACES, members=MEMBERS)
    turned = Router(again.crosswalk, again.places, reversed(again.members))
    for place in (None, "v033", "x041", "c01"):
        for level1, level2 in topics():
            first = router.route("路灯和道路", topic(level1, level2), place)
            assert first == again.route("路灯和道路", topic(level1, level2), place)
            assert first == turned.route("路灯和道路", topic(level1, level2), place)


def write(path: Path, source: Path, change: Callable[[list[dict[str, str]]], None]) -> Path:
    """Write a copy of a table with a change to its rows."""
    changed = rows(source)
    change(changed)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(changed[0]), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(changed)
    path.write_text(stream.getvalue(), encoding="utf-8")
    return path


def cell(row: int, column: str, value: str) -> Callable[[list[dict[str, str]]], None]:
    return lambda found: found[row].update({column: value})


def column(name: str) -> Callable[[list[dict[str, str]]], None]:
    return lambda found: [row.pop(name) for row in found] and None


@pytest.mark.parametrize(
    ("source", "change", "words"),
    [
        pytest.param(PLACES, cell(5, "id", "t01"), ["第 7 行", "“t01”重复"], id="place twice"),
        pytest.param(PLACES, cell(5, "name", ""), ["第 7 行", "缺 id 或 name"], id="place without name"),
        pytest.param(PLACES, column("parent"), ["缺少列 parent"], id="places without parent"),
        pytest.param(PLACES, column("aliases"), ["缺少列 aliases"], id="places without aliases"),
        pytest.param(PLACES, cell(5, "parent", "t99"), ["第 7 行", "“t99”不在表中"], id="unknown parent"),
        pytest.param(PLACES, cell(0, "parent", "t01"), ["第 2 行", "绕成了圈"], id="circle"),
        pytest.param(MEMBERS, cell(3, "sectors", "渔业"), ["第 5 行", "没有界别“渔业”"], id="unknown sector"),
        pytest.param(MEMBERS, cell(3, "place", "v999"), ["第 5 行", "“v999”不在地点表中"], id="unknown place"),
        pytest.param(MEMBERS, cell(3, "id", "m001"), ["第 5 行", "“m001”重复"], id="member twice"),
        pytest.param(MEMBERS, cell(3, "name", ""), ["第 5 行", "缺 id 或 name"], id="member without name"),
        *(
            pytest.param(MEMBERS, column(name), [f"缺少列 {name}"], id=f"members without {name}")
            for name in ("id", "name", "sectors", "place", "speciality", "organisation", "active")
        ),
        pytest.param(CROSSWALK, cell(2, "sector", "渔业"), ["第 4 行", "没有界别“渔业”"], id="rule, unknown sector"),
        pytest.param(CROSSWALK, cell(2, "assist", "农业|渔业"), ["第 4 行", "“渔业”"], id="rule, unknown assistant"),
        pytest.param(CROSSWALK, cell(2, "committee", "渔业"), ["第 4 行", "没有专委会“渔业”"], id="unknown committee"),
        pytest.param(CROSSWALK, column("restricted"), ["缺少列 restricted"], id="rules without restricted"),
    ],
)
def test_a_broken_table_is_named(
    source: Path, change: Callable[[list[dict[str, str]]], None], words: list[str], tmp_path: Path
) -> None:
    broken = write(tmp_path / source.name, source, change)
    tables = {"places": PLACES, "members": MEMBERS, "rules": CROSSWALK}
    name = {PLACES: "places", MEMBERS: "members", CROSSWALK: "rules"}[source]
    with pytest.raises(InputError) as told:
        Router.load(**{**tables, name: broken})
    assert all(word in str(told.value) for word in [source.name, *words])


@pytest.mark.parametrize("content", ["", "\n", "标题\n"])
def test_an_empty_table_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"places\.csv.*缺少列"):
        Places.load(path)


def test_members_need_the_places(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--places"):
        load_members(MEMBERS, Places())


def test_tables_of_other_encodings(tmp_path: Path) -> None:
    for encoding in ("gb18030", "utf-8-sig", "utf-16"):
        path = tmp_path / f"{encoding}.csv"
        path.write_text(PLACES.read_text(encoding="utf-8"), encoding=encoding)
        assert Places.load(path).by_id == _tree().by_id


def test_tables_of_other_line_ends(tmp_path: Path) -> None:
    for name, sign in (("cr", b"\r"), ("crlf", b"\r\n")):
        path = tmp_path / f"{name}.csv"
        path.write_bytes(PLACES.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", sign))
        assert Places.load(path).by_id == _tree().by_id
