"""The tables of an office: crosswalk, members and stations, each checked against the others.

A broken table is refused as a whole, with every fault named by file, row and value, so that it is mended at one go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pipeline.knowledge import CORPORA, split, table
from pipeline.route.faults import Faults
from pipeline.route.places import Places

CROSSWALK = CORPORA / "crosswalk.csv"
KINDS = ("区域", "界别", "特色", "个人")
"""What a station (委员工作室, 议事室, 联络站) is made for."""
_CAPACITY = 5
"""Matters that a member can have at once where the table does not say."""


@dataclass(frozen=True, slots=True)
class Lead:
    """A row of the crosswalk: who leads and assists for a topic, from a day on."""

    sector: str | None
    assist: tuple[str, ...]
    committee: str | None
    restricted: bool
    since: date | None = None


Crosswalk = Mapping[tuple[str, str], tuple[Lead, ...]]
"""(level 1, level 2) → its rows, the latest first; "" as second level stands for all of them."""


@dataclass(frozen=True, slots=True)
class Station:
    """Where members receive the public: 委员工作室, 议事室, 联络站 and the like."""

    id: str
    name: str
    place: str
    kind: str = ""
    sector: str = ""
    speciality: str = ""
    convenors: tuple[str, ...] = ()
    leader: str = ""
    committee: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Member:
    """A member (委员) who can take things up.

    `open` and `taken` are the matters in hand and those of the past year, `stakes` names of what they must not judge.
    """

    id: str
    name: str
    sectors: tuple[str, ...]
    place: str | None
    speciality: str
    organisation: str
    stations: tuple[str, ...] = ()
    capacity: int = _CAPACITY
    absences: tuple[tuple[date, date], ...] = ()
    active: bool = True
    open: int = 0
    taken: int = 0
    stakes: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Lists:
    """The sectors and committees of an office: the national ones that ship, or its own."""

    sectors: tuple[str, ...]
    committees: tuple[str, ...]
    where: tuple[str, str] = ("corpora/sectors.csv", "corpora/committees.csv")

    @classmethod
    def load(cls, sectors: Path = CORPORA / "sectors.csv", committees: Path = CORPORA / "committees.csv") -> Lists:
        """Return the names of two tables with the column name."""
        names, shown = [], []
        for path in (sectors, committees):
            names.append(tuple(row["name"] for row in Faults(path).rows("name")))
            shown.append(str(path.relative_to(CORPORA.parent) if path.is_relative_to(CORPORA) else path))
        return cls(names[0], names[1], (shown[0], shown[1]))


def load_crosswalk(path: Path = CROSSWALK, lists: Lists | None = None) -> Crosswalk:
    """Return who leads by first and second level; the columns valid_from, editor and note keep its history."""
    lists = lists or Lists.load()
    topics = {(row["level1"], row["level2"]) for _, row in table(CORPORA / "topics.csv", "level1", "level2")}
    topics |= {(first, "") for first, _ in topics}
    faults = Faults(path)
    rules: dict[tuple[str, str], list[Lead]] = {}
    for row in faults.rows("level1", "level2", "sector", "assist", "committee", "restricted"):
        topic = (row["level1"], row["level2"])
        if topic not in topics:
            named = "/".join(part for part in topic if part) or "（空）"
            faults.add(f"没有主题“{named}”。主题见 corpora/topics.csv。")
        assist = split(row["assist"])
        faults.known([name for name in (row["sector"], *assist) if name], lists.sectors, "界别", lists.where[0])
        faults.known([row["committee"]] if row["committee"] else [], lists.committees, "专委会", lists.where[1])
        since = faults.day(row.get("valid_from", ""), "valid_from")
        restricted = faults.yes(row["restricted"], "restricted", default=False)
        if any(other.since == since for other in rules.get(topic, ())):
            faults.add("同一主题、同一生效日期有两行。请只留一行，或给出不同的 valid_from。")
        rules.setdefault(topic, []).append(
            Lead(row["sector"] or None, assist, row["committee"] or None, restricted, since)
        )
    faults.check()
    return {topic: tuple(sorted(rows, key=latest_first)) for topic, rows in rules.items()}


def latest_first(row: Lead) -> int:
    """Return a key that sorts rows with `since`, the latest first."""
    return -(row.since or date.min).toordinal()


def _absences(cell: str, faults: Faults) -> tuple[tuple[date, date], ...]:
    found = []
    for span in split(cell):
        begin, sign, end = span.partition("..")
        first, last = faults.day(begin.strip(), "absences"), faults.day(end.strip(), "absences")
        if not sign or not begin or not end:
            faults.add(f"absences 里的“{span}”应写成 2026-03-07..2026-03-20，多段用 | 隔开。")
        elif first and last and first > last:
            faults.add(f"absences 里的“{span}”先后颠倒。请把较早的日期写在前面。")
        elif first and last:
            found.append((first, last))
    return tuple(found)


def _check_place(place: str, places: Places, faults: Faults) -> None:
    if place and place not in places.by_id:
        faults.add(f"地点“{place}”不在地点表中。请改正，或用 --places 给出地点表。")
    elif not place and places.by_id:
        faults.add("没有地点。请填 place；负责全域的填最上级的地点。")


def load_members(path: Path, places: Places, lists: Lists | None = None) -> list[Member]:
    """Return the members of a table, also those who are not active; sectors and places are checked."""
    lists = lists or Lists.load()
    faults = Faults(path)
    members = []
    for row in faults.rows("id", "name", "sectors", "place", "speciality", "organisation", "active"):
        sectors = split(row["sectors"])
        faults.known(sectors, lists.sectors, "界别", lists.where[0])
        if not sectors:
            faults.add("没有界别。请填 sectors，多个用 | 隔开。")
        _check_place(row["place"], places, faults)
        capacity, opened, taken = (
            faults.number(row.get(column, ""), column, default)
            for column, default in (("capacity", _CAPACITY), ("open", 0), ("taken", 0))
        )
        members.append(
            Member(
                row["id"], row["name"], sectors, row["place"] or None, row["speciality"], row["organisation"],
                split(row.get("stations", "")), capacity, _absences(row.get("absences", ""), faults),
                faults.yes(row["active"], "active", default=True), opened, taken,
                split(row.get("stakes", "")), faults.line,
            )
        )  # fmt: skip
    faults.check()
    return members


def load_stations(path: Path, places: Places, lists: Lists | None = None) -> list[Station]:
    """Return the stations of a table; their places are checked against the place tree."""
    lists = lists or Lists.load()
    faults = Faults(path)
    stations = []
    for row in faults.rows("id", "name", "place"):
        _check_place(row["place"], places, faults)
        kind, sector, committee, convenors = (
            row.get(name, "") for name in ("kind", "sector", "committee", "convenors")
        )
        faults.known([kind] if kind else [], KINDS, "类型", "、".join(KINDS))
        faults.known([sector] if sector else [], lists.sectors, "界别", lists.where[0])
        faults.known([committee] if committee else [], lists.committees, "专委会", lists.where[1])
        if len(split(convenors)) > 2:
            faults.add(f"convenors 有 {len(split(convenors))} 位。一个站点一至两位召集人，按先后用 | 隔开。")
        stations.append(
            Station(
                row["id"], row["name"], row["place"], kind, sector, row.get("speciality", ""), split(convenors),
                row.get("leader", ""), committee, faults.line,
            )
        )  # fmt: skip
    faults.check()
    return stations


def check_together(members: Sequence[Member], stations: Sequence[Station], paths: tuple[Path, Path]) -> None:
    """Raise `InputError` where members and stations name each other wrongly."""
    people = {member.id: member for member in members}
    posts = {station.id for station in stations}
    ours, theirs = Faults(paths[0]), Faults(paths[1])
    for member in members:
        for name in member.stations:
            if name not in posts:
                ours.add(f"站点“{name}”不在站点表 {paths[1]} 中。请改正 stations。", member.line, member.name)
    for station in stations:
        for role, names in (("召集人", station.convenors), ("联系领导", (station.leader,) if station.leader else ())):
            for name in names:
                if name not in people:
                    theirs.add(f"{role}“{name}”不在委员表 {paths[0]} 中。请改正。", station.line, station.name)
                elif not people[name].active:
                    theirs.add(f"{role}“{people[name].name}”（{name}）已不在任。请换一位。", station.line, station.name)
    ours.told += theirs.told
    ours.check()
