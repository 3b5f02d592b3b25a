"""How alike two texts are: whether they speak of one matter, and whether one repeats the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.match.background import Background
from pipeline.match.prints import BITS, NAMED, NUMBERED, TITLED, Bytes, Fingerprint, Flags, Floats, Ints

KEYS = 24
"""The heaviest bigrams of a text, by which it is looked up."""
COMMON = 128
"""A bigram that stands in more texts than this says too little to look a text up by …"""
_LEAST_KEYS = 2
_COMMON_KEYS = 4
"""… but where a text has no others, some of its heaviest must do."""
_TOPMOST = 8
"""Of these so many say what it is about."""
_TITLE_WEIGHT = np.float32(2)
_STRANGE = 3
"""A bigram that stands in at most so many of the texts that the model learned from may be a name of its own."""
_CONTRADICTED = 0.34
"""Names contradict each other where no more of the rarity of those of either text stands in the other …"""
_ALIKE = 0.55
_SWAPPED = 10.0
"""… or where texts of about equal wording each lack so much of what the other is about: about a rare bigram."""
_SHORT = 60
_RESENT = 0.04
"""Who writes again is likelier to repeat: so much more alike are two texts of one submitter."""
_CUT = 0.8
"""A text of which all stands in another is so much like it: the same text cut, or with much added."""
REPEATED = 0.64
"""A text repeats another that is so much alike; on written pairs F1 is about the same from 0.60 to 0.78."""
_UNKNOWN = 0.7
"""How far topics agree that are not known."""
_BLOCK = 2_000

_TITLE, _NAME, _PROPER, _TOP, _NUMBER, _SUBJECT = 1, 2, 4, 8, 16, 32
_PARTS = {"title": _TITLE, "name": _NAME, "proper": _PROPER, "top": _TOP, "number": _NUMBER, "subject": _SUBJECT}
WEIGHTS = {
    "cosine": 0.3, "title_least": 0.7, "title_most": 1.0, "name_least": 0.4, "name_most": 0.6, "top_least": 0.8,
    "top_most": 1.2, "topic": 1.4, "conflict": -1.9,
}  # fmt: skip
"""What speaks for one matter, as learned from pairs written for it: `pipeline.train.pairs.learn`."""
_SHARPNESS = 2.0
_OFFSET = -7.0
"""How sure that makes: set on pairs labelled by reading, where half of those at 0.5 are of one matter."""
Doubles = npt.NDArray[np.float64]
_LOGS = (1 + np.log(np.maximum(np.arange(256), 1))).astype(np.float32)
FEATURES = tuple(WEIGHTS)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Judged pairs of texts.

    score : how sure it is that both are of one matter.
    alike : how alike the wording is: the cosine of their weighted bigrams, or how far the shorter stands in the longer;
        0 where names contradict each other. What repeats is of the same matter, whatever its title.
    """

    left: Ints
    right: Ints
    score: Floats
    alike: Floats

    def __add__(self, other: Pairs) -> Pairs:
        """Return the pairs of both."""
        return Pairs(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in self.__slots__))


class Weighted:
    """Texts, weighted and ready to be looked up and compared.

    Parameters
    ----------
    prints : their fingerprint.
    background : how common bigrams are in general and among the texts that they are compared with.
    """

    def __init__(self, prints: Fingerprint, background: Background) -> None:
        self.count = len(prints)
        self.columns, self.sizes = prints.columns, prints.sizes
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.rows = np.repeat(np.arange(self.count, dtype=np.int32), self.sizes)
        self.rarity = background.rarity(self.columns)
        weights = _LOGS[prints.counts] * self.rarity
        norms = np.sqrt(np.bincount(self.rows, weights**2, self.count))
        self.weights = weights / np.maximum(norms, 1e-9).astype(np.float32)[self.rows]
        self._local = background.local
        self.order = self._heaviest(prints.flags & TITLED > 0)
        self.parts = self._parts(prints, background.general[self.columns] <= _STRANGE)
        self.masses = self._masses()
        self.whole = np.bincount(self.rows, self.rarity, self.count)
        self.topics = np.sqrt(prints.topics / np.float32(255))
        self.kinds, self.who = prints.kinds, prints.who

    def _heaviest(self, titled: Flags) -> Ints:
        """Return the entries, text by text, from the heaviest on; a title counts double, equal ones go by column.

        Of long texts the lighter half is left out: no key is among it.
        """
        boosted = np.where(titled, _TITLE_WEIGHT * self.weights, self.weights)
        mean = np.bincount(self.rows, boosted, self.count) / np.maximum(self.sizes, 1)
        at = np.flatnonzero((boosted >= mean[self.rows]) | (self.sizes <= _SHORT)[self.rows])
        rows = self.rows[at]
        rank = ((_TITLE_WEIGHT - boosted[at]) * (0xFFFF / _TITLE_WEIGHT)).astype(np.int64)
        place = at - self.starts[rows]  # entries of a text are ascending by column
        packed = np.sort((rows.astype(np.int64) << 16 | rank) << 20 | place)
        order: Ints = (packed & (1 << 20) - 1) + self.starts[packed >> 36]
        return order

    def _parts(self, prints: Fingerprint, strange: Flags) -> Bytes:
        """Return which parts of its text an entry belongs to.

        What a text is about stands in its title and again in its body; a name of its own, in its title alone.
        """
        titled, named, numbered = (prints.flags & flag > 0 for flag in (TITLED, NAMED, NUMBERED))
        subject = titled & (prints.counts > 1)
        proper = titled & (strange | numbered) & (named | subject)
        parts = titled * _TITLE | named * _NAME | proper * _PROPER | subject * _SUBJECT
        parts |= (titled & numbered) * _NUMBER
        top = self.order[place_in_run(self.rows[self.order]) < _TOPMOST]
        parts[top] |= _TOP
        return parts.astype(np.uint8)

    def _masses(self) -> dict[str, Doubles]:
        """Return the rarity of each part of each text."""
        some = np.flatnonzero(self.parts)
        rows, rarity, parts = self.rows[some], self.rarity[some], self.parts[some]
        return {
            name: np.bincount(rows, rarity * (parts & part > 0), self.count).astype(np.float64)
            for name, part in _PARTS.items()
        }

    def held(self, entries: Ints) -> Ints:
        """Return in how many of the texts at hand the bigrams of some entries stand."""
        held: Ints = self._local[self.columns[entries]]
        return held

    def keys(self, least: int = 0) -> Ints:
        """Return the entries by which texts are looked up: their heaviest that do not stand in too many texts.

        One that stands in fewer than `least` of the texts at hand is no key. A text that has none, because it was sent
        by many, keeps some of its heaviest all the same.
        """
        held = self.held(self.order)
        usable = self.order[(held >= least) & (held <= COMMON)]
        usable = usable[place_in_run(self.rows[usable]) < KEYS]
        poor = np.bincount(self.rows[usable], minlength=self.count) < _LEAST_KEYS
        common = self.order[poor[self.rows[self.order]] & (held > COMMON)]
        return np.concatenate([usable, common[place_in_run(self.rows[common]) < _COMMON_KEYS]])

    def keys_by_text(self) -> list[Ints]:
        """Return the keys of each text."""
        keys = self.keys()
        keys = keys[np.argsort(self.rows[keys], kind="stable")]
        return np.split(keys, np.searchsorted(self.rows[keys], np.arange(1, self.count)))[: self.count]

    def judge(self, left: Ints, right: Ints) -> Pairs:
        """Score pairs of texts."""
        found = [self._judge(left[at : at + _BLOCK], right[at : at + _BLOCK]) for at in range(0, len(left), _BLOCK)]
        empty = np.zeros(0, np.float32)
        score, alike = (np.concatenate(column) for column in zip(*found, strict=True)) if found else [empty] * 2
        return Pairs(left, right, score, alike)

    def _judge(self, left: Ints, right: Ints) -> tuple[Floats, Floats]:
        features = self.features(left, right)
        evidence = _OFFSET + _SHARPNESS * sum(weight * features[name] for name, weight in WEIGHTS.items())
        likeness = np.maximum(features["cosine"] + _RESENT * self._same(left, right), _CUT * features["contained"])
        alike = np.where(features["conflict"] > 0, 0, np.minimum(likeness, 1))
        score = np.maximum(1 / (1 + np.exp(-evidence)), np.where(alike >= REPEATED, alike, 0))
        return score.astype(np.float32), alike.astype(np.float32)

    def _same(self, left: Ints, right: Ints) -> Flags:
        """Return which pairs are of one submitter."""
        same: Flags = (self.who[left] == self.who[right]) & (self.who[left] > 0)
        return same

    def features(self, left: Ints, right: Ints) -> dict[str, Floats]:
        """Return what pairs are judged on, each between 0 and 1 and the same whichever text comes first."""
        count = len(left)
        pair, ours, theirs = self._shared(left, right)
        found: dict[str, Any] = {"cosine": np.bincount(pair, self.weights[ours] * self.weights[theirs], count)}
        one, two = (self._telling(pair, entry) for entry in (ours, theirs))
        for name, part in _PARTS.items():
            there, back = self._covered(name, part, left, *one), self._covered(name, part, right, *two)
            found[f"{name}_least"], found[f"{name}_most"] = np.minimum(there, back), np.maximum(there, back)
        lost = [self.masses["subject"][text] * (1 - share) for text, share in ((left, there), (right, back))]
        swapped = (found["cosine"] >= _ALIKE) & (np.minimum(*lost) >= _SWAPPED)
        contradicted = np.minimum(found["proper_most"], found["number_most"]) <= _CONTRADICTED
        # who writes the same again about another name has slipped, or somebody has, in masking it
        slip = self._same(left, right) & (found["cosine"] >= _ALIKE)
        found["conflict"] = (swapped | contradicted) & ~slip
        known = (self.kinds[left] > 0) & (self.kinds[right] > 0)
        found["topic"] = np.where(known, (self.topics[left] * self.topics[right]).sum(axis=1), _UNKNOWN)
        found["contained"] = self._contained(left, right, pair, ours)
        return {name: found[name].astype(np.float32) for name in (*FEATURES, "contained")}

    def _contained(self, left: Ints, right: Ints, pair: Ints, ours: Ints) -> Floats:
        """Return which share of the rarity of the shorter text stands in the other; 0 where it says little."""
        shared = np.bincount(pair, self.rarity[ours], len(left))
        least = np.minimum(self.whole[left], self.whole[right])
        long = np.minimum(self.sizes[left], self.sizes[right]) >= _SHORT
        return np.where(long, shared / np.maximum(least, 1e-9), 0)

    def _shared(self, left: Ints, right: Ints) -> tuple[Ints, Ints, Ints]:
        """Return the bigrams that pairs share: the pair, and the entry in the left and in the right text."""
        (ours, one), (theirs, two) = self._entries(left), self._entries(right)
        at = np.searchsorted(two, one)
        hit = np.flatnonzero(np.append(two, -1)[at] == one)
        return one[hit] >> BITS, ours[hit], theirs[at[hit]]

    def _entries(self, texts: Ints) -> tuple[Ints, Ints]:
        """Return the entries of some texts one after the other, and keys that ascend: place of the text, bigram."""
        sizes = self.sizes[texts]
        begins = np.cumsum(sizes) - sizes
        nth = np.repeat(np.arange(len(texts)), sizes)
        entries = np.arange(len(nth)) + (self.starts[texts] - begins)[nth]
        return entries, nth << BITS | self.columns[entries]

    def _telling(self, pair: Ints, entry: Ints) -> tuple[Ints, Bytes, Floats]:
        """Return of the shared entries that are of some part: the pair, the parts, the rarity."""
        parts = self.parts[entry]
        own = np.flatnonzero(parts)
        return pair[own], parts[own], self.rarity[entry[own]]

    def _covered(self, name: str, part: int, text: Ints, pair: Ints, parts: Bytes, rarity: Floats) -> Floats:
        """Return which share of the rarity of a part stands in the other text, a half where there is none."""
        whole = self.masses[name][text]
        own = np.flatnonzero(parts & part)
        found = np.bincount(pair[own], rarity[own], len(text))
        return np.where(whole > 0, found / np.maximum(whole, 1e-9), 0.5)


def place_in_run(values: Ints) -> Ints:
    """Return for each of some values how many equal ones stand directly before it.

    >>> place_in_run(np.array([3, 3, 5])).tolist()
    [0, 1, 0]
    """
    where = np.arange(len(values))
    begins = np.concatenate([[True], values[1:] != values[:-1]]) if len(values) else np.zeros(0, bool)
    return where - np.maximum.accumulate(np.where(begins, where, 0))
