"""Character n-grams: against a naive implementation in plain Python."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import chinese

from pipeline.features import LONGEST, Vocabulary, batch, grams, pack
from pipeline.terms import strongest, terms, word_grams

TEXTS = [
    "路灯不亮\n小区门口的路灯不亮三天了",
    "小区停水\n小区停水三天，物业不管",
    "路灯坏了，小区A座物业不管",
    "停水停电",
    "ABC座停水12天",
    "",
    "，。",
]


def fold(text: str) -> str:
    """Fold as features do, character by character; a border is a NUL."""
    out = []
    for char in text:
        kept = "\u3400" <= char < "\ua000" or char in "0123456789" or "a" <= char <= "z"
        out.append(char if kept else char.lower() if "A" <= char <= "Z" else "\0")
    return "".join(out)


def naive_grams(text: str, length: int) -> dict[int, str]:
    folded = fold(text)
    pieces = {at: folded[at : at + length] for at in range(len(folded) - length + 1)}
    return {at: piece for at, piece in pieces.items() if "\0" not in piece}


def key(gram: str) -> int:
    value = 0
    for char in gram:
        value = value << 16 | ord(char)
    return value


def words(vocabulary: Vocabulary) -> list[str]:
    """Return the n-grams of a vocabulary as text, in the order of its columns."""
    return [
        "".join(chr(k >> shift & 0xFFFF) for shift in (48, 32, 16, 0)).lstrip("\0") for k in vocabulary.keys.tolist()
    ]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.fit(TEXTS, least=1)


def matrix(vocabulary: Vocabulary, texts: list[str]) -> np.ndarray:
    parts = batch(texts)
    return vocabulary.matrix(parts, vocabulary.occurrences(parts)).toarray()


@given(st.lists(chinese, min_size=1, max_size=4))
def test_folding(texts: list[str]) -> None:
    parts = batch(texts)
    assert "".join(map(chr, parts.codes)) == "".join(fold(text) + "\0" for text in texts)
    assert [parts.starts[at + 1] - parts.starts[at] for at in range(len(parts))] == [len(text) + 1 for text in texts]


@given(st.lists(chinese, min_size=1, max_size=4), st.integers(1, LONGEST))
def test_grams_are_those_of_each_text_alone(texts: list[str], length: int) -> None:
    """No n-gram crosses a border or the end of its text."""
    parts = batch(texts)
    keys, whole = grams(parts.codes, length)
    found = {at: int(keys[at]) for at in np.flatnonzero(whole).tolist()}
    expected = {
        int(start) + at: key(gram)
        for start, text in zip(parts.starts, texts, strict=False)
        for at, gram in naive_grams(text, length).items()
    }
    assert found == expected


@given(chinese, st.integers(1, LONGEST))
def test_packing_is_the_same_as_rolling(text: str, length: int) -> None:
    parts = batch([text])
    keys, whole = grams(parts.codes, length)
    at = np.flatnonzero(whole)
    assert pack(parts.codes, at, np.full(len(at), length)).tolist() == keys[at].tolist()


@pytest.mark.parametrize("text", ["路，灯", "路 灯", "路\n灯", "路😀灯", "路\u200b灯", "路𠮷灯"])
def test_borders(text: str) -> None:
    _, whole = grams(batch([text]).codes, 2)
    assert not whole.any()


@pytest.mark.parametrize(("a", "b"), [("ABC座", "abc座"), ("路，灯", "路。灯")])
def test_what_is_folded_together(a: str, b: str) -> None:
    assert batch([a]).codes.tolist() == batch([b]).codes.tolist()


def test_vocabulary_is_that_of_a_naive_count(vocabulary: Vocabulary) -> None:
    spread: Counter[str] = Counter()
    for text in TEXTS:
        spread.update({gram for length in range(1, LONGEST + 1) for gram in naive_grams(text, length).values()})
    kept = words(vocabulary)
    assert set(kept) <= set(spread)
    assert len(kept) >= 0.95 * len(spread)  # a few share a slot of the table
    assert vocabulary.keys.tolist() == sorted(vocabulary.keys.tolist())
    expected = [math.log((1 + len(TEXTS)) / (1 + spread[word])) + 1 for word in kept]
    assert vocabulary.idf == pytest.approx(expected, rel=1e-5)
    assert vocabulary.spread(len(TEXTS)).tolist() == [spread[word] for word in kept]


def test_least() -> None:
    common = Vocabulary.fit(TEXTS, least=3)
    assert set(words(common)) <= {
        gram
        for length in range(1, LONGEST + 1)
        for text in TEXTS
        for gram in naive_grams(text, length).values()
        if sum(gram in fold(other) for other in TEXTS) >= 3
    }
    assert words(common)


def test_subset(vocabulary: Vocabulary) -> None:
    few = vocabulary.subset(np.array([0, 3, 5]))
    assert words(few) == [words(vocabulary)[at] for at in (0, 3, 5)]
    assert few.idf.tolist() == vocabulary.idf[[0, 3, 5]].tolist()
    assert few.find(vocabulary.keys[:4]).tolist() == [0, -1, -1, 1]


@given(text=chinese)
def test_lookup_is_that_of_a_dictionary(text: str, vocabulary: Vocabulary) -> None:
    column = {word: at for at, word in enumerate(words(vocabulary))}
    found = vocabulary.occurrences(batch([text]))
    got = sorted(zip(found.position.tolist(), found.length.tolist(), found.column.tolist(), strict=True))
    expected = [
        (at, length, column[gram])
        for length in range(1, LONGEST + 1)
        for at, gram in naive_grams(text, length).items()
        if gram in column
    ]
    assert got == sorted(expected)


def test_unknown_keys_are_not_found(vocabulary: Vocabulary) -> None:
    assert vocabulary.find(np.array([0, key("鑫"), key("路灯")], np.uint64)).tolist()[:2] == [-1, -1]


@given(texts=st.lists(chinese, min_size=1, max_size=5))
def test_rows_have_length_one(texts: list[str], vocabulary: Vocabulary) -> None:
    lengths = np.linalg.norm(matrix(vocabulary, texts), axis=1)
    assert all(length == pytest.approx(1, abs=1e-5) or length == 0 for length in lengths)


@given(texts=st.lists(chinese, min_size=1, max_size=4))
def test_rows_are_those_of_a_naive_count(texts: list[str], vocabulary: Vocabulary) -> None:
    column = {word: at for at, word in enumerate(words(vocabulary))}
    expected = np.zeros((len(texts), len(column)))
    for row, text in enumerate(texts):
        title = max(0, text[:61].find("\n"))
        for length in range(1, LONGEST + 1):
            for at, gram in naive_grams(text, length).items():
                if gram in column:
                    expected[row, column[gram]] += 2 if at < title else 1
    inside = expected > 0
    expected[inside] = 1 + np.log(expected[inside])
    expected *= vocabulary.idf
    expected /= np.maximum(np.linalg.norm(expected, axis=1, keepdims=True), 1e-9)
    np.testing.assert_allclose(matrix(vocabulary, texts), expected, atol=1e-5)


def test_title_counts_double(vocabulary: Vocabulary) -> None:
    titled, plain = matrix(vocabulary, ["路灯\n停水", "路灯，停水"])
    at = words(vocabulary).index("路灯")
    assert titled[at] > plain[at]


@given(cuts=st.lists(st.lists(st.sampled_from(["路灯", "小区物业", "住宅专项维修资金", "，", "ktv", "三", "12"]))))
def test_word_grams_are_the_words_and_their_pairs(cuts: list[list[str]]) -> None:
    """Words of the same letters have the same key, others another one; numbers and marks are no words."""
    parts = batch(["".join(cut) for cut in cuts])
    one, two = word_grams(parts, cuts)
    said = [[word for word in cut if word not in ("，", "12")] for cut in cuts]
    flat = [word for cut in said for word in cut]
    pairs = [pair for cut in said for pair in itertools.pairwise(cut)]
    assert len(one.keys) == len(flat)
    assert one.length.tolist() == [len(word) for word in flat]
    for found, expected in ((one.keys.tolist(), flat), (two.keys.tolist(), pairs)):
        assert len(set(zip(found, expected, strict=True))) == len(set(found)) == len(set(expected))


def test_a_first_line_that_is_too_long_is_no_title() -> None:
    assert batch(["路" * 61 + "\n停水"]).titles.tolist() == [0]
    assert batch(["路" * 60 + "\n停水"]).titles.tolist() == [60]
    assert batch(["没有标题"]).titles.tolist() == [0]


@given(texts=st.lists(chinese, min_size=1, max_size=6), cut=st.integers(0, 6))
def test_rows_do_not_depend_on_the_batch(texts: list[str], cut: int, vocabulary: Vocabulary) -> None:
    whole = matrix(vocabulary, texts)
    parts = [matrix(vocabulary, some) for some in (texts[:cut], texts[cut:]) if some]
    assert (np.vstack(parts) == whole).all()


@given(
    st.lists(
        st.lists(st.sampled_from(["路灯", "小区物业", "住宅专项维修资金", "，", "a", "三"]), max_size=8), min_size=1
    )
)
def test_terms_are_those_of_a_naive_count(cuts: list[list[str]]) -> None:
    parts = batch(["".join(cut) for cut in cuts])
    found = terms(parts, cuts)
    got = Counter({(int(found.rows[at]), found.word(at)): int(found.counts[at]) for at in range(len(found))})
    expected = Counter((row, word) for row, cut in enumerate(cuts) for word in cut if len(word) >= 2)
    assert got == expected
    best = strongest(found, np.arange(len(found)) + 1.0, len(cuts), 2)
    assert [len(row) for row in best] == [min(2, len({word for word in cut if len(word) >= 2})) for cut in cuts]
