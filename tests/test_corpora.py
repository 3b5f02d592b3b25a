"""corpora/: what the manifest says, topics, lexicon, and the written texts."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from support import ROOT

from pipeline import manifest
from pipeline.errors import CorpusError
from pipeline.features import batch
from pipeline.knowledge import CORPORA, lexicon, table
from pipeline.records import INTENTS, LEVELS
from pipeline.segment import DICTIONARY
from pipeline.train import read_knowledge, topics, written_files

NEAR, SHARE, LEAST = 0.5, 0.01, 10
GRAM = 5
FIELDS = {"title", "body", "intent", "level1", "level2", "priority", "writer"}


@pytest.fixture(scope="module")
def written() -> list[dict[str, Any]]:
    return [
        {**json.loads(line), "where": f"{path.name}:{number}"}
        for path in written_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    ]


def test_the_manifest_matches() -> None:
    assert manifest.check() == len(list(table(manifest.MANIFEST, "file")))


@pytest.mark.parametrize("change", ["changed", "missing", "new"])
def test_the_manifest_tells_what_does_not_match(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "CORPORA", tmp_path)
    monkeypatch.setattr(manifest, "MANIFEST", tmp_path / "manifest.csv")
    (tmp_path / "toy.csv").write_text("a\n1\n")
    manifest.seal()
    assert manifest.check() == 1
    if change == "changed":
        (tmp_path / "toy.csv").write_text("a\n2\n")
    elif change == "missing":
        (tmp_path / "toy.csv").unlink()
    else:
        (tmp_path / "new.csv").write_text("a\n")
    with pytest.raises(CorpusError, match=r"(toy|new)\.csv：.*make seal"):
        manifest.check()


def test_line_ends_do_not_change_a_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "CORPORA", tmp_path)
    monkeypatch.setattr(manifest, "MANIFEST", tmp_path / "manifest.csv")
    (tmp_path / "toy.csv").write_bytes(b"a\n1\n")
    manifest.seal()
    (tmp_path / "toy.csv").write_bytes(b"a\r\n1\r\n")
    assert manifest.check() == 1


def test_topics() -> None:
    found = topics()
    assert len(found) == len(set(found)) == 118
    assert len({first for first, _ in found}) == 15
    assert all((first, "其他") in found for first, _ in found)
    rows = [row for _, row in table(CORPORA / "topics.csv")]
    assert len({row["code"] for row in rows}) == 118
    assert [row["level2"] for row in rows if not row["definition"]] == []


def test_lexicon_terms() -> None:
    known = set(topics())
    seen: set[tuple[str, str, str]] = set()
    for line, row in table(CORPORA / "lexicon" / "topics.csv", "term", "level1", "level2", "weight"):
        key = row["term"], row["level1"], row["level2"]
        assert key[1:] in known, line
        assert row["weight"] in ("1", "2", "3"), line
        assert 2 <= len(row["term"]) <= 20, line
        assert key not in seen, line
        seen.add(key)
    assert {key[1:] for key in seen} >= {topic for topic in known if topic[1] != "其他"}


def test_dictionary_and_stopwords() -> None:
    words = lexicon("dictionary")
    assert len(set(words)) == len(words)
    assert all(2 <= len(word) <= 12 and " " not in word for word in words)
    assert not DICTIONARY.read_bytes().startswith(b"\xef\xbb\xbf")
    assert not set(words) & set(lexicon("stopwords"))


def test_crosswalk_sectors_committees() -> None:
    assert len(list(table(CORPORA / "sectors.csv", "name", "kind"))) == 34
    assert len(list(table(CORPORA / "committees.csv", "name"))) == 10


def test_written_labels(written: list[dict[str, Any]]) -> None:
    known = set(topics())
    for row in written:
        where = row["where"]
        assert row.keys() >= FIELDS, where
        assert row["body"].strip() or row["title"].strip(), where
        assert row["intent"] in INTENTS, where
        assert row["priority"] in LEVELS, where
        if row["level1"] is None:
            assert (row["level2"], row["intent"]) == (None, "other"), where
        else:
            assert (row["level1"], row["level2"]) in known, where
            assert row["intent"] != "other", where


def test_written_texts_for_every_topic(written: list[dict[str, Any]]) -> None:
    counts = Counter((row["level1"], row["level2"]) for row in written)
    assert {topic: counts[topic] for topic in topics() if counts[topic] < LEAST} == {}


def test_written_texts_are_nobody_elses_twice(written: list[dict[str, Any]]) -> None:
    texts = Counter(f"{row['title']}\n{row['body']}" for row in written)
    assert [text for text, count in texts.items() if count > 1] == []


def test_few_near_copies(written: list[dict[str, Any]]) -> None:
    """Two texts are near-copies where they share more than half of the 5-grams of the shorter one."""
    codes = [batch([f"{row['title']}\n{row['body']}"]).codes for row in written]
    plain = ["".join(map(chr, code)).replace("\0", "") for code in codes]
    grams = [{text[at : at + GRAM] for at in range(len(text) - GRAM + 1)} for text in plain]
    holders: dict[str, list[int]] = defaultdict(list)
    for index, found in enumerate(grams):
        for gram in found:
            holders[gram].append(index)
    near = set()
    for index, found in enumerate(grams):
        common = Counter(other for gram in found for other in holders[gram] if other < index)
        near |= {index for other, count in common.items() if count > NEAR * max(1, min(len(found), len(grams[other])))}
    assert len(near) < SHARE * len(written), [written[index]["where"] for index in sorted(near)][:20]


def test_knowledge_is_about_topics_alone() -> None:
    found = read_knowledge()
    assert all(example.knowledge and example.text and example.intent is None for example in found)
    assert len(found) > 5000


def test_nothing_is_written_to_corpora_by_tests() -> None:
    assert sorted(path.name for path in (ROOT / "corpora").iterdir() if path.suffix == ".csv") == [
        "committees.csv",
        "crosswalk.csv",
        "manifest.csv",
        "priority_signals.csv",
        "priority_words.csv",
        "sectors.csv",
        "topics.csv",
    ]
