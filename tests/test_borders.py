"""Borders between topics that offices draw differently: read, checked and learned as shares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.classify import Border, Borders
from pipeline.errors import CorpusError
from pipeline.features import Vocabulary, batch
from pipeline.train import borders, read_borders
from pipeline.train.lexicon import prior

HEAD = "level1,level2,terms,other1,other2,share,reason\n"


def test_the_first_topic_stays_the_likelier() -> None:
    assert all(0 < border.share < 0.5 for some in read_borders().values() for border in some)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("环境保护,环境污染,油烟,城乡建设,没有这个,0.2,同管", "没有这个"),
        ("环境保护,没有,油烟,城乡建设,城乡规划,0.2,同管", "没有"),
        ("环境保护,环境污染,油烟,城乡建设,城乡规划,0.5,同管", "0.5"),
        ("环境保护,环境污染,饭馆的油烟,城乡建设,城乡规划,0.2,同管", "饭馆的油烟"),
        ("环境保护,环境污染,油烟||噪音,城乡建设,城乡规划,0.2,同管", "1 至 4 个字"),
    ],
)
def test_bad_rows_are_named(row: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "borders.csv").write_text(HEAD + row + "\n", encoding="utf-8")
    monkeypatch.setattr(borders, "BORDERS", tmp_path / "borders.csv")
    with pytest.raises(CorpusError, match=named):
        read_borders()


LABELS = ("a/x", "b/y", "c/z")
DIVIDED = [
    ("公交改线", [1.0, 0.0, 0.0], [0.7, 0.3, 0.0]),
    ("班车改线", [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]),
    ("公交", [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]),
    ("公交" * 9, [0.5, 0.4, 0.1], [0.451, 0.449, 0.1]),
    ("公交票价", [1.0, 0.0, 0.0], [0.55, 0.27, 0.18]),
    ("票价" + "好" * 90 + "公交", [1.0, 0.0, 0.0], [0.8, 0.0, 0.2]),
    ("", [0.2, 0.3, 0.5], [0.2, 0.3, 0.5]),
]


@pytest.mark.parametrize("case", DIVIDED)
def test_chances_are_divided_where_a_text_opens_with_a_border(case: tuple[str, list[float], list[float]]) -> None:
    """All that is touched counts, but the topic stays the likelier of two; what stands far behind is a side matter."""
    text, before, after = case
    vocabulary = Vocabulary.fit(["公交", "票价"], least=1)
    some = [Border("a/x", ("公交", "没有"), "b/y", 0.3), Border("a/x", ("票价",), "c/z", 0.2)]
    parts = batch([text, "别的"])
    divided = Borders(some, vocabulary, LABELS).divide(
        np.array([before, [0.0, 0.0, 1.0]]), parts, vocabulary.occurrences(parts)
    )
    assert divided[0] == pytest.approx(after)
    assert divided[1].tolist() == [0, 0, 1]


def test_a_model_without_borders_divides_nothing() -> None:
    vocabulary = Vocabulary.fit(["公交"], least=1)
    parts = batch(["公交"])
    chances = np.array([[0.5, 0.3, 0.2]])
    assert Borders([], vocabulary, LABELS).divide(chances, parts, vocabulary.occurrences(parts)).tolist() == [
        [0.5, 0.3, 0.2]
    ]


def test_the_lexicon_speaks_for_its_topics() -> None:
    vocabulary = Vocabulary.fit(["塔吊"], least=1)
    order = ["城乡建设/安全生产", "商贸旅游/质监检验检疫"]
    weights = prior(vocabulary, order)
    (row,) = vocabulary.find(np.array([ord("塔") << 16 | ord("吊")], np.uint64))
    assert row >= 0
    assert weights[row].tolist() == [4.5, 0.0]
