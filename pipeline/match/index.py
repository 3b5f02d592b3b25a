"""Matching with what came before: one text or one delivery at a time, against all that a home keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.match.background import Background
from pipeline.match.candidates import FIRST, LEAST, NEIGHBOURS, candidates, friends_of_friends
from pipeline.match.homes import Home, Kept, prints_of
from pipeline.match.issues import SAME, Ruling, group
from pipeline.match.matching import tell
from pipeline.match.pairs import COMMON, Pairs, Weighted
from pipeline.match.prints import Fingerprint, Floats, Ints, join
from pipeline.records import Duplicate

_SAMPLE = 4_000
_GROWN = 1.25
"""How common bigrams are is told from so many texts, anew when so many times as many are kept."""


@dataclass(frozen=True, slots=True)
class Near:
    """An earlier text, how sure it is of the same matter, how alike the wording is (0 where names contradict)."""

    id: str
    issue: str
    score: float
    alike: float


class Index:
    """Finds the neighbours of texts in a home, and adds texts to it.

    Parameters
    ----------
    home : where the texts are kept.
    background : how common bigrams are in general.
    """

    def __init__(self, home: Home, background: Background) -> None:
        self.home = home
        self._background = background
        self._told = 0

    def background(self, count: int | None = None) -> Background:
        """Return how common bigrams are in general and among the texts kept, as far as a sample tells.

        Parameters
        ----------
        count : how many texts are kept, where that is known.
        """
        count = self.home.count() if count is None else count
        if count > self._told * _GROWN:
            sample = prints_of(self.home.sample(_SAMPLE), 0)
            self._background, self._told = self._background.among(sample, count), count
        return self._background

    def near(self, prints: Fingerprint) -> list[Near]:
        """Return the earlier texts that may be of the same matter as one text, the surest first."""
        background = self.background()
        found = self._candidates(Weighted(prints, background))
        kept = self.home.get(found[0])
        texts = Weighted(join([prints, prints_of(kept, prints.topics.shape[1])]), background)
        pairs = texts.judge(np.zeros(len(kept), np.int64), np.arange(1, len(kept) + 1))
        order = np.lexsort((-pairs.alike, -pairs.score)).tolist()
        return [Near(kept[at].id, kept[at].issue, float(pairs.score[at]), float(pairs.alike[at])) for at in order]

    def add(self, ids: Sequence[str], prints: Fingerprint, ruling: Ruling | None = None) -> list[Duplicate]:
        """Keep a delivery of texts; return the place of each among the others and among all that came before.

        A text that was kept before stays in its issue. A delivery of one text is the common case of a service; a
        whole file in one delivery comes to what `match` says of it.
        """
        with self.home.writing():
            count = self.home.count()
            whole = count <= len(prints)
            background = self._background.among(prints) if whole else self.background(count)
            fresh = Weighted(prints, background)
            numbers = self._candidates(fresh) if count else [[] for _ in ids]
            partners = self.home.named(ruling.partners(ids)) if ruling else []
            earlier, kept = self._with_firsts({number for found in [partners, *numbers] for number in found})
            place = {number: at for at, number in enumerate(earlier)}
            across = [(place[number], len(kept) + row) for row, found in enumerate(numbers) for number in found]
            texts = Weighted(join([prints_of(kept, prints.topics.shape[1]), prints]), background)
            rank = np.append(np.arange(len(kept)), len(kept) + prints.ranks())
            pairs = _judged(texts, np.array(across, np.int64).reshape(-1, 2), fresh, rank, whole)
            names = [each.id for each in kept] + list(ids)
            known = {issue: at for at, issue in enumerate(dict.fromkeys(each.issue for each in kept))}
            settled = np.array([known[each.issue] for each in kept] + [-1] * len(ids), np.int64)
            together, apart = (ruling or Ruling()).among(names)
            anchors = group(pairs, rank, settled=settled, together=together, apart=apart)
            issues = [kept[at].issue if at < len(kept) else f"issue-{names[at]}" for at in anchors.tolist()]
            originals = {at: place[each.first] for at, each in enumerate(kept) if each.first >= 0}
            told = tell(names, issues, anchors, pairs, originals, begin=len(kept))
            before = {each.id: number for each, number in zip(kept, earlier, strict=True)}
            self._keep(ids, prints, fresh, told, before, count)
        return told

    def _candidates(self, texts: Weighted) -> list[list[int]]:
        """Return for each text the numbers of the kept texts that share heavy keys with it."""
        keys = texts.keys_by_text()
        wanted: list[int] = np.unique(texts.columns[np.concatenate(keys)]).tolist()
        under = dict(zip(wanted, self.home.find(wanted, COMMON + 1), strict=True))
        return [_best([under[key] for key in texts.columns[own].tolist()], texts.weights[own]) for own in keys]

    def _with_firsts(self, numbers: set[int]) -> tuple[list[int], list[Kept]]:
        """Return texts with those that some of them repeat: their numbers, ascending, and the texts."""
        found = dict(zip(numbers, self.home.get(list(numbers)), strict=True)) if numbers else {}
        if missing := {each.first for each in found.values() if each.first >= 0} - numbers:
            found |= zip(missing, self.home.get(list(missing)), strict=True)
        earlier = sorted(found)
        return earlier, [found[number] for number in earlier]

    def _keep(
        self,
        ids: Sequence[str],
        prints: Fingerprint,
        fresh: Weighted,
        told: Sequence[Duplicate],
        numbers: dict[str, int],
        begin: int,
    ) -> None:
        ends = np.cumsum(prints.sizes)
        numbers = numbers | {name: begin + row for row, name in enumerate(ids)}
        kept = [
            Kept(
                id=ids[row],
                issue=each.issue,
                first=numbers[each.of or ""] if each.kind == "duplicate" else -1,
                grams=prints.grams[ends[row] - prints.sizes[row] : ends[row]].tobytes(),
                topics=prints.topics[row].tobytes(),
                kind=int(prints.kinds[row]),
                who=int(prints.who[row]),
            )
            for row, each in enumerate(told)
        ]
        self.home.add(kept, [fresh.columns[own] for own in fresh.keys_by_text()], begin)


def _best(under: Sequence[Ints], weights: Floats) -> list[int]:
    """Return the numbers of the texts whose keys weigh most together; `under` holds those of each key."""
    lists = [numbers for numbers in under if len(numbers) <= COMMON]
    worth = [
        np.full(len(numbers), weight) for numbers, weight in zip(under, weights, strict=True) if len(numbers) <= COMMON
    ]
    first = [np.zeros(0, np.int64), *(numbers[:FIRST] for numbers in under if len(numbers) > COMMON)]
    if not lists:
        return _different(first)
    number, at = np.unique(np.concatenate(lists), return_inverse=True)
    value = np.bincount(at, np.concatenate(worth), len(number))
    best = np.lexsort((number, -value))[:NEIGHBOURS]
    return _different([number[best[value[best] >= LEAST]], *first])


def _judged(texts: Weighted, across: Ints, fresh: Weighted, rank: Ints, whole: bool) -> Pairs:
    """Judge the fresh texts with kept ones, with each other, and friends of friends."""
    before = texts.count - fresh.count
    left, right = candidates(fresh, rank[before:] - before, whole=whole) if fresh.count > 1 else (rank[:0], rank[:0])
    pairs = texts.judge(np.append(across[:, 0], left + before), np.append(across[:, 1], right + before))
    return pairs + texts.judge(*friends_of_friends(pairs, rank, SAME))


def _different(numbers: list[Ints]) -> list[int]:
    found: list[int] = np.unique(np.concatenate(numbers)).tolist()
    return found
