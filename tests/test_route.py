"""Routing one submission: the crosswalk, the rules above the score, deadlines, history, parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import SAMPLES, cases, chinese

from pipeline.knowledge import CORPORA, table
from pipeline.records import Level, MemberChoice, Route, Status, Topic
from pipeline.route import Matter, Router, split
from pipeline.route.rules import Calendar
from pipeline.route.split import spans
from pipeline.train import topics

TABLES = {name: SAMPLES / f"{name}.csv" for name in ("places", "members", "stations")}
DAY = date(2026, 10, 12)


@cache
def office() -> Router:
    return Router.load(**TABLES)


def topic(level1: str | None = "城乡建设", level2: str | None = "城市建设和市政管理", **scores: float) -> Topic:
    return Topic(level1, level2, 0.9, scores, needs_review=False)


def matter(text: str, about: Topic | None = None, **more: Any) -> Matter:
    router = office()
    return Matter(text, about or topic(), place=router.places.recognise(text), day=DAY, **more)


def test_the_crosswalk_covers_every_topic() -> None:
    committees = {row["name"] for _, row in table(CORPORA / "committees.csv", "name")}
    sectors = {row["name"] for _, row in table(CORPORA / "sectors.csv", "name")}
    assert len({first for first, _ in topics()}) == 15
    for level1, level2 in topics():
        route = office().route(matter("路灯不亮", topic(level1, level2)))
        assert route.restricted == (level1 == "纪检监察")
        assert route.reasons
        assert route.owner
        if not route.restricted:
            assert route.sector in sectors
            assert route.committee in committees
            assert set(route.assist) <= sectors - {route.sector}
            assert route.members[0].role == "lead"
            assert route.owner == route.members[0].id


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
def test_sector_and_committee(level1: str, level2: str | None, sector: str, committee: str) -> None:
    route = office().route(matter("路灯不亮", topic(level1, level2)))
    assert (route.sector, route.committee) == (sector, committee)


@pytest.mark.parametrize(("level1", "level2"), [(None, None), ("没有的主题", "其他")])
def test_without_a_rule_it_goes_to_the_desk(level1: str | None, level2: str | None) -> None:
    route = office().route(matter("路灯不亮", topic(level1, level2)))
    assert (route.sector, route.members, route.restricted, route.owner) == (None, (), False, "办公室")
    assert "没有适用的对照规则" in route.reasons


def test_without_members_the_desk_owns_it() -> None:
    route = Router.load().route(Matter("路灯不亮", topic()))
    assert (route.sector, route.members, route.owner, route.due) == ("经济", (), "办公室", None)
    assert "由办公室办理" in route.reasons


@pytest.mark.parametrize("case", cases("route", "restricted"))
def test_restricted(case: dict[str, Any]) -> None:
    about = topic(case.get("level1", "城乡建设"), case.get("level2", "其他"))
    route = office().route(matter(case["text"], about))
    assert route.restricted == case["expected"]
    if route.restricted:
        assert route.members == ()
        assert route.owner == "办公室"
        assert any("只到办公室" in reason for reason in route.reasons)


def test_an_emergency_goes_to_the_duty_desk_and_members_only_know() -> None:
    route = office().route(matter("桂香苑楼道里全是煤气味", level=Level.URGENT))
    assert (route.owner, route.due) == ("值班室", "2026-10-12")
    assert {choice.role for choice in route.members} == {"informed"}
    assert "特急，立即交值班室" in route.reasons


def test_an_emergency_that_accuses_an_official_reaches_no_member() -> None:
    route = office().route(matter("副镇长收受红包不管，矿洞正在塌", level=Level.URGENT))
    assert (route.owner, route.restricted, route.members) == ("值班室", True, ())


@pytest.mark.parametrize("status", [Status.JUNK, Status.UNREADABLE])
def test_what_is_no_submission_asks_no_member(status: Status) -> None:
    route = office().route(matter("代开各类票据", status=status))
    assert (route.members, route.owner, route.restricted, route.due) == ((), "办公室", False, None)


@pytest.mark.parametrize(
    ("level", "day", "due"),
    [
        (Level.HIGH, date(2026, 10, 12), "2026-10-15"),
        (Level.HIGH, date(2026, 9, 29), "2026-10-09"),  # 国庆 1-7, 8 and 9 are working days
        (Level.HIGH, date(2026, 10, 8), "2026-10-12"),  # Saturday the 10th is worked
        (Level.NORMAL, date(2026, 2, 13), "2026-03-12"),  # 春节, and two Saturdays worked
        (Level.LOW, date(2026, 11, 2), "2026-12-02"),
        (Level.URGENT, date(2026, 10, 3), "2026-10-03"),
    ],
)
def test_deadlines_count_working_days(level: Level, day: date, due: str) -> None:
    assert office().route(replace(matter("路灯不亮", level=level), day=day)).due == due


def test_a_year_without_holidays_in_the_table_is_said() -> None:
    route = office().route(replace(matter("路灯不亮"), day=date(2031, 3, 3)))
    assert any("节假日未列入表" in reason for reason in route.reasons)


def test_without_a_day_there_is_no_deadline() -> None:
    assert office().route(replace(matter("路灯不亮"), day=None)).due is None


def test_the_calendar() -> None:
    calendar = Calendar.load()
    assert calendar.working(date(2026, 10, 10))
    assert not calendar.working(date(2026, 10, 1))
    assert not calendar.working(date(2026, 10, 11))
    assert calendar.after(date(2026, 10, 9), 1) == date(2026, 10, 10)


def test_rules_and_crosswalk_keep_their_history(tmp_path: Path) -> None:
    (tmp_path / "crosswalk.csv").write_text(
        "level1,level2,sector,assist,committee,restricted,valid_from,editor,note\n"
        "城乡建设,,经济,,经济,,,甲,\n城乡建设,,环境资源,,人口资源环境,,2026-07-01,乙,界别调整\n",
        encoding="utf-8",
    )
    header = "code,topics,levels,status,hints,pattern,desk,members,days,reason,valid_from,editor,note\n"
    (tmp_path / "rules.csv").write_text(
        header + "desk,,,,,,办公室,assign,15,,,甲,\ndesk,,,,,,提案委,assign,10,,2026-07-01,乙,改由提案委收\n",
        encoding="utf-8",
    )
    router = Router.load(rules=tmp_path)
    for day, sector, desk, due in (
        (date(2026, 6, 30), "经济", "办公室", "2026-07-21"),
        (date(2026, 7, 1), "环境资源", "提案委", "2026-07-15"),
        (None, "环境资源", "提案委", None),
    ):
        route = router.route(Matter("路灯不亮", topic(), day=day))
        assert (route.sector, route.owner, route.due) == (sector, desk, due)


def test_a_second_topic_brings_its_sector() -> None:
    route = office().route(matter("校门口修路", topic(城乡建设=0.6, 教育文体=0.3, 政法=0.1)))
    assert route.assist[-1] == "教育"
    assert "另涉“教育文体”（30%），界别“教育”协助" in route.reasons


def test_the_station_is_the_nearest_and_says_whom_to_turn_to() -> None:
    route = office().route(matter("翡翠湾小区扬尘太大"))
    assert route.station == "南湾社区委员议事室"
    assert any("召集人田景岭、邬望舒，联系领导史小满" in reason for reason in route.reasons)


def test_without_a_place_the_station_is_that_of_the_sector() -> None:
    route = office().route(matter("医保报销比例太低", topic("卫生计生", "医政监管")))
    assert route.station == "医药卫生界委员工作室"


def test_an_open_place_is_said() -> None:
    route = office().route(matter("石桥村的桥坏了"))
    assert route.place is None
    assert "“石桥村”有 2 处（桃溪镇、柳湾镇），地点待核" in route.reasons


@pytest.mark.parametrize("case", cases("route", "spans"))
def test_spans(case: dict[str, Any]) -> None:
    assert [case["text"][start:end] for start, end in spans(case["text"])] == case["expected"]


def test_parts_of_one_topic_are_one_matter() -> None:
    one, other = topic("城乡建设"), topic("教育文体")
    pieces = [((0, 20), one), ((20, 40), one), ((40, 60), other)]
    assert split.matters(pieces[:2]) == []
    assert [span for span, _ in split.matters(pieces)] == [(0, 40), (40, 60)]


def test_a_route_is_complete() -> None:
    route: Route = office().route(matter("桂香苑的路灯不亮"))
    assert all(isinstance(choice, MemberChoice) and choice.reasons for choice in route.members)
    assert route.place == "桂香苑"


@given(chinese, st.sampled_from([*topics(), (None, None)]), st.sampled_from(Level), st.sampled_from(Status))
def test_everything_has_an_owner_and_nothing_restricted_reaches_a_member(
    text: str, about: tuple[str | None, str | None], level: Level, status: Status
) -> None:
    route = office().route(matter(text, topic(*about), level=level, status=status))
    assert route.owner
    assert route.reasons
    assert route.owner in {"办公室", "值班室"} or route.owner == route.members[0].id
    assert not (route.restricted and route.members)
    assert status == Status.TRIAGED or route.members == ()
