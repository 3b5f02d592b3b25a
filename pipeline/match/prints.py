"""What matching keeps of a text: its character bigrams, which of them stand in the title or in a name, its topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from zlib import crc32

import numpy as np
import numpy.typing as npt

from pipeline.features import GOLDEN, Batch, batch, grams
from pipeline.records import Topic

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64 | np.int32]

Flags = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint32]
Bytes = npt.NDArray[np.uint8]

BITS = 22
WIDTH = 1 << BITS
TITLED, NAMED, NUMBERED = 1, 2, 4
_FLAG_BITS = 3
_COUNT_BITS = 32 - BITS - _FLAG_BITS
_MOST_COUNTED = (1 << _COUNT_BITS) - 1

_ONE_SIGN = "村镇路街苑府湾城园庭厂桥站店巷局院校组"
_TWO_SIGNS = [
    "小区", "花园", "家园", "公寓", "大厦", "广场", "小学", "中学", "学校", "学院", "大学", "幼儿",
    "医院", "公司", "集团", "社区", "街道", "国际", "新城", "酒店", "超市", "市场", "楼盘", "项目",
    "职业", "实验", "师范", "技术", "经济", "物业", "置业", "地产", "科技", "商贸", "投资", "实业",
]  # fmt: skip
"""Endings of names, and what stands between a name and its ending: 翠湖职业技术学院, 鸿泰置业有限公司."""
_AFTER_NUMBERS, _BETWEEN = "路线期年区届", "号"
_ENDING, _FIRST, _SECOND, _DIGIT, _AFTER, _LINK = (1 << flag for flag in range(6))
"""What a character may be: an ending, or the first or second sign of one; of a number, behind one, or between them."""
_LONGEST_NUMBER = 3
_REACH = 3
"""What stands up to so many characters before such an ending is taken for part of a name."""
_OPENING = 20
"""So many characters stand for the title of a text that has none: people begin with what it is about."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What matching keeps of a batch of texts: 4 bytes for each different bigram of each text, 21 beside.

    grams : (bigrams,) text by text, ascending within one; each packs, from the highest bits on, the hashed bigram,
        how often it stands in its text (at most 127), and its flags: `TITLED` where it stands in the title, `NAMED`
        where it is part of a name, `NUMBERED` where it is part of a number that tells one
        thing from another.
    sizes : (texts,) how many bigrams each text has.
    topics : (texts, first-level topics) the probability of each, 0 to 255; all 0 where nothing is known.
    kinds : (texts,) the second-level topic as a checksum; 0 where nothing is known.
    who : (texts,) the submitter as a checksum; 0 where nothing is known.
    """

    grams: Words
    sizes: Ints
    topics: Bytes
    kinds: npt.NDArray[np.uint16]
    who: Words

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def columns(self) -> Ints:
        """The hashed bigrams."""
        return (self.grams >> (32 - BITS)).astype(np.int32)

    @property
    def counts(self) -> Bytes:
        """How often each bigram stands in its text."""
        return (self.grams >> _FLAG_BITS & _MOST_COUNTED).astype(np.uint8)

    @property
    def flags(self) -> Bytes:
        """`TITLED`, `NAMED` and `NUMBERED` of each bigram."""
        return (self.grams & (1 << _FLAG_BITS) - 1).astype(np.uint8)

    def ranks(self) -> Ints:
        """Return the place of each text in an order by content: that in which they came has no say in it."""
        mixed = self.grams * GOLDEN
        mixed ^= mixed >> np.uint64(29)
        order = np.argsort(sums(mixed * GOLDEN, self.sizes), kind="stable")
        ranks = np.empty(len(order), np.int64)
        ranks[order] = np.arange(len(order))
        return ranks


def sums(values: npt.NDArray[np.uint64], sizes: Ints) -> npt.NDArray[np.uint64]:
    """Return the sums of some runs of values, one run behind the other, as far as 64 bits go.

    >>> sums(np.array([1, 2, 3], np.uint64), np.array([2, 0, 1])).tolist()
    [3, 0, 3]
    """
    running = np.concatenate([np.zeros(1, np.uint64), np.cumsum(values, dtype=np.uint64)])
    ends = np.cumsum(sizes)
    found: npt.NDArray[np.uint64] = running[ends] - running[ends - sizes]
    return found


def hashed(keys: npt.NDArray[np.uint64]) -> Ints:
    """Return the columns of bigrams."""
    return (keys * GOLDEN >> np.uint64(64 - BITS)).astype(np.int64)


@cache
def _signs() -> Bytes:
    """Return the table of what a character may be, `_ENDING` to `_LINK` together."""
    table = np.zeros(1 << 16, np.uint8)
    digits, firsts, seconds = "0123456789", *map("".join, zip(*_TWO_SIGNS, strict=True))
    for flag, signs in enumerate((_ONE_SIGN, firsts, seconds, digits, _AFTER_NUMBERS, _BETWEEN)):
        table[[ord(sign) for sign in signs]] |= 1 << flag
    return table


@cache
def _doubles() -> npt.NDArray[np.uint64]:
    return np.array([ord(sign[0]) << 16 | ord(sign[1]) for sign in _TWO_SIGNS], np.uint64)


def _named(parts: Batch, signs: Bytes, keys: npt.NDArray[np.uint64]) -> Flags:
    """Return which positions lie shortly before the ending of a name."""
    near = np.zeros(len(parts.codes), bool)
    two = np.flatnonzero((signs[:-1] & _FIRST > 0) & (signs[1:] & _SECOND > 0))
    at = np.concatenate([np.flatnonzero(signs & _ENDING), two[np.isin(keys[two], _doubles())]])
    for _ in range(_REACH):
        at = at[(parts.codes[at] != 0) & (at > 0)] - 1
        near[at] = True
    return near


def _numbered(signs: Bytes) -> Flags:
    """Return which positions begin a bigram of a number that tells one thing from another: 805路, 3号线, 2019年."""
    digit, telling = signs & _DIGIT > 0, signs & _AFTER > 0
    telling[:-1] |= (signs[:-1] & _LINK > 0) & telling[1:]
    number = np.zeros(len(signs), bool)
    number[:-1] = digit[:-1] & telling[1:]
    for _ in range(_LONGEST_NUMBER):
        number[:-1] |= digit[:-1] & number[1:]
    return number


def fingerprint(parts: Batch, topics: Sequence[Topic] = (), submitters: Sequence[str | None] = ()) -> Fingerprint:
    """Return the fingerprint of a batch, with the topics and submitters of its texts where they are known."""
    keys, whole = grams(parts.codes, 2)
    at = np.flatnonzero(whole)
    row = parts.owners[at].astype(np.int64)
    begins = parts.starts[:-1]
    titles = np.where(parts.titles > begins, parts.titles, begins + _OPENING)
    flags = np.where(at < titles[row], TITLED, 0)
    signs = _signs()[parts.codes]
    flags |= _named(parts, signs, keys)[at] * NAMED | _numbered(signs)[at] * NUMBERED
    packed = np.sort((row << BITS | hashed(keys[at])) << _FLAG_BITS | flags)
    grown = packed >> _FLAG_BITS
    first = np.flatnonzero(np.diff(grown, prepend=-1))
    unique, counts = grown[first], np.diff(first, append=len(grown))
    joined = np.bitwise_or.reduceat(packed & (1 << _FLAG_BITS) - 1, first) if len(first) else first
    words = (unique & WIDTH - 1) << _COUNT_BITS | np.minimum(counts, _MOST_COUNTED)
    scores = np.zeros((len(parts), len(topics[0].scores) if topics else 0), np.uint8)
    kinds = np.zeros(len(parts), np.uint16)
    if topics:
        scores[: len(topics)] = np.rint(255 * np.array([list(topic.scores.values()) for topic in topics]))
        kinds[: len(topics)] = [crc32(f"{topic.level1}/{topic.level2}".encode()) & 0xFFFF for topic in topics]
    who = np.zeros(len(parts), np.uint32)
    who[: len(submitters)] = [crc32(name.encode("utf-8", "replace")) if name else 0 for name in submitters]
    sizes = np.bincount(unique >> BITS, minlength=len(parts))
    return Fingerprint((words << _FLAG_BITS | joined).astype(np.uint32), sizes, scores, kinds, who)


def join(prints: Sequence[Fingerprint]) -> Fingerprint:
    """Put the fingerprints of several batches behind one another."""
    if not prints:
        return fingerprint(batch([]))
    widest = max(each.topics.shape[1] for each in prints)
    return Fingerprint(
        np.concatenate([each.grams for each in prints]),
        np.concatenate([each.sizes for each in prints]),
        np.concatenate([np.pad(each.topics, ((0, 0), (0, widest - each.topics.shape[1]))) for each in prints]),
        np.concatenate([each.kinds for each in prints]),
        np.concatenate([each.who for each in prints]),
    )
