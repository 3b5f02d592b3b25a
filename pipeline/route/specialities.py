"""What members and their stations know (专长, 一室一特色), as pieces of two characters that a text may hold.

A piece says the more, the fewer have it: 窑炉 names its member, 管理 nobody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.route.places import pairs
from pipeline.route.tables import Member, Station

_STATION_SHARE = 0.4
"""What the speciality of a member's station counts beside the member's own."""
_PASSING = 0.4
"""What a piece counts that stands in the text, but not in what the text is about."""
_ENOUGH = 2.0
"""So many pieces that only one member has are a full fit."""
_AND = re.compile("[与和及、，,]")

Floats = NDArray[np.float64]
Touched = tuple[tuple[int, ...], tuple[int, ...]]
"""The pieces that stand in what a text is about, and those that stand elsewhere in it."""


@lru_cache(maxsize=8192)
def pieces(speciality: str) -> tuple[str, ...]:
    """Return the two-character pieces of a speciality, none across "与" or "和".

    >>> pieces("道路养护与公交")
    ('道路', '路养', '养护', '公交')
    """
    parts = _AND.split(speciality)
    return tuple(dict.fromkeys(part[at : at + 2] for part in parts for at in range(len(part) - 1)))


class Specialities:
    """The specialities of all members, ready to be looked up in a text.

    Parameters
    ----------
    members : in the order by which they are known.
    stations : whose specialities count a part for their members.
    """

    def __init__(self, members: Sequence[Member], stations: Sequence[Station]) -> None:
        self.members = members
        known = {station.id: pieces(station.speciality) for station in stations}
        own: dict[str, list[int]] = {}
        beside: dict[str, list[int]] = {}
        for at, member in enumerate(members):
            mine = pieces(member.speciality)
            theirs = {piece for name in member.stations for piece in known.get(name, ())} - set(mine)
            for piece in mine:
                own.setdefault(piece, []).append(at)
            for piece in theirs:
                beside.setdefault(piece, []).append(at)
        self._names = sorted({*own, *beside})
        self._numbers = {piece: number for number, piece in enumerate(self._names)}
        self._vocabulary = frozenset(self._names)
        self._known = [_weighed(own.get(piece, []), beside.get(piece, [])) for piece in self._names]

    def touched(self, text: str, gist: str) -> Touched:
        """Return which pieces stand in a text; `gist` is what it is about in a few words."""
        core = self._vocabulary & pairs(gist)
        passing = (self._vocabulary & pairs(text)) - core
        number = self._numbers
        return tuple(sorted(number[piece] for piece in core)), tuple(sorted(number[piece] for piece in passing))

    def fit(self, touched: Touched) -> Floats:
        """Return for every member how well their speciality fits, from 0 to 1."""
        total = np.zeros(len(self.members))
        for found, share in zip(touched, (1.0, _PASSING), strict=True):
            for number in found:
                who, weight = self._known[number]
                total[who] += weight * share
        return np.minimum(1.0, total / _ENOUGH)

    def told(self, at: int, touched: Touched) -> str:
        """Return what of a member's speciality, or of their stations', a text touches."""
        own = pieces(self.members[at].speciality)
        shared = [self._names[number] for found in touched for number in found if at in self._known[number][0]]
        mine = [piece for piece in shared if piece in own]
        if mine:
            return f"专长“{self.members[at].speciality}”与“{'、'.join(mine[:3])}”相合"
        return f"所在站点的专长与“{'、'.join(shared[:3])}”相合"


def _weighed(own: Sequence[int], beside: Sequence[int]) -> tuple[NDArray[np.int64], Floats]:
    """Return who has a piece, and how much it says of each."""
    weights = [max(1, len(own)) ** -0.5] * len(own) + [_STATION_SHARE * max(1, len(beside)) ** -0.5] * len(beside)
    return np.array([*own, *beside], np.int64), np.array(weights, np.float64)
