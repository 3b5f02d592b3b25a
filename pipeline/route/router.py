"""Who takes it up: sector, committee, place and members, from tables that an office can edit.

The crosswalk gives sector and committee by topic, the place tree says where, and members are ranked by sector,
speciality and nearness. What must not go to members by itself (accusations against officials) is restricted to the
office.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from pipeline.knowledge import CORPORA, digest
from pipeline.records import MemberChoice, Route, Topic
from pipeline.route.places import Places
from pipeline.route.tables import CROSSWALK, Member, Rule, Station, load_crosswalk, load_members, load_stations

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
_WRONGED = re.compile(_WRONG)
_REPORTED = re.compile(rf"(?:举报|控告|检举)[^。！？\n]{{0,16}}(?:{_POST})")
_ACCUSED = re.compile(rf"(?:{_POST})(?:(?!没有|没|未|从不|拒绝|拒|坚决不|不)[^。！？\n]){{0,24}}?(?:{_WRONG})")


def _accuses(text: str) -> bool:
    """Whether a text accuses somebody in office; the costly pattern is tried where a wrong is named at all."""
    return bool(_REPORTED.search(text) or (_WRONGED.search(text) and _ACCUSED.search(text)))


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
        if rule.restricted or _accuses(text):
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
