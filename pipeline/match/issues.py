"""From pairs to issues: a text joins where it matches what an issue is about, not where it matches one text of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pipeline.match.pairs import Pairs
from pipeline.match.prints import Ints

SAME = 0.5
"""From this probability on two texts are taken for voices about one matter …"""
_ACROSS = 0.3
"""… and two groups of texts, where the mean of all judged pairs between them reaches this …"""
_CENTRED = 3
"""… or, from so many texts on, where the texts match that are most like the rest of their groups."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What officers decided: pairs of ids that are one issue (并案), and pairs that are not (拆分)."""

    together: tuple[tuple[str, str], ...] = ()
    apart: tuple[tuple[str, str], ...] = ()

    def partners(self, ids: Iterable[str]) -> set[str]:
        """Return the ids that are named together with some of these."""
        own = set(ids)
        return {one for pair in (*self.together, *self.apart) if own.intersection(pair) for one in pair} - own

    def among(self, ids: Iterable[str]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return both as places in a list of ids, as far as they stand in it."""
        place = {name: index for index, name in enumerate(ids)}
        return tuple(  # type: ignore[return-value]
            [(place[a], place[b]) for a, b in pairs if a in place and b in place]
            for pairs in (self.together, self.apart)
        )


class Groups:
    """Texts in groups that only ever grow together.

    Parameters
    ----------
    pairs : all judged pairs.
    rank : see `group`.
    settled : for each text the issue that it is known to belong to, or -1; two of these never become one.
    together, apart : what must and what must not be one group, whatever the pairs say.
    """

    def __init__(
        self,
        pairs: Pairs,
        rank: Ints,
        settled: Ints,
        together: Iterable[tuple[int, int]],
        apart: Iterable[tuple[int, int]],
    ) -> None:
        self.of = list(range(len(settled)))
        self.rank = rank.tolist()
        self.members: dict[int, list[int]] = {}
        self.settled = {index: issue for index, issue in enumerate(settled.tolist()) if issue >= 0}
        self.scores: dict[int, dict[int, float]] = {}
        matched = np.zeros(len(self.of), bool)
        good = pairs.score >= SAME
        matched[pairs.left[good]] = matched[pairs.right[good]] = True
        used = np.flatnonzero(matched[pairs.left] & matched[pairs.right])
        columns = (column[used].tolist() for column in (pairs.left, pairs.right, pairs.score))
        for a, b, score in zip(*columns, strict=True):
            self.scores.setdefault(a, {})[b] = score
            self.scores.setdefault(b, {})[a] = score
        self.apart: dict[int, set[int]] = {}
        for a, b in apart:
            self.apart.setdefault(a, set()).add(b)
            self.apart.setdefault(b, set()).add(a)
        first: dict[int, int] = {}
        for index, issue in self.settled.items():
            self._unite(first.setdefault(issue, index), index)
        for a, b in together:
            self._unite(a, b)

    def join(self, a: int, b: int) -> None:
        """Unite the groups of two texts that match, where the rest of the groups bears it out."""
        a, b = self.of[a], self.of[b]
        if a == b or (a in self.settled and b in self.settled):
            return
        few, many = sorted((a, b), key=lambda group: len(self._members(group)))
        if not any(self._parted(one, many) for one in self._members(few)) and self._borne_out(few, many):
            self._unite(a, b)

    def _members(self, group: int) -> list[int]:
        return self.members.get(group, [group])

    def _parted(self, text: int, group: int) -> bool:
        return any(self.of[other] == group for other in self.apart.get(text, ()))

    def _borne_out(self, few: int, many: int) -> bool:
        across = [
            score
            for one in self._members(few)
            for other, score in self.scores.get(one, {}).items()
            if self.of[other] == many
        ]
        if sum(across) >= _ACROSS * len(across):
            return True
        return len(self._members(many)) >= _CENTRED and self._score(self._centre(few), self._centre(many)) >= SAME

    def _score(self, a: int, b: int) -> float:
        return self.scores.get(a, {}).get(b, 0.0)

    def _centre(self, group: int) -> int:
        """Return the member that matches the others best, the lowest in rank where several do."""

        def match(one: int) -> tuple[float, int]:
            inside = [score for other, score in self.scores.get(one, {}).items() if self.of[other] == group]
            return sum(inside), -self.rank[one]

        return max(self._members(group), key=match)

    def _unite(self, a: int, b: int) -> None:
        a, b = sorted((self.of[a], self.of[b]))
        if a == b:
            return
        theirs = self._members(b)
        for one in theirs:
            self.of[one] = a
        self.members[a] = self._members(a) + theirs
        if b in self.settled:
            self.settled.setdefault(a, self.settled[b])


def group(
    pairs: Pairs,
    rank: Ints,
    *,
    settled: Ints | None = None,
    together: Iterable[tuple[int, int]] = (),
    apart: Iterable[tuple[int, int]] = (),
) -> Ints:
    """Return for each text the first text of its issue.

    Pairs are taken from the surest on. So that a chain A~B~C does not glue strangers, two groups become one only
    where the mean score of all judged pairs between them is high enough (average linkage), or what they are about
    matches: the text in the middle of each.

    Parameters
    ----------
    pairs : all judged pairs; those of friends of friends should be among them.
    rank : (texts,) settles which of two equally sure pairs comes first, whatever order the texts came in.
    settled, together, apart : see `Groups`.
    """
    groups = Groups(pairs, rank, np.full(len(rank), -1) if settled is None else settled, together, apart)
    good = np.flatnonzero(pairs.score >= SAME)
    one, two = rank[pairs.left[good]], rank[pairs.right[good]]
    order = good[np.lexsort((np.maximum(one, two), np.minimum(one, two), -pairs.score[good]))]
    for a, b in zip(pairs.left[order].tolist(), pairs.right[order].tolist(), strict=True):
        groups.join(a, b)
    return np.array(groups.of, np.int64)
