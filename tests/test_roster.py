"""Who is asked: sector, speciality, nearness, load, absences, stakes, fairness, stickiness."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import SAMPLES

from pipeline.records import Topic
from pipeline.route import Ask, Matter, Place, Places, Router
from pipeline.route.ledger import Ledger
from pipeline.route.roster import Roster
from pipeline.route.simulate import coverage, demand, gini, spread
from pipeline.route.stakes import Stakes
from pipeline.route.tables import Member, Station
from pipeline.train import topics

TABLES = {name: SAMPLES / f"{name}.csv" for name in ("places", "members", "stations")}
DAY = date(2026, 10, 12)
TREE = Places([Place("c", "云栖县", None, ()), Place("a", "柳荫镇", "c", ()), Place("b", "石榴镇", "c", ())])


@cache
def office() -> Router:
    return Router.load(**TABLES)


def person(name: str, **more: object) -> Member:
    return replace(Member(name, f"委员{name}", ("经济",), "a", "", ""), **more)  # type: ignore[arg-type]


def ask(roster: Roster, text: str = "路灯不亮", **more: object) -> Ask:
    touched, barred = roster.read(text, text, "经济", ("农业",))
    made = Ask("经济", ("农业",), "a", touched, barred, informed=False, day=DAY, due=None)
    return replace(made, **more)  # type: ignore[arg-type]


def chosen(roster: Roster, *asks: Ask, issues: tuple[str, ...] = ()) -> list[list[str]]:
    ledger = Ledger(roster.members)
    names = issues or tuple(str(at) for at in range(len(asks)))
    return [[each.id for each in roster.choose(one, ledger, name)] for one, name in zip(asks, names, strict=True)]


def test_the_lead_sector_comes_first() -> None:
    roster = Roster([person("1", sectors=("农业",)), person("2"), person("3", sectors=("教育",))], [], TREE)
    assert chosen(roster, ask(roster)) == [["2", "1"]]


def test_who_is_near_comes_first() -> None:
    roster = Roster([person("1", place="b"), person("2")], [], TREE)
    assert chosen(roster, ask(roster)) == [["2", "1"]]


def test_a_station_makes_near() -> None:
    station = Station("s", "柳荫联络站", "a")
    roster = Roster([person("1", place="b"), person("2", place="b", stations=("s",))], [station], TREE)
    assert chosen(roster, ask(roster))[0][0] == "2"


def test_who_knows_the_matter_comes_first() -> None:
    roster = Roster([person("1", speciality="小学教育"), person("2", speciality="路灯与井盖")], [], TREE)
    choice = roster.choose(ask(roster), Ledger(roster.members))[0]
    assert choice.id == "2"
    assert any(reason.startswith("专长“路灯与井盖”与“路灯”相合") for reason in choice.reasons)


def test_the_speciality_of_a_station_counts_a_part() -> None:
    station = Station("s", "路灯议事室", "a", speciality="路灯与井盖")
    roster = Roster([person("1"), person("2", stations=("s",)), person("3", speciality="路灯")], [station], TREE)
    assert chosen(roster, ask(roster))[0][:2] == ["3", "2"]


def test_who_is_not_active_is_never_asked() -> None:
    roster = Roster([person("1", active=False), person("2")], [], TREE)
    assert chosen(roster, ask(roster)) == [["2"]]


def test_who_is_away_is_not_asked_on_that_day() -> None:
    away = ((DAY, DAY + timedelta(3)),)
    roster = Roster([person("1", absences=away)], [], TREE)
    assert chosen(roster, ask(roster), ask(roster, day=DAY + timedelta(4))) == [[], ["1"]]


def test_who_has_no_room_is_not_asked_until_a_matter_is_due() -> None:
    roster = Roster([person("1", capacity=1)], [], TREE)
    due = DAY + timedelta(5)
    asks = [ask(roster, due=due), ask(roster, due=due), ask(roster, day=due), ask(roster, day=due + timedelta(1))]
    assert chosen(roster, *asks) == [["1"], [], [], ["1"]]


def test_what_was_open_before_counts() -> None:
    roster = Roster([person("1", capacity=2, open=2), person("2")], [], TREE)
    assert chosen(roster, ask(roster)) == [["2"]]


def test_what_the_past_year_gave_counts() -> None:
    roster = Roster([person("1", taken=9), person("2", taken=3)], [], TREE)
    assert chosen(roster, ask(roster))[0][0] == "2"


def test_a_further_voice_goes_to_who_has_the_issue_and_is_no_further_load() -> None:
    roster = Roster([person("1", capacity=1), person("2", place="b", capacity=1)], [], TREE)
    asks = (ask(roster), ask(roster, place="b"), ask(roster, place="b"), ask(roster))
    assert [each[:1] for each in chosen(roster, *asks, issues=("x", "x", "x", "y"))] == [["1"], ["1"], ["1"], ["2"]]


def test_a_further_voice_goes_to_another_where_its_member_is_away() -> None:
    day = DAY + timedelta(1)
    roster = Roster([person("1", absences=((day, day),)), person("2", place="b")], [], TREE)
    assert chosen(roster, ask(roster), ask(roster, day=day), issues=("x", "x"))[1] == ["2"]


def test_assistants_are_of_assisting_sectors_that_the_matter_touches() -> None:
    members = [
        person("1"),
        person("2"),
        person("3", sectors=("农业",), speciality="路灯"),
        person("4", sectors=("农业",)),
    ]
    roster = Roster(members, [], TREE)
    choices = roster.choose(ask(roster), Ledger(roster.members))
    assert [(each.id, each.role) for each in choices] == [("1", "lead"), ("3", "assist"), ("2", "spare")]


@pytest.mark.parametrize(
    ("organisation", "text"),
    [
        ("坚磐商砼公司", "坚磐商砼公司夜里还在开工"),
        ("坚磐商砼有限公司", "坚磐商砼的罐车超载"),
        ("坚磐商砼公司", "坚磐搅拌站的灰太大"),
        ("坚磐商砼公司", "坚磐公司的老板"),
        ("云栖县坚磐商砼公司", "坚磐商砼扰民"),
        ("云栖县第一中学", "一中门口堵车"),
        ("云栖县第一中学", "县一中食堂"),
        ("云栖县环境监测站", "环境监测站不出数据"),
        ("", "委员一的店占道"),
    ],
)
def test_a_stake_is_seen_by_short_forms(organisation: str, text: str) -> None:
    school = Place("s", "云栖县第一中学", "c", ("县一中", "一中"))
    places = Places([*TREE.by_id.values(), school])
    member = Member("1", "委员一", ("经济",), "a", "", organisation)
    assert Stakes([member], places).find(text, {text[at : at + 2] for at in range(len(text))}) == (0,)


@pytest.mark.parametrize(
    ("organisation", "text"),
    [
        ("安宁置业公司", "夜里施工，居民不得安宁，物业也不管"),
        ("云栖县环境监测站", "云栖县的空气差"),
        ("云栖县第一中学", "云栖县第二中学门口堵车"),
        ("惠邻超市", "邻居家的超市"),
    ],
)
def test_a_stake_is_not_seen_where_there_is_none(organisation: str, text: str) -> None:
    member = Member("1", "委员一", ("经济",), "a", "", organisation)
    assert Stakes([member], TREE).find(text, {text[at : at + 2] for at in range(len(text))}) == ()


def test_what_a_member_declared_is_a_stake() -> None:
    roster = Roster([person("1", stakes=("公交",)), person("2")], [], TREE)
    assert chosen(roster, ask(roster, "公交停了")) == [["2"]]


def test_whom_one_voice_names_no_voice_of_the_issue_goes_to() -> None:
    router = Router(office().crosswalk, office().rules, TREE, [person("1", stakes=("公交",)), person("2", place="b")])
    about = Topic("交通运输", "客货运输", 0.9, {}, needs_review=False)
    asks = [router.judge(Matter(text, about, day=DAY))[1] for text in ("班车停了", "公交停了")]
    assert [choices[0].id for _, choices in router.assign(asks, ["x", "x"])] == ["2", "2"]


def test_members_of_the_named_organisation_are_never_chosen() -> None:
    for member in [each for each in office().members if each.organisation and each.active][::5]:
        text = f"关于{member.organisation}的{member.speciality}问题，请处理"
        for level1 in {first for first, _ in topics()}:
            about = Topic(level1, None, 0.9, {}, needs_review=False)
            place = office().places.recognise(text)
            assert member.id not in [each.id for each in office().route(Matter(text, about, place=place)).members]


def asked(count: int, *, issues: int = 1_000, days: int = 200) -> tuple[list[Ask | None], list[str]]:
    """Return many matters of all topics, at places all over the sample county."""
    router = office()
    every, spots = topics(), [place for place in router.places.by_id if place[0] == "v"]
    asks = []
    for at in range(count):
        level1, level2 = every[at * 7 % len(every)]
        place = router.places.by_id[spots[at * 13 % len(spots)]]
        text = f"{place.name}的{level2}"
        about = Topic(level1, level2, 0.9, {}, needs_review=False)
        found = router.places.recognise(text, place.name)
        asks.append(router.judge(Matter(text, about, place=found, day=DAY + timedelta(at * days // count)))[1])
    return asks, [f"issue-{at % issues}" for at in range(count)]


def test_the_parts_of_a_score_are_its_reasons() -> None:
    asks, issues = asked(300)
    for _, choices in office().assign(asks, issues):
        for choice in choices:
            told = [float(found) for reason in choice.reasons for found in re.findall(r"（([+-]\d\.\d\d)）", reason)]
            assert 0 < choice.score <= 1
            assert choice.score == pytest.approx(sum(told), abs=0.03)
        assert len({choice.id for choice in choices}) == len(choices) <= 3


def test_choosing_is_deterministic_and_knows_no_order_of_the_table() -> None:
    asks, issues = asked(200)
    turned = Router(
        office().crosswalk, office().rules, office().places, office().members[::-1], office().stations[::-1]
    )
    assert list(office().assign(asks, issues)) == list(turned.assign(asks, issues))


def test_nobody_is_ever_given_more_than_fits() -> None:
    asks, issues = asked(2_000, days=60)
    router = office()
    ledger = router.ledger()
    for _ in router.assign(asks, issues, ledger):
        room = [member.capacity for member in router.roster.members]
        assert all(held <= most + 0.5 for held, most in zip(ledger.open, room, strict=True))


def test_the_fairness_term_spreads_the_load() -> None:
    asks, issues = asked(2_000, days=300, issues=10_000)
    before, after = (spread(office(), asks, issues, fair=fair) for fair in (False, True))
    assert after.gini < before.gini
    assert after.within < before.within


def test_equals_get_equal_shares_over_a_year() -> None:
    roster = Roster([person(str(at), capacity=9) for at in range(6)], [], TREE)
    ledger = Ledger(roster.members)
    for at in range(360):
        day = DAY + timedelta(at)
        roster.choose(ask(roster, day=day, due=day + timedelta(10)), ledger, str(at))
    assert max(ledger.taken) - min(ledger.taken) <= 2


def test_the_past_year_is_no_longer_than_a_year() -> None:
    ledger = Ledger([person("1")])
    ledger.advance(DAY)
    ledger.give(0, "lead", None)
    ledger.advance(DAY + timedelta(364))
    assert ledger.taken[0] == 1
    ledger.advance(DAY + timedelta(366))
    assert ledger.taken[0] == 0


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40))
def test_gini_is_a_share(values: list[int]) -> None:
    assert 0 <= gini(values) < 1
    assert gini([value * 3 for value in values]) == pytest.approx(gini(values))


def test_coverage_and_demand_of_the_sample_county() -> None:
    cover = coverage(office())
    assert cover.grids == 150
    assert "桃溪镇黄泥坝村" in cover.empty
    assert cover.alone == ()
    asks, issues = asked(500)
    found = {each.sector: each for each in demand(office(), asks, issues)}
    assert sum(each.matters for each in found.values()) == sum(ask is not None for ask in asks)
    assert found["经济"].members == sum("经济" in each.sectors and each.active for each in office().members)
