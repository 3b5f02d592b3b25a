"""From pairs to issues: a text joins where it matches what an issue is about, not where it matches one text of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from pipeline.match.pairs import Pairs
from pipeline.match.prints import Ints

SAME = 0.5
"""From this probability on two texts are taken for voices about one matter …"""
_ACROSS = 0.3
"""… and two groups of texts, where the mean of all judged pairs between them reaches this …"""
_CENTRED = 3
"""… or, from so many texts on, where the texts match that are most like the rest of their groups."""
_WHOLE = 1 << 20


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

    Scores are counted in whole numbers, so that no sum depends on the order of what is summed. A union costs what the
    smaller group has, so that an issue of thousands of texts takes no more for each than one of ten.

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
        self.scores = _both_ways(pairs, len(settled))
        self.members: dict[int, list[int]] = {}
        self.inside: dict[int, int] = {}
        self.centres: dict[int, int] = {}
        self.refused: set[tuple[int, int, int, int]] = set()
        self.settled = {index: issue for index, issue in enumerate(settled.tolist()) if issue >= 0}
        self.apart: dict[int, set[int]] = {}
        for a, b in apart:
            self.apart.setdefault(a, set()).add(b)
            self.apart.setdefault(b, set()).add(a)
        first: dict[int, int] = {}
        for index, issue in list(self.settled.items()):
            self._unite(first.setdefault(issue, index), index)
        for a, b in together:
            self._unite(a, b)

    def join(self, a: int, b: int) -> None:
        """Unite the groups of two texts that match, where the rest of the groups bears it out."""
        few, many = sorted((self.of[a], self.of[b]), key=lambda group: (len(self._members(group)), group))
        if few == many or (few in self.settled and many in self.settled):
            return
        state = few, len(self._members(few)), many, len(self._members(many))
        if state in self.refused:
            return
        if not any(self._parted(one, many) for one in self._members(few)) and self._borne_out(few, many):
            self._unite(few, many)
        else:
            self.refused.add(state)

    def firsts(self) -> Ints:
        """Return for each text the first text of its group."""
        of = np.array(self.of, np.int64)
        first = np.full(len(of), len(of), np.int64)
        np.minimum.at(first, of, np.arange(len(of)))
        return first[of]

    def _members(self, group: int) -> list[int]:
        return self.members.get(group) or [group]

    def _parted(self, text: int, group: int) -> bool:
        return any(self.of[other] == group for other in self.apart.get(text, ()))

    def _near(self, text: int) -> Iterator[tuple[int, int]]:
        """Return the texts that one was judged with, and the scores."""
        begin, end = self.scores.indptr[text : text + 2]
        return zip(self.scores.indices[begin:end].tolist(), self.scores.data[begin:end].tolist(), strict=True)

    def _borne_out(self, few: int, many: int) -> bool:
        across = [score for one in self._members(few) for other, score in self._near(one) if self.of[other] == many]
        if sum(across) >= _ACROSS * _WHOLE * len(across):
            return True
        if len(self._members(many)) < _CENTRED:
            return False
        centre = self.centres.get(many, many)
        return any(
            other == centre and score >= SAME * _WHOLE for other, score in self._near(self.centres.get(few, few))
        )

    def _unite(self, a: int, b: int) -> None:
        few, many = sorted((self.of[a], self.of[b]), key=lambda group: (len(self._members(group)), group))
        if few == many:
            return
        heads = {self.centres.pop(few, few), self.centres.get(many, many)}
        for one in self._members(few):
            for other, score in self._near(one):
                if self.of[other] == many:
                    for text in (one, other):
                        self.inside[text] = self.inside.get(text, 0) + score
                    heads.update((one, other))
        # the text that matches the others of its group best, the lowest in rank where several do
        self.centres[many] = max(heads, key=lambda text: (self.inside.get(text, 0), -self.rank[text]))
        theirs = self.members.pop(few, [few])
        for one in theirs:
            self.of[one] = many
        self.members.setdefault(many, [many]).extend(theirs)
        if few in self.settled:
            self.settled.setdefault(many, self.settled.pop(few))


def _both_ways(pairs: Pairs, count: int) -> sp.csr_matrix:
    """Return the scores of pairs of texts that both match some text, under either of them."""
    matched = np.zeros(count, bool)
    good = pairs.score >= SAME
    matched[pairs.left[good]] = matched[pairs.right[good]] = True
    used = np.flatnonzero(matched[pairs.left] & matched[pairs.right])
    left, right = pairs.left[used].astype(np.int32), pairs.right[used].astype(np.int32)
    score = np.rint(pairs.score[used] * _WHOLE).astype(np.int32)
    scores = sp.coo_matrix((score, (left, right)), (count, count)).tocsr()
    return (scores + scores.T).tocsr()


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
    return groups.firsts()
