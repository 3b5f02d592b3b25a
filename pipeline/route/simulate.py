"""What a run does to an office: who gets how much, which sector is overloaded, which grid has no member."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.records import MemberChoice
from pipeline.route.ledger import ASSIST, INFORMED, LEAD
from pipeline.route.roster import Ask
from pipeline.route.router import Router

_GRIDS = ("村", "社区", "居委会", "网格", "小组")
_FULL = 0.8
"""A sector is overloaded where so much of its members' capacity was in use at once, or a matter found nobody."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one member got of a run, by role."""

    id: str
    name: str
    sectors: tuple[str, ...]
    capacity: int
    lead: int
    assist: int
    informed: int


@dataclass(frozen=True, slots=True)
class Demand:
    """What was asked of a sector: the matters, its members, their capacity, how full it was."""

    sector: str
    matters: int
    members: int
    capacity: int
    peak: float
    unserved: int
    overloaded: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """Who can be reached where: grids without a member or a station of one, members without a station."""

    grids: int
    empty: tuple[str, ...]
    alone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """How the leads of a run are spread: over the office, and on average among members of the same leading sectors."""

    shares: tuple[Share, ...]
    gini: float
    within: float


def gini(values: Sequence[float]) -> float:
    """Return the Gini coefficient: 0 where all have the same, near 1 where one has all.

    >>> gini([3, 3, 3]), gini([0, 0, 0, 4])
    (0.0, 0.75)
    """
    ordered = np.sort(np.asarray(values, float))
    total = ordered.sum()
    if not total:
        return 0.0
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * ranks - len(ordered) - 1) @ ordered / (len(ordered) * total))


def spread(router: Router, asks: Sequence[Ask | None], issues: Sequence[str], *, fair: bool = True) -> Spread:
    """Return how a run is spread; a further voice of an issue is no further matter. Without `fair`: for comparison."""
    got: dict[str, Counter[str]] = {}
    seen: set[str] = set()
    for index, choices in router.assign(asks, issues, router.ledger(fair=fair)):
        if issues[index] in seen and not _informed(choices):
            continue
        seen.add(issues[index])
        for choice in choices:
            got.setdefault(choice.id, Counter())[choice.role] += 1
    shares = []
    for member in router.roster.members:
        roles = got.get(member.id, Counter())
        shares.append(
            Share(member.id, member.name, member.sectors, member.capacity, roles[LEAD], roles[ASSIST], roles[INFORMED])
        )
    leading = {lead.sector for rows in router.crosswalk.values() for lead in rows if lead.sector}
    groups: dict[tuple[str, ...], list[float]] = {}
    for share in shares:
        same = tuple(sorted(leading & set(share.sectors)))
        groups.setdefault(same, []).append(share.lead / max(1, share.capacity))
    sized = [(len(loads), gini(loads)) for loads in groups.values() if len(loads) > 1 and any(loads)]
    within = sum(size * each for size, each in sized) / max(1, sum(size for size, _ in sized))
    return Spread(tuple(shares), gini([share.lead for share in shares]), within)


def _informed(choices: Sequence[MemberChoice]) -> bool:
    return bool(choices) and choices[0].role == INFORMED


def demand(router: Router, asks: Sequence[Ask | None], issues: Sequence[str]) -> list[Demand]:
    """Return what a run asks of each sector, the busiest first."""
    matters: Counter[str] = Counter()
    unserved: Counter[str] = Counter()
    seen: set[str] = set()
    peak: Counter[str] = Counter()
    members = router.roster.members
    of = {
        sector: [at for at, member in enumerate(members) if sector in member.sectors]
        for sector in {ask.sector for ask in asks if ask}
    }
    ledger = router.ledger()
    for index, choices in router.assign(asks, issues, ledger):
        ask = asks[index]
        if ask is None or ask.sector is None or issues[index] in seen:
            continue
        seen.add(issues[index])
        matters[ask.sector] += 1
        unserved[ask.sector] += not choices
        peak[ask.sector] = max(peak[ask.sector], int(ledger.open[of[ask.sector]].sum()))
    found = []
    for sector, count in matters.most_common():
        room = sum(members[at].capacity for at in of[sector])
        full = peak[sector] / max(1, room)
        over = unserved[sector] > 0 or full >= _FULL
        found.append(Demand(sector, count, len(of[sector]), room, full, unserved[sector], over))
    return found


def coverage(router: Router) -> Coverage:
    """Return which villages and communities have no member of their own, nor one at a station there."""
    places = router.places
    posts = {station.id: station.place for station in router.stations}
    held: set[str] = set()
    for member in router.roster.members:
        for spot in (member.place, *(posts[name] for name in member.stations if name in posts)):
            held.update(places.chain(spot))
    named = {place.id for place in places.by_id.values() if place.name.endswith(_GRIDS)}
    grids = [places.by_id[name] for name in named if not named & set(places.chain(name)[1:])]
    empty = tuple(_full(router, place.id) for place in sorted(grids, key=lambda each: each.id) if place.id not in held)
    alone = tuple(member.name for member in router.roster.members if router.stations and not member.stations)
    return Coverage(len(grids), empty, alone)


def _full(router: Router, place: str) -> str:
    chain = router.places.chain(place)
    return "".join(router.places.by_id[each].name for each in reversed(chain[:2]))
