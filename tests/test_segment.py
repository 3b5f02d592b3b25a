"""Words: both engines agree, words joined are the text, words of the field stay whole."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from support import ROOT, SAMPLES, any_text

from pipeline.clean import clean
from pipeline.errors import InputError
from pipeline.ingest import FORMATS, Intake
from pipeline.knowledge import lexicon
from pipeline.segment import Segmenter

WRITTEN = 300
TRIPLE = re.compile(r"(.)\1\1")
"""嘟嘟嘟 is 嘟 + 嘟嘟 or 嘟嘟 + 嘟, equally likely: which of them comes out is a matter of rounding, in one engine
another than in the other, and depends on the rest of the text. Nothing else differs."""


@pytest.fixture(scope="module")
def engines() -> tuple[Segmenter, Segmenter]:
    return Segmenter("rjieba"), Segmenter("jieba")


def sample_texts() -> Iterator[str]:
    paths = sorted(path for path in SAMPLES.iterdir() if path.suffix in FORMATS)
    tables = {"places.csv", "members.csv", "stations.csv"}
    intake = Intake([path for path in paths if path.name not in tables], rejected=lambda row: None)
    for submission in intake:
        yield submission.text
        yield clean(submission.text).text


def written_texts() -> list[str]:
    lines = [
        line
        for path in sorted((ROOT / "corpora" / "written").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    rows = map(json.loads, random.Random(20261001).sample(lines, WRITTEN))
    return [f"{row['title']}\n{row['body']}" for row in rows]


def agree(ours: Segmenter, theirs: Segmenter, text: str) -> bool:
    """Whether both cut a text alike, the order of the words in a triple aside."""
    a, b = ours.cut(text), theirs.cut(text)
    return a == b or (TRIPLE.search(text) is not None and sorted(a) == sorted(b))


def test_engines_agree_on_the_samples(engines: tuple[Segmenter, Segmenter]) -> None:
    texts = list(sample_texts())
    assert len(texts) > 250
    assert [text for text in texts if not agree(*engines, text)] == []


def test_engines_agree_on_written_texts(engines: tuple[Segmenter, Segmenter]) -> None:
    differing = [text for text in written_texts() if not agree(*engines, text)]
    assert differing == []


def test_triples_are_the_one_known_tie(engines: tuple[Segmenter, Segmenter]) -> None:
    for text in ("水管嘟嘟嘟响", "楼上咚咚咚的", "机器轰轰轰从早到晚"):
        ours, theirs = (engine.cut(text) for engine in engines)
        assert sorted(ours) == sorted(theirs)


@pytest.mark.parametrize(
    "text",
    ["", "é", "İstanbul", "a-b_c%+#&@.12", "𠮷野家", "ａｂ１２", "x\r\ny", "\0中文", "😀好", "٣٤", "㐀㐁", "3.14元"],
)
def test_engines_agree_on_odd_texts(text: str, engines: tuple[Segmenter, Segmenter]) -> None:
    ours, theirs = engines
    assert ours.cut(text) == theirs.cut(text)


@given(text=any_text)
def test_words_joined_give_the_text(text: str, engines: tuple[Segmenter, Segmenter]) -> None:
    for engine in engines:
        assert "".join(engine.cut(text)) == text


@pytest.mark.parametrize("around", ["{}", "请问{}的事", "关于{}问题", "，{}。", "A{}1"])
def test_words_of_the_field_stay_whole(around: str, engines: tuple[Segmenter, Segmenter]) -> None:
    words = [line.split()[0] for line in lexicon("dictionary")]
    assert len(words) > 150
    for engine in engines:
        assert [word for word in words if word not in engine.cut(around.format(word))] == []


def test_the_module_wide_tokenizer_is_left_alone(engines: tuple[Segmenter, Segmenter]) -> None:
    import jieba

    assert jieba.dt.FREQ.get("社情民意信息") is None


def test_a_model_can_say_which_engine_it_was_trained_with(engines: tuple[Segmenter, Segmenter]) -> None:
    assert [engine.name.split()[0] for engine in engines] == ["rjieba", "jieba"]
    assert all(engine.name.split()[1][0].isdigit() for engine in engines)


def test_first_installed_engine_is_rjieba() -> None:
    assert Segmenter().engine == "rjieba"


def test_no_engine_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.segment.find_spec", lambda name: None)
    with pytest.raises(InputError, match="请安装 rjieba"):
        Segmenter()
