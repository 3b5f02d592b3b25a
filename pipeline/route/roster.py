"""Which members fit a matter, and who is asked: sector, speciality, nearness, load, fairness, stickiness.

How well members fit depends on the text alone. Whom it goes to depends on what they already have, so it is decided in
one pass over all matters in the order of their days (`Ledger`), never in a worker: the result is the same for any
number of processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.records import MemberChoice
from pipeline.route.ledger import ASSIST, INFORMED, LEAD, SPARE, Ledger
from pipeline.route.places import Places, pairs
from pipeline.route.specialities import Specialities, Touched
from pipeline.route.stakes import Stakes
from pipeline.route.tables import Member, Station

_LEADS, _ASSISTS = 0.4, 0.25
_NEAR, _SPECIAL = 0.2, 0.3
_LOADED, _TAKEN = 0.08, 0.2
"""The parts of the score: sector, nearness and speciality add, open load and the past year take away."""
_AGAIN = 0.1
"""What it adds to have the issue already; it decides by itself, the score only shows it."""
_TOUCHED = 0.05
"""How much of a speciality a matter must touch for a member of an assisting sector to assist."""
_PROPOSED, _ASSISTANTS = 3, 2

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ask:
    """A matter that members are asked about: all that the choice needs of it, small enough to keep for every row."""

    sector: str | None
    assist: tuple[str, ...]
    place: str | None
    touched: Touched
    barred: tuple[int, ...]
    informed: bool
    day: date | None
    due: date | None


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the score of all members is made of, for one ask."""

    base: Floats
    special: Floats
    near: Floats
    loaded: Floats
    taken: Floats

    @property
    def score(self) -> Floats:
        return self.base + self.special + self.near - self.loaded - self.taken


class Roster:
    """The members of an office, ready to be chosen from.

    Parameters
    ----------
    members : all of them; those who are not active are never chosen.
    stations : theirs, whose specialities count a part.
    places : the tree by which nearness is told.
    """

    def __init__(self, members: Sequence[Member], stations: Sequence[Station], places: Places) -> None:
        self.members = tuple(sorted((each for each in members if each.active), key=lambda each: each.id))
        self._places = places
        self._stakes = Stakes(self.members, places)
        self._capacity = np.array([float(member.capacity) for member in self.members])
        posts = {station.id: station for station in stations}
        self._spots = [
            tuple(dict.fromkeys([member.place, *(posts[name].place for name in member.stations if name in posts)]))
            for member in self.members
        ]
        self._specialities = Specialities(self.members, stations)
        self.near = lru_cache(maxsize=4096)(self._near)
        self._sector = lru_cache(maxsize=1024)(self._of_sectors)

    def read(
        self, text: str, gist: str, sector: str | None, assist: tuple[str, ...]
    ) -> tuple[Touched, tuple[int, ...]]:
        """Return what a text touches of specialities, and who of its sectors has a stake in it.

        `gist` is what the text is about in a few words: the rest says less of it.
        """
        fits = self._sector(sector, assist) > -np.inf
        barred = tuple(at for at in self._stakes.find(text, pairs(text)) if fits[at])
        return self._specialities.touched(text, gist), barred

    def _near(self, place: str | None) -> tuple[Floats, NDArray[np.int64]]:
        """Return for every member the part of the score for nearness, and the steps (-1: they do not meet)."""
        steps = np.full(len(self.members), -1, np.int64)
        for at, spots in enumerate(self._spots):
            known = [found for spot in spots if (found := self._places.distance(place, spot)) is not None]
            steps[at] = min(known, default=-1)
        return np.where(steps >= 0, _NEAR / (1 + np.maximum(steps, 0)), 0.0), steps

    def _of_sectors(self, sector: str | None, assist: tuple[str, ...]) -> Floats:
        """Return for every member the part of the score for the sector, -inf where no sector fits."""
        base = np.full(len(self.members), -np.inf)
        for at, member in enumerate(self.members):
            if sector in member.sectors:
                base[at] = _LEADS
            elif set(assist) & set(member.sectors):
                base[at] = _ASSISTS
        return base

    def _parts(self, ask: Ask, ledger: Ledger) -> _Parts:
        base = self._sector(ask.sector, ask.assist)
        free = (base > -np.inf) & ~ledger.away
        free[list(ask.barred)] = False
        loaded = ledger.open / np.maximum(self._capacity, 1.0)
        if not ask.informed:
            free &= ledger.open < self._capacity
        burden = ledger.taken / np.maximum(self._capacity, 1.0)
        mean = burden[free].mean() if free.any() else 0.0
        taken = _TAKEN * np.minimum(1.0, burden / (2 * mean)) ** 2 if ledger.fair and mean > 0 else 0 * burden
        return _Parts(
            np.where(free, base, -np.inf),
            _SPECIAL * self._specialities.fit(ask.touched),
            self.near(ask.place)[0],
            _LOADED * np.minimum(1.0, loaded),
            taken,
        )

    def choose(self, ask: Ask, ledger: Ledger, issue: str | None = None) -> tuple[MemberChoice, ...]:
        """Return the members for a matter, the lead first, and note in the ledger what they were given.

        A further voice of an issue goes to those who have it, as long as they are there; it is no further load.
        """
        ledger.advance(ask.day)
        parts = self._parts(ask, ledger)
        known = self._known(ask, ledger, issue)
        picked = known or self._pick(ask, parts)
        choices = tuple(self._explained(at, role, ask, parts, ledger, issue if known else None) for at, role in picked)
        if not known and not ask.informed:
            for at, role in picked:
                ledger.give(at, role, ask.due)
            if issue and picked:
                ledger.issues[issue] = tuple((at, role) for at, role in picked if role != SPARE)
        return choices

    def _known(self, ask: Ask, ledger: Ledger, issue: str | None) -> list[tuple[int, str]]:
        """Return who has an issue already, [] where nobody has it or its lead must not or cannot go on."""
        had = ledger.issues.get(issue or "", ())
        there = [(at, role) for at, role in had if at not in ask.barred and not ledger.away[at]]
        if not there or there[0] != had[0]:
            return []
        return [(at, INFORMED) for at, _ in there] if ask.informed else there

    def _pick(self, ask: Ask, parts: _Parts) -> list[tuple[int, str]]:
        """Return the best as lead, of assisting sectors the best whose speciality is touched, and who is next."""
        score = parts.score
        fitting = np.flatnonzero(score > -np.inf)
        order: list[int] = fitting[np.argsort(-score[fitting], kind="stable")].tolist()
        if ask.informed:
            return [(at, INFORMED) for at in order[:_PROPOSED]]
        picked = [(at, LEAD) for at in order[:1]]
        taken = set(order[:1])
        for sector in ask.assist:
            for at in order:
                if len(picked) > _ASSISTANTS or at in taken:
                    continue
                if sector in self.members[at].sectors and parts.special[at] >= _TOUCHED:
                    picked.append((at, ASSIST))
                    taken.add(at)
                    break
        return picked + [(at, SPARE) for at in order if at not in taken][: _PROPOSED - len(picked)]

    def _explained(
        self, at: int, role: str, ask: Ask, parts: _Parts, ledger: Ledger, issue: str | None
    ) -> MemberChoice:
        """Return a choice with the parts of its score as reasons."""
        member = self.members[at]
        steps = int(self.near(ask.place)[1][at])
        led = ask.sector in member.sectors
        sector = ask.sector if led else next((name for name in ask.assist if name in member.sectors), None)
        told = [
            (_AGAIN if issue else 0.0, f"同一事项（{issue}）已由其办理"),
            ((_LEADS if led else _ASSISTS) if sector else 0.0, f"界别“{sector}”{'牵头' if led else '协助'}"),
            (float(parts.special[at]), self._specialities.told(at, ask.touched)),
            (float(parts.near[at]), "就在当地" if steps == 0 else f"相距 {steps} 级"),
            (-float(parts.loaded[at]), f"在办 {ledger.open[at]:g} 件，可办 {member.capacity} 件"),
            (-float(parts.taken[at]), f"近一年已交办 {ledger.taken[at]:g} 件"),
        ]
        reasons = tuple(f"{text}（{value:+.2f}）" for value, text in told if abs(value) >= 0.005)
        score = min(1.0, max(0.0, sum(value for value, _ in told)))
        return MemberChoice(member.id, member.name, round(score, 4), reasons, role)
