"""What matching keeps of a text: its character bigrams, which of them stand in the title or in a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.features import GOLDEN, Batch, Vocabulary, batch, grams

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

BITS = 22
WIDTH = 1 << BITS
TITLED, NAMED = 1, 2

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


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What matching keeps of a batch of texts: 6 bytes for each different bigram of each text.

    columns : (bigrams,) hashed bigrams, text by text, ascending within one.
    counts : (bigrams,) how often each stands in its text, at most 255.
    flags : (bigrams,) `TITLED` where it stands in the title, `NAMED` where it is part of a name.
    sizes : (texts,) how many bigrams each text has.
    """

    columns: npt.NDArray[np.int32]
    counts: npt.NDArray[np.uint8]
    flags: npt.NDArray[np.uint8]
    sizes: Ints


def _hashed(keys: npt.NDArray[np.uint64]) -> Ints:
    return (keys * GOLDEN >> np.uint64(64 - BITS)).astype(np.int64)


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
    flags = np.where(at < parts.titles[row], TITLED, 0) | np.where(_named(parts, keys, whole)[at], NAMED, 0)
    pairs = np.sort((row << BITS | _hashed(keys[at])) << 2 | flags)
    unique, first, counts = np.unique(pairs >> 2, return_index=True, return_counts=True)
    joined = np.bitwise_or.reduceat(pairs & 3, first) if len(first) else first
    return Fingerprint(
        (unique & WIDTH - 1).astype(np.int32),
        np.minimum(counts, 255).astype(np.uint8),
        joined.astype(np.uint8),
        np.bincount(unique >> BITS, minlength=len(parts)),
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
        spread = np.zeros(WIDTH, np.float32)
        bigrams = (vocabulary.keys >> np.uint64(32) == 0) & (vocabulary.keys >> np.uint64(16) > 0)
        np.add.at(spread, _hashed(vocabulary.keys[bigrams]), vocabulary.spread(texts)[bigrams])
        return cls(spread, texts)
