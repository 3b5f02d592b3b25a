"""One matter, one issue: near-duplicates and other voices about the same concrete matter.

Texts are compared as bags of character bigrams weighted by their rarity: names of estates, roads, schools and firms are
rare, so they weigh most. Candidates are pairs that share rare bigrams; a pair is judged on the cosine of all its
bigrams, on how much of each title and of each text's names the other covers, and on names in the titles that
contradict each other. Pairs become issues in the order of their score, and two groups join only where enough of their
members match across.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from pipeline.features import GOLDEN, Batch, Vocabulary, batch, grams
from pipeline.records import Duplicate

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_BITS = 22
_WIDTH = 1 << _BITS
_TITLED, _NAMED = 1, 2

_ONE_SIGN = "村镇路街苑府湾城园庭厂桥站店巷局院校组"
_TWO_SIGNS = [
    "小区",
    "花园",
    "家园",
    "公寓",
    "大厦",
    "广场",
    "小学",
    "中学",
    "学校",
    "学院",
    "大学",
    "幼儿",
    "医院",
    "公司",
    "集团",
    "社区",
    "街道",
    "国际",
    "新城",
    "酒店",
    "超市",
    "市场",
    "楼盘",
    "项目",
]
_REACH = 3
"""What stands up to so many characters before such an ending is taken for part of a name."""

_KEYS = 24
"""A text is looked up by at most so many of its rarest bigrams …"""
_COMMON = 64
"""… none of which stands in more texts than this."""
_SHORT_KEYS = 4
_NEAR = 3
"""A text without such bigrams is compared with so many next ones by so many of its rarest."""
_BLOCK = 4_000
_NEIGHBOURS = 12
"""Of the candidates of a text so many are judged."""
_LEAST_SHARED = 3
"""So many keys a candidate must share."""

_PARTS = {"title": _TITLED, "name": _NAMED, "both": _TITLED | _NAMED}
_WEIGHTS = {"cosine": 3.7, "title_least": 2.1, "title_most": 4.2, "name_least": 1.0, "name_most": 2.0, "conflict": -3.0}
_OFFSET = -4.6
"""Of the judgement on a pair: rounded from a logistic regression on pairs that were labelled by reading."""
_SAME = 0.6
_REPEATED = 0.61
_ACROSS = 0.08
_CONTRADICTED = 0.34


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What matching keeps of a batch of texts: 6 bytes for each different bigram of each text.

    columns : (bigrams,) hashed bigrams, text by text, ascending within one.
    counts : (bigrams,) how often each stands in its text, at most 255.
    flags : (bigrams,) `_TITLED` where it stands in the title, `_NAMED` where it is part of a name.
    sizes : (texts,) how many bigrams each text has.
    """

    columns: npt.NDArray[np.int32]
    counts: npt.NDArray[np.uint8]
    flags: npt.NDArray[np.uint8]
    sizes: Ints


_LOGS = (1 + np.log(np.maximum(np.arange(256), 1))).astype(np.float32)


def _hashed(keys: npt.NDArray[np.uint64]) -> Ints:
    return (keys * GOLDEN >> np.uint64(64 - _BITS)).astype(np.int64)


def _named(parts: Batch, keys: npt.NDArray[np.uint64], whole: Flags) -> Flags:
    """Return which positions lie shortly before the ending of a name."""
    single = np.zeros(1 << 16, bool)
    single[[ord(sign) for sign in _ONE_SIGN]] = True
    double = np.array([ord(sign[0]) << 16 | ord(sign[1]) for sign in _TWO_SIGNS], np.uint64)
    ending = single[parts.codes] | (whole & np.isin(keys, double))
    near = np.zeros(len(parts.codes), bool)
    borders = np.cumsum(parts.codes == 0)
    for step in range(1, _REACH + 1):
        near[:-step] |= ending[step:] & (borders[step:] == borders[:-step])
    return near


def fingerprint(parts: Batch) -> Fingerprint:
    """Return the fingerprint of a batch."""
    keys, whole = grams(parts.codes, 2)
    at = np.flatnonzero(whole)
    row = parts.owners[at].astype(np.int64)
    flags = np.where(at < parts.titles[row], _TITLED, 0) | np.where(_named(parts, keys, whole)[at], _NAMED, 0)
    pairs = np.sort((row << _BITS | _hashed(keys[at])) << 2 | flags)
    unique, first, counts = np.unique(pairs >> 2, return_index=True, return_counts=True)
    joined = np.bitwise_or.reduceat(pairs & 3, first) if len(first) else first
    return Fingerprint(
        (unique & _WIDTH - 1).astype(np.int32),
        np.minimum(counts, 255).astype(np.uint8),
        joined.astype(np.uint8),
        np.bincount(unique >> _BITS, minlength=len(parts)),
    )


def join(prints: Sequence[Fingerprint]) -> Fingerprint:
    """Put the fingerprints of several batches behind one another."""
    if not prints:
        return fingerprint(batch([]))
    return Fingerprint(
        np.concatenate([each.columns for each in prints]),
        np.concatenate([each.counts for each in prints]),
        np.concatenate([each.flags for each in prints]),
        np.concatenate([each.sizes for each in prints]),
    )


@dataclass(frozen=True, slots=True)
class Background:
    """How common bigrams are in general, so that rarity means something in a small batch, too.

    spread : (hashed bigrams,) in how many texts each stands.
    texts : how many texts that were.
    """

    spread: Floats
    texts: int

    @classmethod
    def of(cls, vocabulary: Vocabulary, texts: int) -> Background:
        """Return the background that a model was trained on."""
        spread = np.zeros(_WIDTH, np.float32)
        bigrams = (vocabulary.keys >> np.uint64(32) == 0) & (vocabulary.keys >> np.uint64(16) > 0)
        np.add.at(spread, _hashed(vocabulary.keys[bigrams]), vocabulary.spread(texts)[bigrams])
        return cls(spread, texts)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Judged pairs of texts: `left` before `right`, score of one matter, cosine, contradiction of names."""

    left: Ints
    right: Ints
    score: Floats
    cosine: Floats
    conflict: Flags


class Matcher:
    """All texts of a run, weighted and ready to be compared.

    Parameters
    ----------
    prints : their fingerprint.
    background : how common bigrams are in general.
    """

    def __init__(self, prints: Fingerprint, background: Background) -> None:
        self.count = len(prints.sizes)
        self.starts = np.concatenate([[0], np.cumsum(prints.sizes)])
        self.columns = prints.columns
        self.flags = prints.flags
        self.sizes = prints.sizes
        spread = np.bincount(prints.columns, minlength=_WIDTH).astype(np.int32)
        self.spread = spread[prints.columns]
        total = 1 + self.count + background.texts
        known = background.spread[prints.columns]
        self.rarity = np.log(total / (1 + known + self.spread)).astype(np.float32) + 1
        rows = np.repeat(np.arange(self.count, dtype=np.int32), prints.sizes)
        weights = _LOGS[prints.counts] * self.rarity
        norms = np.sqrt(np.bincount(rows, weights**2, self.count))
        self.weights = weights / np.maximum(norms, 1e-9).astype(np.float32)[rows]
        self.rows = rows

    def candidates(self) -> tuple[Ints, Ints]:
        """Return pairs (left, right), left before right, that share rare bigrams."""
        keys = self._keys()
        turned = keys.T.tocsr()
        found = [self._neighbours(np.diff(keys.indptr))]
        for begin in range(0, self.count, _BLOCK):
            shared = (keys[begin : begin + _BLOCK] @ turned).tocoo()
            good = shared.data >= _LEAST_SHARED
            row, column, value = (
                shared.row[good].astype(np.int64) + begin,
                shared.col[good].astype(np.int64),
                shared.data[good],
            )
            other = row != column
            packed = (row[other] << 8 | _KEYS - value[other].astype(np.int64)) * self.count + column[other]
            packed.sort()
            row = packed // self.count >> 8
            near = _place_in_run(row) < _NEIGHBOURS
            row, column = row[near], packed[near] % self.count
            found.append(np.minimum(row, column) * self.count + np.maximum(row, column))
        pairs = np.unique(np.concatenate(found))
        return pairs // max(1, self.count), pairs % max(1, self.count)

    def _keys(self) -> sp.csr_matrix:
        """Return (texts × bigrams) with a one for each of a text's rarest bigrams that stand elsewhere, too."""
        usable = np.flatnonzero((self.spread > 1) & (self.spread <= _COMMON))
        rank = ((1 - self.weights[usable]) * 0xFFFF).astype(np.int64)
        packed = np.sort((self.rows[usable].astype(np.int64) << 16 | rank) << _BITS | self.columns[usable])
        row = packed >> (16 + _BITS)
        packed = packed[_place_in_run(row) < _KEYS]
        ones = np.ones(len(packed), np.float32)
        shape = (self.count, _WIDTH)
        return sp.csr_matrix((ones, (packed >> (16 + _BITS), packed & _WIDTH - 1)), shape)

    def _neighbours(self, keys: Ints) -> Ints:
        """Return candidates for texts that have too few keys, since all of theirs stand in too many texts.

        Such are campaign texts: each is paired with the next few that share one of its rarest bigrams.
        """
        short = np.flatnonzero((keys[self.rows] < _LEAST_SHARED) & (self.spread > _COMMON))
        order = short[np.lexsort((self.columns[short], -self.weights[short], self.rows[short]))]
        order = order[_place_in_run(self.rows[order].astype(np.int64)) < _SHORT_KEYS]
        packed = np.sort(self.columns[order].astype(np.int64) * self.count + self.rows[order])
        column, row = packed // max(1, self.count), packed % max(1, self.count)
        pairs = [np.zeros(0, np.int64)]
        for step in range(1, _NEAR + 1):
            same = np.flatnonzero(column[step:] == column[:-step])
            pairs.append(row[same] * self.count + row[same + step])
        return np.concatenate(pairs)

    def judge(self, left: Ints, right: Ints) -> Pairs:
        """Score pairs of texts."""
        blocks = [self._judge(left[at : at + _BLOCK], right[at : at + _BLOCK]) for at in range(0, len(left), _BLOCK)]
        empty = np.zeros(0, np.float32)
        score, cosine, conflict = (
            (np.concatenate([empty, *column]) for column in zip(*blocks, strict=True)) if blocks else [empty] * 3
        )
        return Pairs(left, right, score, cosine, conflict.astype(bool))

    def _judge(self, left: Ints, right: Ints) -> tuple[Floats, Floats, Flags]:
        count = len(left)
        pair, ours, theirs = self._shared(left, right)
        cosine = np.bincount(pair, self.weights[ours] * self.weights[theirs], count)
        there: dict[str, Floats] = {}
        back: dict[str, Floats] = {}
        for name, flag in _PARTS.items():
            mass = self._mass(flag)
            there[name] = self._covered(mass, left, pair, ours)
            back[name] = self._covered(mass, right, pair, theirs)
        conflict = (there["both"] <= _CONTRADICTED) & (back["both"] <= _CONTRADICTED)
        evidence = _OFFSET + _WEIGHTS["cosine"] * cosine + _WEIGHTS["conflict"] * conflict
        for name in ("title", "name"):
            evidence += _WEIGHTS[f"{name}_least"] * np.minimum(there[name], back[name])
            evidence += _WEIGHTS[f"{name}_most"] * np.maximum(there[name], back[name])
        return (1 / (1 + np.exp(-evidence))).astype(np.float32), cosine.astype(np.float32), conflict

    def _shared(self, left: Ints, right: Ints) -> tuple[Ints, Ints, Ints]:
        """Return the bigrams that pairs share: the pair, and the entry in the left and in the right text."""
        a = _entries(self.starts[left], self.sizes[left])
        b = _entries(self.starts[right], self.sizes[right])
        in_a = np.repeat(np.arange(len(left)), self.sizes[left]) << _BITS | self.columns[a]
        in_b = np.repeat(np.arange(len(right)), self.sizes[right]) << _BITS | self.columns[b]
        at = np.minimum(np.searchsorted(in_b, in_a), max(0, len(in_b) - 1))  # both ascend: by pair, then by column
        both = np.flatnonzero(in_b[at] == in_a) if len(in_b) else np.zeros(0, np.int64)
        return in_a[both] >> _BITS, a[both], b[at[both]]

    def _mass(self, flag: int) -> Floats:
        return np.where(self.flags & flag == flag, self.rarity, np.float32(0))

    def _covered(self, mass: Floats, text: Ints, pair: Ints, entry: Ints) -> Floats:
        """Return which share of a mass stands in the other text, a half where there is none to be covered."""
        whole = np.add.reduceat(np.append(mass, np.float32(0)), self.starts[:-1])[text] * (self.sizes[text] > 0)
        found = np.bincount(pair, mass[entry], len(text))
        return np.where(whole > 0, found / np.maximum(whole, 1e-9), 0.5).astype(np.float32)


def _entries(starts: Ints, sizes: Ints) -> Ints:
    """Return the places of some runs, one run behind the other.

    >>> _entries(np.array([5, 0]), np.array([2, 1])).tolist()
    [5, 6, 0]
    """
    first = np.cumsum(sizes) - sizes
    places: Ints = np.arange(int(sizes.sum())) + np.repeat(starts - first, sizes)
    return places


def _place_in_run(values: Ints) -> Ints:
    """Return for each of some ascending values how many equal ones stand before it.

    >>> _place_in_run(np.array([3, 3, 5])).tolist()
    [0, 1, 0]
    """
    where = np.arange(len(values))
    begins = np.concatenate([[True], values[1:] != values[:-1]]) if len(values) else np.zeros(0, bool)
    return where - np.maximum.accumulate(np.where(begins, where, 0))


def group(count: int, pairs: Pairs) -> Ints:
    """Return for each text the first text of its issue.

    Pairs are taken from the surest on; two groups join where the pairs that match make up a good part of
    all pairs between them, so that a chain A~B~C does not glue strangers.
    """
    issue = list(range(count))
    members: dict[int, list[int]] = {}
    good = np.flatnonzero(pairs.score >= _SAME)
    order = good[np.lexsort((pairs.right[good], pairs.left[good], -pairs.score[good]))]
    linked: dict[int, set[int]] = {}
    for at in order:
        a, b = int(pairs.left[at]), int(pairs.right[at])
        linked.setdefault(a, set()).add(b)
        linked.setdefault(b, set()).add(a)
    for at in order:
        a, b = issue[int(pairs.left[at])], issue[int(pairs.right[at])]
        if a == b:
            continue
        a, b = min(a, b), max(a, b)
        ours, theirs = members.get(a, [a]), members.get(b, [b])
        few, many = (ours, theirs) if len(ours) <= len(theirs) else (theirs, ours)
        across = sum(len(linked[one].intersection(many)) for one in few)
        if across < _ACROSS * len(few) * min(len(many), _NEIGHBOURS):
            continue
        for one in theirs:
            issue[one] = a
        members[a] = ours + theirs
    return np.array(issue, np.int64)


def match(ids: Sequence[str], prints: Fingerprint, background: Background) -> list[Duplicate]:
    """Return for each submission of a run whether it repeats or joins an earlier one.

    Parameters
    ----------
    ids : their ids, in the order of arrival: the earliest text of an issue is its anchor.
    prints : their fingerprint, in the same order.
    background : how common bigrams are in general.
    """
    matcher = Matcher(prints, background)
    pairs = matcher.judge(*matcher.candidates())
    issue = group(len(ids), pairs)
    best: dict[int, tuple[float, float, int]] = {}
    inside = np.flatnonzero(issue[pairs.left] == issue[pairs.right])
    for at in inside.tolist():
        repeated = float(pairs.cosine[at]) * (not pairs.conflict[at])
        candidate = (repeated, float(pairs.score[at]), -int(pairs.left[at]))
        right = int(pairs.right[at])
        best[right] = max(best.get(right, candidate), candidate)
    original: dict[int, int] = {}
    out = []
    for index, name in enumerate(ids):
        anchor = int(issue[index])
        cosine, score, near = best.get(index, (0.0, _SAME, -anchor))
        if anchor == index:
            out.append(Duplicate("unique", None, f"issue-{name}", 0.0))
        elif cosine >= _REPEATED:
            original[index] = original.get(-near, -near)
            out.append(
                Duplicate("duplicate", ids[original[index]], f"issue-{ids[anchor]}", round(max(score, cosine), 4))
            )
        else:
            out.append(Duplicate("same_issue", ids[anchor], f"issue-{ids[anchor]}", round(score, 4)))
    return out


def shared(keywords: Sequence[str], text: str, other_keywords: Sequence[str], other_text: str) -> tuple[str, ...]:
    """Return the terms that tie two texts: keywords of either that stand in the other.

    >>> shared(["搅拌站", "灰尘"], "搅拌站灰尘大", ["翡翠湾", "搅拌站"], "翡翠湾旁的搅拌站")
    ('搅拌站',)
    """
    there = [word for word in keywords if word in other_text]
    back = [word for word in other_keywords if word in text]
    return tuple(dict.fromkeys(there + back))
