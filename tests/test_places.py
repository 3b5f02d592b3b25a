"""Places: the tree, and recognition of its places in text."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import SAMPLES, cases

from pipeline.route import Place, Places
from pipeline.segment import Segmenter

PLACES = SAMPLES / "places.csv"


@cache
def tree() -> Places:
    return Places.load(PLACES)


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter()


@pytest.mark.parametrize("case", cases("route", "places"))
def test_place(case: dict[str, Any], segmenter: Segmenter) -> None:
    place = tree().recognise(case["text"], case.get("field"), segmenter.cut(case["text"])).place
    assert (place and case["expected"] in (place.id, place.name)) if case["expected"] else place is None


def test_what_stays_open_is_said() -> None:
    found = tree().recognise("石桥村的桥坏了")
    assert found.place is None
    assert found.open == ("“石桥村”有 2 处（桃溪镇、柳湾镇）",)
    assert tree().recognise("石桥村的桥坏了", "柳湾镇").open == ()


def test_every_name_and_alias_leads_to_its_place() -> None:
    names: dict[str, list[Place]] = {}
    for place in tree().by_id.values():
        for name in {place.name, *place.aliases}:
            names.setdefault(name, []).append(place)
    for name, places in names.items():
        found = tree().recognise(f"关于{name}，请处理").place
        assert found == (places[0] if len(places) == 1 else None), name


@given(st.text(alphabet=st.sampled_from("石桥村桃溪镇柳湾红星枫林锦河大翡翠小区，的乡社区路上班"), max_size=30))
def test_only_places_that_are_named_are_found(text: str) -> None:
    found = tree().recognise(text).place
    assert found is None or found.id in tree().by_id
    done = 0
    for mention in tree().mentions(text):
        assert done <= mention.start < mention.end <= len(text)
        assert all(
            place.name[:2] == text[mention.start : mention.start + 2] or place.aliases for place in mention.named
        )
        done = mention.end


def test_steps_between_places() -> None:
    places = tree()
    assert places.distance("v033", "v033") == 0
    assert places.distance("v033", "t03") == places.distance("t03", "v033") == 1
    assert places.distance("v033", "v060") == 4
    assert places.distance(None, "v033") is None
    assert places.chain("x041") == ("x041", "v029", "t03", "c01")


def test_no_tree_no_place() -> None:
    assert Places().recognise("桃溪镇石桥村").place is None


def test_tables_of_other_line_ends_and_encodings(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("tables")
    content = PLACES.read_bytes().replace(b"\r\n", b"\n")
    for encoding in ("gb18030", "utf-8-sig", "utf-16"):
        path = folder / f"{encoding}.csv"
        path.write_text(content.decode(), encoding=encoding)
        assert Places.load(path).by_id == tree().by_id
    for name, sign in (("cr", b"\r"), ("crlf", b"\r\n")):
        path = folder / f"{name}.csv"
        path.write_bytes(content.replace(b"\n", sign))
        assert Places.load(path).by_id == tree().by_id
