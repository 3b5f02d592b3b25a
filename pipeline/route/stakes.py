"""Conflict of interest: whether a text speaks of a member, or of the organisation that a member belongs to.

Nobody is asked to judge their own house, so any mention counts, also by a short form: the alias of a place that is the
organisation (县医院), its name without the county before it and the legal form behind it (坚磐商砼), or its first two
characters before a word for a firm (坚磐公司, 坚磐搅拌站). What a member declared (`stakes`: 公交公司) counts as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.route.places import Places
from pipeline.route.tables import Member

_LEGAL = re.compile(r"(?:股份有限公司|有限责任公司|有限公司|集团公司|集团|公司|合作社|事务所|服务部|工作室)$")
_FIRM = r"[\u4e00-\u9fff]{0,4}?(?:公司|集团|企业|厂|店|站|场|社|行|馆|中心|老板|负责人)"


class Names:
    """The names of all places: what an organisation may begin with, and what else a place is called.

    Parameters
    ----------
    places : of the office.
    """

    def __init__(self, places: Places) -> None:
        self.called: dict[str, list[str]] = {}
        for place in places.by_id.values():
            self.called.setdefault(place.name, []).extend((place.name, *place.aliases))
        self._all = {name for names in self.called.values() for name in names if len(name) > 1}

    def core(self, organisation: str) -> str:
        """Return the name of an organisation without the place that it begins with."""
        for end in range(len(organisation) - 4, 1, -1):
            if organisation[:end] in self._all:
                return organisation[end:]
        return organisation


def patterns(member: Member, names: Names) -> list[str]:
    """Return patterns of how a text may name a member or the member's organisation.

    >>> member = Member("1", "沈一", ("经济",), None, "", "坚磐商砼有限公司")
    >>> bool(re.search("|".join(patterns(member, Names(Places()))), "坚磐搅拌站夜里不停"))
    True
    """
    found = [re.escape(name) for name in (member.name, *member.stakes) if len(name) > 1]
    if not member.organisation:
        return found
    core = names.core(member.organisation)
    firm = _LEGAL.sub("", core)
    found += [re.escape(name) for name in (member.organisation, core) if len(name) > 3]
    found += [re.escape(name) for name in names.called.get(member.organisation, ())]
    if firm != core and len(firm) > 3:
        found += [re.escape(firm), re.escape(firm[:2]) + _FIRM]
    return found


class Stakes:
    """The organisations and names of all members, looked up in a text at once.

    Parameters
    ----------
    members, places : of the office.
    """

    def __init__(self, members: Sequence[Member], places: Places) -> None:
        names = Names(places)
        self._starts: dict[str, list[tuple[int, re.Pattern[str]]]] = {}
        for at, member in enumerate(members):
            for pattern in dict.fromkeys(patterns(member, names)):
                start = re.sub(r"\\", "", pattern)[:2]
                self._starts.setdefault(start, []).append((at, re.compile(pattern)))
        self._begins = frozenset(self._starts)

    def find(self, text: str, pairs: set[str]) -> tuple[int, ...]:
        """Return which members a text speaks of; `pairs` are all pairs of neighbouring characters of the text."""
        held = {at for start in self._begins & pairs for at, pattern in self._starts[start] if pattern.search(text)}
        return tuple(sorted(held))
