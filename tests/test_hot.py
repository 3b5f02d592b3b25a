"""Hot issues: each part of the heat, and that votes cannot be stuffed."""

from __future__ import annotations

import json

import pytest
from desk import Desk
from hypothesis import given
from hypothesis import strategies as st

from pipeline.hot import Voice, heat, wilson

TODAY = 1000


def people(count: int, *, day: int | None = TODAY, likes: int = 0) -> list[Voice]:
    return [Voice(who=f"{day}-{at}", day=day, likes=likes) for at in range(count)]


def test_who_writes_three_times_is_one_voice() -> None:
    assert heat([Voice(who="张")] * 3, None).voices == 1
    assert heat([Voice()] * 3, None).voices == 3  # of whom nothing is known


def test_who_sends_on_is_an_echo_and_who_resends_is_not() -> None:
    texts = [Voice(who="张"), Voice(who="李", repeats=0), Voice(who="张", repeats=0), Voice(who="王", repeats=0)]
    found = heat(texts, None)
    assert (found.voices, found.echoes) == (1, 2)
    assert found.backing == pytest.approx(wilson(1, 1), abs=0.01)


def test_echoes_of_a_forum_back_a_text_once() -> None:
    found = heat([*people(3), Voice(who="b", echoes=9)], TODAY)
    assert found.echoes == 9
    assert found.score == heat([*people(3), Voice(who="b", likes=1)], TODAY).score


def test_stuffed_votes_count_as_one_backed_text() -> None:
    honest = heat([*people(3), Voice(who="b", likes=1)], TODAY)
    stuffed = heat([*people(3), Voice(who="b", likes=100_000)], TODAY)
    assert stuffed.score == honest.score
    puppets = [Voice(who=f"p{at}", repeats=0) for at in range(500)]
    assert heat([*people(2), *puppets], TODAY).score <= 2 * heat(people(2), TODAY).score


def test_growth_counts_each_person_once_and_within_bounds() -> None:
    steady = heat([*people(4, day=TODAY), *people(4, day=TODAY - 20)], TODAY)
    growing = heat([*people(7, day=TODAY), *people(1, day=TODAY - 20)], TODAY)
    sudden = heat(people(100), TODAY)
    assert (steady.recent, steady.before, steady.growth) == (4, 4, 1.0)
    assert growing.score > steady.score
    assert sudden.growth == 2.0
    assert heat(people(5, day=None), None).growth == 1.0


def test_spread_over_places_counts() -> None:
    here = [Voice(who=str(at), place="甲镇") for at in range(4)]
    there = [Voice(who=str(at), place=f"{at}镇") for at in range(4)]
    assert (heat(here, None).places, heat(there, None).places) == (1, 4)
    assert heat(there, None).score > heat(here, None).score


voices = st.builds(
    Voice,
    who=st.sampled_from(["", "a", "b", "c"]),
    likes=st.integers(0, 10**6),
    day=st.none() | st.integers(TODAY - 60, TODAY),
    place=st.sampled_from([None, "甲镇", "乙镇"]),
)


@given(st.lists(voices, min_size=1, max_size=30))
def test_the_score_is_its_parts(texts: list[Voice]) -> None:
    found = heat(texts, TODAY)
    assert 1 <= found.voices <= len(texts)
    assert 0 <= found.backing < 1
    assert 0.5 <= found.growth <= 2
    product = found.voices * (1 + found.backing) * found.growth * found.spread
    assert found.score == pytest.approx(product, rel=0.03)


@given(st.integers(0, 50), st.integers(0, 50))
def test_wilson_is_below_the_share_and_grows_with_the_tries(hits: int, misses: int) -> None:
    tries = hits + misses
    low = wilson(hits, tries)
    assert 0 <= low <= (hits / tries if tries else 0)
    if hits:
        assert wilson(2 * hits, 2 * tries) > low


ROWS = "编号,反映人,时间,地点,点赞,标题,内容\n" + "".join(
    f"{at},读者{at},2026-05-{at:02d},桐江县,{at},{text}\n"
    for at, text in enumerate(
        [
            "槐荫路烧烤摊占道,槐荫路烧烤摊占道油烟呛人，凌晨两点还不收摊，请城管来管。",
            "槐荫路烧烤摊油烟,槐荫路的烧烤摊每天占道，油烟直往屋里灌，求城管取缔。",
            "请整治槐荫路烧烤摊,槐荫路的人行道全让烧烤摊占了，油烟受不了。",
            "芦塘村自来水,芦塘村自来水有腥味，请化验。",
        ],
        1,
    )
)


def test_hot_lists_the_parts(minyi: Desk) -> None:
    minyi.put("热.csv", ROWS)
    ran = minyi("hot", "热.csv", "--days", "7", "--top", "3")
    assert ran.code == 0
    assert "热度" in ran.out.decode()
    assert "槐荫路" in ran.out.decode()
    assert "芦塘村" not in ran.out.decode()
    assert "热点事项 1" in ran.err


@pytest.mark.parametrize("by", ["topic", "place"])
def test_hot_by_topic_and_place(minyi: Desk, by: str) -> None:
    minyi.put("热.csv", ROWS)
    ran = minyi("hot", "热.csv", "--by", by, "-o", "out.json")
    assert ran.code == 0
    told = json.loads((minyi.folder / "out.json").read_text(encoding="utf-8"))
    assert [len(issues) for issues in told.values()] == [1]
    issue = next(iter(told.values()))[0]
    assert {"score", "voices", "echoes", "backing", "growth", "spread"} <= issue["heat"].keys()


def test_nothing_hot_is_said(minyi: Desk) -> None:
    ran = minyi("hot", "信.csv")
    assert ran.code == 0
    assert "没有多人" in ran.out.decode()
