"""The tables of an office: crosswalk, members and stations, each checked against the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.knowledge import CORPORA, split, table
from pipeline.route.places import Places

CROSSWALK = CORPORA / "crosswalk.csv"


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the crosswalk: who leads and assists for a topic."""

    sector: str | None
    assist: tuple[str, ...]
    committee: str | None
    restricted: bool


@dataclass(frozen=True, slots=True)
class Station:
    """Where members receive the public: 委员工作室, 议事室, 联络站 and the like."""

    id: str
    name: str
    place: str


@dataclass(frozen=True, slots=True)
class Member:
    """A member (委员) who can take things up."""

    id: str
    name: str
    sectors: tuple[str, ...]
    place: str | None
    speciality: str
    organisation: str


def load_crosswalk(path: Path = CROSSWALK) -> dict[tuple[str, str], Rule]:
    """Return the rules by first and second level; "" as second level stands for all of them."""
    sectors = {row["name"] for _, row in table(CORPORA / "sectors.csv", "name")}
    committees = {row["name"] for _, row in table(CORPORA / "committees.csv", "name")}
    topics = {(row["level1"], row["level2"]) for _, row in table(CORPORA / "topics.csv", "level1", "level2")}
    topics |= {(first, "") for first, _ in topics}
    rules = {}
    for line, row in table(path, "level1", "level2", "sector", "assist", "committee", "restricted"):
        if (row["level1"], row["level2"]) not in topics:
            topic = "/".join(part for part in (row["level1"], row["level2"]) if part) or "（空）"
            raise InputError(f"{path} 第 {line} 行：没有主题“{topic}”。主题见 corpora/topics.csv。")
        for name in (row["sector"], *split(row["assist"])):
            if name and name not in sectors:
                raise InputError(f"{path} 第 {line} 行：没有界别“{name}”。界别见 corpora/sectors.csv。")
        if row["committee"] and row["committee"] not in committees:
            raise InputError(f"{path} 第 {line} 行：没有专委会“{row['committee']}”。专委会见 corpora/committees.csv。")
        rules[row["level1"], row["level2"]] = Rule(
            row["sector"] or None, split(row["assist"]), row["committee"] or None, row["restricted"] == "1"
        )
    return rules


def load_members(path: Path, places: Places) -> list[Member]:
    """Return the active members of a table; sectors and places are checked against the other tables."""
    sectors = {row["name"] for _, row in table(CORPORA / "sectors.csv", "name")}
    members: dict[str, Member] = {}
    required = ("id", "name", "sectors", "place", "speciality", "organisation", "active")
    for line, row in table(path, *required):
        where = f"{path} 第 {line} 行（{row['name'] or row['id'] or '无名'}）"
        if not row["id"] or not row["name"]:
            raise InputError(f"{where}：缺 id 或 name。")
        if row["id"] in members:
            raise InputError(f"{where}：id“{row['id']}”重复。每位委员一个 id。")
        for sector in split(row["sectors"]):
            if sector not in sectors:
                raise InputError(f"{where}：没有界别“{sector}”。界别见 corpora/sectors.csv。")
        if row["place"] and row["place"] not in places.by_id:
            raise InputError(f"{where}：地点“{row['place']}”不在地点表中。请改正，或用 --places 给出地点表。")
        members[row["id"]] = Member(
            row["id"], row["name"], split(row["sectors"]), row["place"] or None, row["speciality"], row["organisation"]
        )
        if row["active"].lower() in ("0", "否", "false", "no"):
            members[row["id"]] = Member(row["id"], row["name"], (), None, "", "")
    return [member for member in members.values() if member.sectors]


def load_stations(path: Path, places: Places) -> list[Station]:
    """Return the stations of a table; their places are checked against the place tree."""
    stations: dict[str, Station] = {}
    for line, row in table(path, "id", "name", "place"):
        where = f"{path} 第 {line} 行（{row['name'] or row['id'] or '无名'}）"
        if not row["id"] or not row["name"]:
            raise InputError(f"{where}：缺 id 或 name。")
        if row["id"] in stations:
            raise InputError(f"{where}：id“{row['id']}”重复。每个站点一个 id。")
        if row["place"] not in places.by_id:
            raise InputError(f"{where}：地点“{row['place']}”不在地点表中。请改正，或用 --places 给出地点表。")
        stations[row["id"]] = Station(row["id"], row["name"], row["place"])
    return list(stations.values())
