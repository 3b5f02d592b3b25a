"""The homes of texts: in memory and in tables, one interface, tested the same way."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from databases import missing
from support import read
from test_match import assert_sound, loaded, partition, printed

from pipeline.match import Background, Home, Index, Kept, Memory, Ruling, match

VOICES: list[str] = read("match")["voices"]
STRANGERS: list[str] = read("match")["strangers"]
TEXTS = [*VOICES, *STRANGERS, VOICES[2] + "盼回复。", STRANGERS[0].replace("这几天", "这半个月")]
HOMES = ["memory", "sqlite", "postgresql"]


@pytest.fixture
def tables() -> Iterator[Callable[[str], Home]]:
    """Give what opens the home in the tables of a database."""
    engines: list[Any] = []

    def opened(url: str) -> Home:
        try:
            import sqlalchemy
        except ImportError:
            missing("sqlalchemy")
        from service.neighbours import Tables, prepare

        engines.append(sqlalchemy.create_engine(url))
        prepare(engines[-1])
        return Tables(engines[-1])

    yield opened
    for engine in engines:
        engine.dispose()


@pytest.fixture(params=HOMES)
def home(request: pytest.FixtureRequest, tmp_path: Path, tables: Callable[[str], Home]) -> Home:
    if request.param == "memory":
        return Memory()
    if request.param == "sqlite":
        return tables(f"sqlite:///{tmp_path / 'match.db'}")
    return tables(request.getfixturevalue("postgresql"))


@pytest.fixture(scope="module")
def background() -> Background:
    return loaded().background


def names(count: int) -> list[str]:
    return [str(at) for at in range(count)]


def kept(at: int) -> Kept:
    return Kept(f"t{at}", "issue-t0", at - 1, bytes([at] * 4), bytes([at]), at, at << 28)


def under(home: Home, key: int, most: int) -> list[int]:
    """Return what is under a key, asked for together with two that nothing is under."""
    before, found, after = home.find([key + 2_000_000, key, 1], most)
    assert before.tolist() == after.tolist() == []
    return list(found.tolist())


def test_what_is_added_is_found(home: Home) -> None:
    assert home.count() == 0
    assert under(home, 7, 5) == []
    assert home.get([]) == []
    with home.writing():
        home.add([kept(at) for at in range(6)], [np.array([7, 100 + at, 4_194_303]) for at in range(6)], 0)
    numbers = list(range(6))
    assert home.count() == 6
    assert under(home, 7, 99) == numbers
    assert under(home, 7, 4) == numbers[:4]
    assert under(home, 103, 99) == [numbers[3]]
    assert under(home, 8, 99) == []
    assert home.get(numbers[::-2]) == [kept(5), kept(3), kept(1)]
    assert home.sample(100) == [kept(at) for at in range(6)]
    assert 0 < len(home.sample(3)) <= 3
    assert home.named(["t4", "nobody", "t1"]) in ([numbers[4], numbers[1]], [numbers[1], numbers[4]])
    assert home.named([]) == []


def test_a_failed_delivery_frees_the_home(home: Home) -> None:
    def failing() -> None:
        with home.writing():
            home.add([kept(0)], [np.array([7])], 0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    with home.writing():
        home.add([kept(1)], [np.array([7])], home.count())
    assert kept(1) in home.get(under(home, 7, 9))


def test_one_delivery_comes_to_what_a_file_comes_to(home: Home, background: Background) -> None:
    told = Index(home, background).add(names(len(TEXTS)), printed(TEXTS))
    assert told == match(names(len(TEXTS)), printed(TEXTS), background)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_deliveries_make_sound_issues(home: Home, background: Background, size: int) -> None:
    index, told = Index(home, background), []
    for at in range(0, len(TEXTS), size):
        told += index.add(names(len(TEXTS))[at : at + size], printed(TEXTS[at : at + size]))
    assert_sound(told)
    assert [each.kind for each in told[-2:]] == ["duplicate", "duplicate"]
    assert [each.of for each in told[-2:]] == ["2", "4"]
    if size == 5:  # piece by piece there is too little else to tell how rare a word is; see benchmarks/README.md
        assert told[2].issue == told[3].issue
    assert len({each.issue for each in told[4:10]}) == 6


def test_homes_agree(home: Home, background: Background) -> None:
    ours, theirs = Index(home, background), Index(Memory(), background)
    for at, text in enumerate(random.Random(3).sample(TEXTS * 3, 30)):
        assert ours.near(printed([text])) == theirs.near(printed([text]))
        assert ours.add([str(at)], printed([text])) == theirs.add([str(at)], printed([text]))


def test_near_shows_what_a_text_may_repeat(home: Home, background: Background) -> None:
    index = Index(home, background)
    assert index.near(printed([VOICES[0]])) == []
    index.add(names(len(TEXTS)), printed(TEXTS))
    best = index.near(printed([STRANGERS[2] + "急！"]))[0]
    assert (best.id, best.issue) == ("6", "issue-6")
    assert best.score > 0.9
    assert best.alike > 0.9


def test_a_campaign_is_found_however_large(home: Home, background: Background) -> None:
    index = Index(home, background)
    copies = printed([VOICES[0]] * 140)
    index.add(names(140), copies)
    told = index.add(["later"], printed([VOICES[0] + "盼复。"]))[0]
    assert (told.kind, told.of) == ("duplicate", "0")


@pytest.mark.parametrize("kind", HOMES[1:])
def test_another_process_sees_it_at_once(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    tables: Callable[[str], Home],
    background: Background,
) -> None:
    url = f"sqlite:///{tmp_path / 'match.db'}" if kind == "sqlite" else request.getfixturevalue("postgresql")
    one, two = tables(url), tables(url)
    Index(one, background).add(["a"], printed([VOICES[0]]))
    assert Index(two, background).add(["b"], printed([VOICES[0]]))[0].of == "a"
    assert Index(tables(url), background).near(printed([VOICES[0]]))[0].id == "a"  # nothing to rebuild


@pytest.mark.parametrize("kind", HOMES[1:])
def test_many_write_at_once(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    tables: Callable[[str], Home],
    background: Background,
) -> None:
    url = f"sqlite:///{tmp_path / 'match.db'}" if kind == "sqlite" else request.getfixturevalue("postgresql")
    prints = [printed([text]) for text in VOICES]
    indexes = [Index(tables(url), background) for _ in VOICES]

    def deliver(at: int) -> None:
        for number in range(5):
            indexes[at].add([f"{at}-{number}"], prints[at])

    with ThreadPoolExecutor(len(VOICES)) as pool:
        list(pool.map(deliver, range(len(VOICES))))
    assert indexes[0].home.count() == 5 * len(VOICES)
    near = [near for near in indexes[0].near(prints[1]) if near.alike > 0.99]
    assert len({near.issue for near in near}) == 1  # all saw the first of them


@pytest.mark.parametrize("how", ["file", "index"])
def test_officers_decide(how: str, background: Background) -> None:
    def issues(ruling: Ruling) -> list[str]:
        texts = [VOICES[2], VOICES[3], STRANGERS[0], STRANGERS[1], VOICES[3]]
        if how == "file":
            return [each.issue for each in match(names(5), printed(texts), background, ruling)]
        index = Index(Memory(), background)
        return [index.add([str(at)], printed([text]), ruling)[0].issue for at, text in enumerate(texts)]

    assert issues(Ruling())[1] == "issue-0"
    apart = issues(Ruling(apart=(("0", "1"),)))
    assert apart[0] != apart[1]
    together = issues(Ruling(together=(("2", "3"),)))
    assert together[2] == together[3] == "issue-2"
    assert partition_of(together) == partition_of(issues(Ruling(together=(("3", "2"), ("9", "8")))))


def partition_of(issues: list[str]) -> set[frozenset[int]]:
    return {frozenset(at for at, issue in enumerate(issues) if issue == each) for each in issues}


def test_a_later_delivery_renames_nothing(background: Background) -> None:
    index = Index(Memory(), background)
    before = index.add(["a", "b"], printed(VOICES[2:]))
    index.add(["c", "d"], printed(VOICES[:2]))
    after = {each.id: each.issue for each in index.near(printed([VOICES[2]]))}
    assert [after["a"], after["b"]] == [each.issue for each in before]


def test_ten_shuffles_make_the_same_issues(background: Background) -> None:
    reference = partition(match(names(len(TEXTS)), printed(TEXTS), background), TEXTS)
    for seed in range(10):
        mixed = random.Random(seed).sample(TEXTS, len(TEXTS))
        assert partition(match(names(len(mixed)), printed(mixed), background), mixed) == reference
