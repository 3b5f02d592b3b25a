"""The office's own words: kept whole, speaking for topics, and changing nothing else."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import any_text

from pipeline.clean import clean
from pipeline.errors import InputError
from pipeline.lexicon import Lexicon, Term
from pipeline.records import Submission
from pipeline.triage import Triage

TEXT = "锦绣工程拖了两年\n我们这里的锦绣工程一直没有动静，找河长办也没人管。"


def table(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "lexicon.csv"
    path.write_text("\n".join(("词语,一级主题,二级主题,分量", *rows)) + "\n", encoding="utf-8")
    return path


def test_a_term_raises_its_topic_and_is_told(triage: Triage, tmp_path: Path) -> None:
    own = Triage.load(lexicon=table(tmp_path, "锦绣工程,民政,,3", "河长办,,,"))
    plain, told = (each.run([Submission("1", TEXT)])[0] for each in (triage, own))
    assert told.topic.scores["民政"] > plain.topic.scores["民政"]
    assert {"锦绣工程", "河长办"} <= set(told.keywords)
    assert told.provenance.dictionary.startswith(plain.provenance.dictionary + "+")


def test_a_word_without_topic_leaves_the_topic_as_it_is(triage: Triage, tmp_path: Path) -> None:
    own = Triage.load(lexicon=table(tmp_path, "河长办,,,"))
    plain, told = (each.run([Submission("1", TEXT)])[0] for each in (triage, own))
    assert told.topic.scores == plain.topic.scores


@given(any_text, st.lists(st.text(min_size=2, max_size=6), max_size=4))
def test_joined_words_give_the_text_again(text: str, terms: list[str]) -> None:
    words = Lexicon([Term(term) for term in terms]).join(text, list(text))
    assert "".join(words) == text


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("10µg超标", "水里砷10μg超标"),
        ("10μG超标", "水里砷10µg超标"),
        ("A座", "a座漏水"),
        ("ſos", "请SOS救"),
        ("ας", "请看ΑΣ"),
    ],
)
def test_a_term_is_found_in_either_case(term: str, text: str) -> None:
    """Case has more than two forms: the micro sign is no μ, yet both are one letter."""
    told = Lexicon([Term(term, "民政")]).odds([text], [("民政", "x")])
    assert told is not None
    assert told[0, 0] > 0


@given(any_text, st.lists(st.text(min_size=1, max_size=3), max_size=4))
def test_no_text_fails_for_its_letters(text: str, terms: list[str]) -> None:
    topic = [("民政", "x")]
    for shown in (text, text.upper(), text.lower(), "".join(terms).upper()):
        Lexicon([Term(each, "民政") for each in terms]).odds([shown], topic)


@pytest.mark.parametrize("term", ["５Ｇ基站", "廣場舞"])
def test_a_term_is_cleaned_as_texts_are(tmp_path: Path, term: str) -> None:
    lexicon = Lexicon.load(table(tmp_path, f"{term},民政,,"))
    told = lexicon.odds([clean(f"小区里的{term}有人反对").text], [("民政", "x")])
    assert told is not None
    assert told[0, 0] > 0


def test_a_longer_name_does_not_hide_what_speaks() -> None:
    lexicon = Lexicon([Term("城市管理综合执法局"), Term("执法局", "公安", weight="3"), Term("城市", "民政")])
    told = lexicon.odds(["找城市管理综合执法局反映过"], [("公安", "x"), ("民政", "x")])
    assert told is not None
    assert told[0].tolist() == [math.log(20), math.log(5)]
    assert "城市管理综合执法局" in lexicon.join("找城市管理综合执法局", ["找", "城市", "管理", "综合", "执法局"])


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("锦,,,", "第 2 行|“锦”|2 到 20"),
        ("锦绣工程,渔业,,", "没有主题“渔业”"),
        ("锦绣工程,民政,,9", "“9”|只能是 1"),
    ],
)
def test_what_breaks_a_rule_is_told(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(InputError) as error:
        Lexicon.load(table(tmp_path, row))
    assert all(part in str(error.value) for part in told.split("|")), str(error.value)


def test_no_terms_change_nothing() -> None:
    assert not Lexicon()
    assert Lexicon().odds(["路灯"], [("民政", "")]) is None
