"""Who takes it up: sector, committee, place and members, from tables that an office can edit.

The crosswalk gives sector and committee by topic, the place tree says where, and members are ranked by sector,
speciality and nearness. What must not go to members by itself (accusations against officials) is restricted to the
office.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.errors import InputError
from pipeline.knowledge import CORPORA, digest, split, table
from pipeline.records import MemberChoice, Route, Topic

CROSSWALK = CORPORA / "crosswalk.csv"
_DESK = "办公室"
_PROPOSED = 3
_POST = (
    "书记|支书|主任|局长|镇长|县长|区长|市长|科长|所长|站长|队长|村长|会计|校长|院长|"
    "干部|公务员|领导|官员|民警|警察|法官|城管|工作人员"
)
_WRONG = (
    "贪污|受贿|索贿|行贿|收受|收黑钱|保护费|挪用|侵吞|私吞|私分|以权谋私|徇私|枉法|滥用职权|"
    "包庇|保护伞|官商勾结|中饱私囊|吃拿卡要|索要红包"
)
_ACCUSED = re.compile(
    rf"(?:{_POST})(?:(?!没有|没|未|从不|拒绝|拒|坚决不|不)[^。！？\n]){{0,24}}?(?:{_WRONG})"
    rf"|(?:举报|控告|检举)[^。！？\n]{{0,16}}(?:{_POST})"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the crosswalk: who leads and assists for a topic."""

    sector: str | None
    assist: tuple[str, ...]
    committee: str | None
    restricted: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the office's place tree."""

    id: str
    name: str
    parent: str | None
    aliases: tuple[str, ...]


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


class Places:
    """The place tree, and recognition of its places in text.

    Parameters
    ----------
    places : the nodes; a parent that is not among them, or a circle, is refused.
    where : id → file and row of a node, for the message that refuses it.
    """

    def __init__(self, places: Sequence[Place] = (), where: Mapping[str, str] | None = None) -> None:
        self.by_id = {place.id: place for place in places}
        self._check(places, where or {})
        self._named: dict[str, list[Place]] = {}
        for place in places:
            for name in {place.name, *place.aliases}:
                if len(name) > 1:
                    self._named.setdefault(name, []).append(place)
        self._lengths = sorted({len(name) for name in self._named}, reverse=True)
        self._starts = frozenset(name[:2] for name in self._named)

    def _check(self, places: Sequence[Place], where: Mapping[str, str]) -> None:
        for place in places:
            name = f"{where.get(place.id, '')}地点“{place.name}”（{place.id}）的上级"
            seen = {place.id}
            above = place.parent
            while above is not None:
                if above not in self.by_id:
                    raise InputError(f"{name}“{above}”不在表中。请补上或改正 parent。")
                if above in seen:
                    raise InputError(f"{name}绕成了圈。请改正 parent。")
                seen.add(above)
                above = self.by_id[above].parent

    @classmethod
    def load(cls, path: Path) -> Places:
        """Return the place tree of a table with the columns id, name, parent, aliases."""
        places: dict[str, Place] = {}
        where: dict[str, str] = {}
        for line, row in table(path, "id", "name", "parent", "aliases"):
            if not row["id"] or not row["name"]:
                raise InputError(f"{path} 第 {line} 行：缺 id 或 name。")
            if row["id"] in places:
                raise InputError(f"{path} 第 {line} 行：id“{row['id']}”重复。每个地点一个 id。")
            where[row["id"]] = f"{path} 第 {line} 行："
            places[row["id"]] = Place(row["id"], row["name"], row["parent"] or None, split(row["aliases"]))
        return cls(list(places.values()), where)

    def chain(self, place_id: str | None) -> list[str]:
        """Return the ids from a place up to the root."""
        out = []
        while place_id is not None:
            out.append(place_id)
            place_id = self.by_id[place_id].parent
        return out

    def distance(self, a: str | None, b: str | None) -> int | None:
        """Return the steps between two places in the tree; None where one is unknown or they do not meet."""
        if a is None or b is None:
            return None
        up_a, up_b = self.chain(a), self.chain(b)
        for steps, place in enumerate(up_a):
            if place in up_b:
                return steps + up_b.index(place)
        return None

    def mentions(self, text: str) -> list[tuple[int, list[Place]]]:
        """Return where places are named, the longest name at each spot, with all places of that name."""
        found = []
        at, last = 0, len(text) - 1
        while at < last:
            if text[at : at + 2] in self._starts:
                for length in self._lengths:
                    named = self._named.get(text[at : at + length])
                    if named and at + length <= len(text):
                        found.append((at, named))
                        at += length - 1
                        break
            at += 1
        return found

    def recognise(self, text: str, field: str | None = None) -> Place | None:
        """Return the place that a submission is about, or None where none is named or it stays open.

        The place field counts more than the text unless this names a place inside it, a place that is named often and
        early more than a passing one; of several that lie one in the other the narrowest is taken, and a name that
        several places share counts only where others decide.
        """
        if not self._named:
            return None
        given, told = (self._decide(self.mentions(source)) if source else None for source in (field or "", text))
        if given and told and given.id in self.chain(told.id):
            return told  # the text is more precise than the field
        return given or told

    def _decide(self, mentions: list[tuple[int, list[Place]]]) -> Place | None:
        weight: dict[str, float] = {}
        certain = {named[0].id for _, named in mentions if len(named) == 1}
        for order, (_, named) in enumerate(mentions):
            if len(named) > 1:
                named = [p for p in named if certain & set(self.chain(p.id)) - {p.id}] or named
            if len(named) == 1:
                weight[named[0].id] = weight.get(named[0].id, 0.0) + 1 / (1 + 0.1 * order)
        if not weight:
            return None
        support = {place: sum(weight.get(above, 0.0) for above in self.chain(place)) for place in weight}
        best = max(support, key=lambda place: (support[place], len(self.chain(place))))
        return self.by_id[best]


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


class Router:
    """The tables of an office, ready to route by.

    Parameters
    ----------
    crosswalk, places, members, stations : see the loading functions; without members a submission goes to the desk.
    rules : hash of the tables that it was made of.
    """

    def __init__(
        self,
        crosswalk: dict[tuple[str, str], Rule],
        places: Places | None = None,
        members: Iterable[Member] = (),
        stations: Iterable[Station] = (),
        *,
        rules: str = "",
    ) -> None:
        self.crosswalk = crosswalk
        self.stations = tuple(stations)
        self.rules = rules
        self.places = places or Places()
        self.members = tuple(members)
        self._ranked = lru_cache(maxsize=4096)(self._rank)

    @classmethod
    def load(
        cls,
        *,
        rules: Path | None = None,
        places: Path | None = None,
        members: Path | None = None,
        stations: Path | None = None,
    ) -> Router:
        """Return a router from tables; the crosswalk that ships is the default.

        Raises
        ------
        InputError
            Where a table breaks a rule; the message names file, line and value.
        """
        tree = Places.load(places) if places else Places()
        crosswalk = load_crosswalk(rules or CROSSWALK)
        every = load_members(members, tree) if members else ()
        posts = load_stations(stations, tree) if stations else ()
        used = [rules or CROSSWALK, *(path for path in (places, members, stations) if path)]
        shipped = [CORPORA / "sectors.csv", CORPORA / "committees.csv", CORPORA / "priority_signals.csv"]
        return cls(crosswalk, tree, every, posts, rules=digest(*used, *shipped))

    def locate(self, text: str, field: str | None) -> str | None:
        """Return the id of the place that a submission is about."""
        place = self.places.recognise(text, field)
        return place.id if place else None

    def route(self, text: str, topic: Topic, place: str | None) -> Route:
        """Return who takes up a submission.

        Parameters
        ----------
        text : the clean text.
        topic : as classified.
        place : id of the place, from `locate`.
        """
        name = self.places.by_id[place].name if place else None
        rule = self.crosswalk.get((topic.level1 or "", topic.level2 or "")) or self.crosswalk.get(
            (topic.level1 or "", "")
        )
        if rule is None:
            return Route(None, (), None, name, (), False, (f"没有适用的规则，由{_DESK}处理",))
        if rule.restricted or _ACCUSED.search(text):
            reason = f"涉及对公职人员的反映，只到{_DESK}，不分发委员"
            return Route(rule.sector, rule.assist, rule.committee, name, (), True, (reason,))
        label = topic.level1 if topic.level2 in (None, "其他") else f"{topic.level1}/{topic.level2}"
        reasons = [f"主题“{label}”对应界别“{rule.sector}”、专委会“{rule.committee}”"]
        if name:
            reasons.append(f"文中地点：{name}")
        if station := self._nearest(place):
            reasons.append(f"最近的站点：{station.name}")
        members = self._choose(text, rule, place)
        if not members:
            reasons.append(f"没有可派的委员，由{_DESK}处理")
        return Route(rule.sector, rule.assist, rule.committee, name, members, False, tuple(reasons))

    @lru_cache(maxsize=4096)  # noqa: B019 - a router lives as long as the process
    def _nearest(self, place: str | None) -> Station | None:
        """Return the station nearest to a place, the first of those equally near."""
        steps = [
            (found, station)
            for station in self.stations
            if (found := self.places.distance(place, station.place)) is not None
        ]
        return min(steps, key=lambda each: (each[0], each[1].id))[1] if steps else None

    def _choose(self, text: str, rule: Rule, place: str | None) -> tuple[MemberChoice, ...]:
        choices = []
        for score, member, reasons in self._ranked(rule, place)[:40]:
            if member.organisation and member.organisation in text:
                continue  # the text is about the member's own organisation
            shared = _shared(member.speciality, text)
            if shared:
                score, reasons = (
                    score + min(0.3, 0.1 * len(shared)),
                    (*reasons, f"专长“{member.speciality}”与“{'、'.join(shared[:3])}”相合"),
                )
            choices.append(MemberChoice(member.id, member.name, round(min(1.0, score), 4), reasons))
        choices.sort(key=lambda choice: (-choice.score, choice.id))
        return tuple(choices[:_PROPOSED])

    def _rank(self, rule: Rule, place: str | None) -> list[tuple[float, Member, tuple[str, ...]]]:
        """Return the members of the sectors of a rule, best first, by sector and nearness alone."""
        ranked: list[tuple[float, Member, tuple[str, ...]]] = []
        for member in self.members:
            if rule.sector in member.sectors:
                score, reasons = 0.5, [f"界别“{rule.sector}”牵头"]
            elif assisting := [sector for sector in rule.assist if sector in member.sectors]:
                score, reasons = 0.3, [f"界别“{assisting[0]}”协助"]
            else:
                continue
            steps = self.places.distance(place, member.place)
            if steps is not None:
                score += 0.2 / (1 + steps)
                reasons.append("就在当地" if steps == 0 else f"相距 {steps} 级")
            ranked.append((score, member, tuple(reasons)))
        ranked.sort(key=lambda each: (-each[0], each[1].id))
        return ranked


@lru_cache(maxsize=8192)
def _bigrams(phrase: str) -> tuple[str, ...]:
    return tuple(phrase[at : at + 2] for at in range(len(phrase) - 1))


def _shared(speciality: str, text: str) -> list[str]:
    """Return the two-character pieces of a speciality that stand in the text.

    >>> _shared("道路养护", "门口道路坏了")
    ['道路']
    """
    return [piece for piece in _bigrams(speciality) if piece in text]
