"""Who takes it up: sector, committee, place, desk, deadline and members, from tables that an office can edit.

The rules come first (who must not see it, which desk, until when), then the crosswalk gives sector and committee by
topic, the place tree says where, and members are chosen by what they know, where they are and what they already have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

from pipeline.errors import InputError
from pipeline.knowledge import CORPORA, digest
from pipeline.records import Level, MemberChoice, Route, Status, Topic
from pipeline.route.ledger import LEAD, Ledger
from pipeline.route.places import NOWHERE, Places, Recognised
from pipeline.route.roster import Ask, Roster
from pipeline.route.rules import ASSIGN, INFORM, RESTRICTED, Calendar, Order, Rules, load_rules
from pipeline.route.specialities import pieces
from pipeline.route.tables import (
    Crosswalk,
    Lead,
    Lists,
    Member,
    Station,
    check_together,
    load_crosswalk,
    load_members,
    load_stations,
)

_TABLES = ("crosswalk", "rules", "holidays", "sectors", "committees")
"""What `--rules` may replace: a folder of these tables, or a file that is the crosswalk."""
_BESIDE = 0.2
"""Least probability of a second topic for its sector to assist: the matter is of two sectors then."""
_NOBODY = Lead(None, (), None, restricted=False)


def rule_tables(rules: Path | None) -> dict[str, Path]:
    """Return the path of each table that routing rests on: the office's where it has one, else the one that ships.

    Raises
    ------
    InputError
        Where the path is a folder without any of the tables.
    """
    paths = {name: CORPORA / f"{name}.csv" for name in _TABLES}
    if rules is None:
        return paths
    if not rules.is_dir():
        return paths | {"crosswalk": rules}
    own = {name: path for name in _TABLES for ending in (".csv", ".xlsx") if (path := rules / (name + ending)).exists()}
    if not own:
        raise InputError(f"{rules}：文件夹里没有规则表。应有其中之一：{'、'.join(f'{name}.csv' for name in _TABLES)}。")
    return paths | own


@dataclass(frozen=True, slots=True)
class Matter:
    """What routing needs to know of a submission."""

    text: str
    topic: Topic
    level: Level = Level.NORMAL
    status: Status = Status.TRIAGED
    place: Recognised = NOWHERE
    day: date | None = None
    keywords: tuple[str, ...] = ()
    accused: bool = False
    """Whether a part of the text is restricted by itself."""

    @property
    def gist(self) -> str:
        """What the text is about in a few words: its title and its keywords."""
        return "\n".join((self.text.partition("\n")[0][:40], *self.keywords))


class Router:
    """The tables of an office, ready to route by.

    Parameters
    ----------
    crosswalk, rules, places, members, stations : see the loading functions; without members a desk has everything.
    version : hash of the tables that it was made of.
    """

    def __init__(
        self,
        crosswalk: Crosswalk,
        rules: Rules,
        places: Places | None = None,
        members: Sequence[Member] = (),
        stations: Sequence[Station] = (),
        *,
        version: str = "",
    ) -> None:
        self.crosswalk = crosswalk
        self.rules = rules
        self.places = places or Places()
        self.members = tuple(members)
        self.stations = tuple(sorted(stations, key=lambda each: each.id))
        self.version = version
        self.roster = Roster(members, self.stations, self.places)
        self._people = {member.id: member.name for member in self.members}
        self._near = lru_cache(maxsize=4096)(self._nearest)

    @classmethod
    def load(
        cls,
        *,
        rules: Path | None = None,
        places: Path | None = None,
        members: Path | None = None,
        stations: Path | None = None,
    ) -> Router:
        """Return a router from tables; those that ship are the default.

        Raises
        ------
        InputError
            Where a table breaks a rule; the message names file, row and value.
        """
        paths = rule_tables(rules)
        lists = Lists.load(paths["sectors"], paths["committees"])
        tree = Places.load(places) if places else Places()
        crosswalk = load_crosswalk(paths["crosswalk"], lists)
        every = load_members(members, tree, lists) if members else []
        posts = load_stations(stations, tree, lists) if stations else []
        if members and stations:
            check_together(every, posts, (members, stations))
        used = [*paths.values(), *(path for path in (places, members, stations) if path)]
        version = digest(*used, CORPORA / "priority_signals.csv")
        orders = Rules(load_rules(paths["rules"]), Calendar.load(paths["holidays"]))
        return cls(crosswalk, orders, tree, every, posts, version=version)

    def locate(self, text: str, field: str | None, words: Sequence[str] = ()) -> Recognised:
        """Return the place that a submission is about; `words` are the text cut into words, where they are known."""
        return self.places.recognise(text, field, words)

    def judge(self, matter: Matter) -> tuple[Route, Ask | None]:
        """Return how a submission goes, before members: all that needs no other submission; None: it asks no member."""
        order = self.rules.order(matter.text, matter.topic, matter.level, matter.status, matter.day)
        lead = self._lead(matter.topic, matter.day)
        restricted = matter.status == Status.TRIAGED and (
            matter.accused or lead.restricted or order.members == RESTRICTED
        )
        assist, reasons = self._sectors(matter, lead, order)
        place = matter.place.place
        reasons += ["其中一件涉及对公职人员的反映，全文只到办公室"] if matter.accused else []
        reasons += [f"地点：{place.name}"] if place else []
        reasons += [f"{told}，地点待核" for told in matter.place.open]
        asks = order.members in (ASSIGN, INFORM) and not restricted and lead.sector is not None
        station = self._station(matter.text, lead.sector, place.id if place else None) if asks else None
        reasons += [self._presented(station)] if station else []
        ask = None
        if asks and self.roster.members:
            text = f"{matter.text}\n{matter.topic.level2 or ''}"
            touched, barred = self.roster.read(text, matter.gist, lead.sector, assist)
            ask = Ask(
                lead.sector, assist, place.id if place else None, touched, barred,
                informed=order.members == INFORM, day=matter.day, due=order.due,
            )  # fmt: skip
            away = "、".join(self.roster.members[at].name for at in ask.barred)
            reasons += [f"回避：{away}（本人或所在单位被提到）"] if away else []
        else:
            reasons.append(f"由{order.desk}办理")
        route = Route(
            lead.sector, assist, lead.committee, place.name if place else None, (), restricted, tuple(reasons),
            order.due.isoformat() if order.due else None, order.desk, station.name if station else None,
        )  # fmt: skip
        return route, ask

    def route(self, matter: Matter) -> Route:
        """Return who takes up a submission, as if it were the only one."""
        route, ask = self.judge(matter)
        return finish(route, self.roster.choose(ask, self.ledger())) if ask else route

    def ledger(self, *, fair: bool = True) -> Ledger:
        """Return an account of what members have before a run."""
        return Ledger(self.roster.members, fair=fair)

    def assign(
        self, asks: Sequence[Ask | None], issues: Sequence[str], ledger: Ledger | None = None
    ) -> Iterator[tuple[int, tuple[MemberChoice, ...]]]:
        """Yield the members for each submission of a run that asks for any, in the order of their days.

        Parameters
        ----------
        asks : from `judge`, in the order of arrival.
        issues : the issue of each.
        ledger : what members have; as before the run by default.
        """
        account = ledger or self.ledger()
        barred: dict[str, set[int]] = {}
        days: list[date] = []
        for ask, issue in zip(asks, issues, strict=True):
            days.append((ask.day if ask else None) or (days[-1] if days else date.min))
            if ask and ask.barred:
                barred.setdefault(issue, set()).update(ask.barred)  # whom one voice names, no voice goes to
        for index in sorted(range(len(asks)), key=lambda each: (days[each], each)):
            if (ask := asks[index]) is not None:
                stake = tuple(sorted(barred.get(issues[index], ())))
                yield index, self.roster.choose(replace(ask, barred=stake), account, issues[index])

    def _lead(self, topic: Topic, day: date | None) -> Lead:
        """Return who leads for a topic on a day: its second level's row before that of the first."""
        for key in ((topic.level1 or "", topic.level2 or ""), (topic.level1 or "", "")):
            for lead in self.crosswalk.get(key, ()):
                if lead.since is None or day is None or lead.since <= day:
                    return lead
        return _NOBODY

    def _sectors(self, matter: Matter, lead: Lead, order: Order) -> tuple[tuple[str, ...], list[str]]:
        """Return the assisting sectors, with that of a second topic of the text, and the reasons so far."""
        reasons = list(order.reasons)
        topic = matter.topic
        if topic.level1 is None or (lead.sector is None and not lead.restricted):
            return (), [*reasons, "没有适用的对照规则"] if matter.status == Status.TRIAGED else reasons
        assist = lead.assist
        if lead.sector:
            label = topic.level1 if topic.level2 in (None, "其他") else f"{topic.level1}/{topic.level2}"
            reasons.append(f"主题“{label}”对应界别“{lead.sector}”、专委会“{lead.committee}”")
            for level1, probability in topic.scores.items():
                if level1 != topic.level1 and probability >= _BESIDE:
                    other = self._lead(replace(topic, level1=level1, level2=None), matter.day).sector
                    if other and other != lead.sector and other not in assist:
                        assist = (*assist, other)
                        reasons.append(f"另涉“{level1}”（{probability:.0%}），界别“{other}”协助")
        return assist, reasons

    def _nearest(self, place: str | None) -> tuple[Station, ...]:
        """Return the stations that are nearest to a place in the tree."""
        steps = [self.places.distance(place, station.place) for station in self.stations]
        least = min((found for found in steps if found is not None), default=None)
        return tuple(
            station for station, found in zip(self.stations, steps, strict=True) if found is not None and found == least
        )

    def _station(self, text: str, sector: str | None, place: str | None) -> Station | None:
        """Return the station for a matter: nearest first, then by speciality; without a place that of the sector."""
        if place is None:
            return next((station for station in self.stations if station.sector and station.sector == sector), None)
        nearest = self._near(place)
        if len(nearest) < 2:
            return nearest[0] if nearest else None
        return max(nearest, key=lambda station: sum(piece in text for piece in pieces(station.speciality)))

    def _presented(self, station: Station) -> str:
        """Return a station with its convenors, leader and committee: whom to turn to, in this order."""
        people = (
            [f"召集人{'、'.join(self._people.get(name, name) for name in station.convenors)}"]
            if station.convenors
            else []
        )
        people += [f"联系领导{self._people.get(station.leader, station.leader)}"] if station.leader else []
        people += [f"联系专委会“{station.committee}”"] if station.committee else []
        return f"站点：{station.name}" + (f"（{'，'.join(people)}）" if people else "")


def finish(route: Route, choices: Sequence[MemberChoice]) -> Route:
    """Return a route with its members: the lead owns it, without one the desk does."""
    lead = next((choice for choice in choices if choice.role == LEAD), None)
    if lead:
        return replace(route, members=tuple(choices), owner=lead.id)
    reason = "委员只作知情" if choices else "合适的委员都在回避、缺席或已满负荷"
    reasons = (*route.reasons, f"{reason}，由{route.owner}办理")
    return replace(route, members=tuple(choices), reasons=reasons)
