"""The place tree of an office, and recognition of its places in text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import add
from pathlib import Path

from pipeline.errors import InputError
from pipeline.knowledge import split
from pipeline.route.faults import Faults

_FAMILIES = (
    ("街道办事处", "街道办", "街道", "街办", "办事处", "公社", "镇", "乡"),
    ("社区居委会", "居委会", "村委会", "行政村", "社区", "大队", "村"),
)
"""Endings that people take for one another: the commune that is a town now, the village that is a community."""
_WHOLE = 4
"""Characters that a name must keep without the county before it."""
_BARE = ("自治县", "县", "区", "市")
_ROADS = ("路", "街", "大道", "大街", "巷", "公路")
_WORKS = ("上班", "上夜班", "上白班", "工作", "打工", "上学", "读书", "值班")
"""What follows a place where the writer works or learns, which is seldom what the letter is about."""
_ELSEWHERE = "省市县区"
_PASSING = 0.3
"""How much a place says that a road is called after, or where the writer works, beside one that is named itself."""


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the office's place tree."""

    id: str
    name: str
    parent: str | None
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """A place that is named in a text: the span, and all places of that name.

    A loose mention is a short form that the table does not hold (`桃溪` of 桃溪镇): it counts beside a relative only.
    """

    start: int
    end: int
    named: tuple[Place, ...]
    loose: bool = False
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Recognised:
    """The place that a submission is about, and the names of several places that nothing decided between."""

    place: Place | None
    open: tuple[str, ...] = ()


NOWHERE = Recognised(None)


class Places:
    """The place tree, and recognition of its places in text.

    Parameters
    ----------
    places : the nodes; a parent that is not among them, or a circle, is refused.
    where : id → file and row of a node, for the message that refuses it.
    """

    def __init__(self, places: Sequence[Place] = (), where: Mapping[str, str] | None = None) -> None:
        self.by_id = {place.id: place for place in places}
        self._chains = self._climb(places, where or {})
        names: dict[str, list[Place]] = {}
        forms: dict[str, list[Place]] = {}
        bare: set[str] = set()
        for place in places:
            for name in {place.name, *place.aliases}:
                if len(name) > 1:
                    names.setdefault(name, []).append(place)
        for place in places:
            for name, stem in (*_forms(place.name), *self._without_above(place)):
                if name not in names:
                    forms.setdefault(name, []).append(place)
                    bare |= {name} if stem else set()
        self._names = {name: (tuple(named), name in bare) for name, named in (names | forms).items()}
        self._lengths = sorted({len(name) for name in self._names}, reverse=True)
        self._starts = frozenset(name[:2] for name in self._names)

    def _climb(self, places: Sequence[Place], where: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """Return the ids from each place up to the root."""
        chains = {}
        for place in places:
            name = f"{where.get(place.id, '')}地点“{place.name}”（{place.id}）的上级"
            seen = [place.id]
            above = place.parent
            while above is not None:
                if above not in self.by_id:
                    raise InputError(f"{name}“{above}”不在表中。请补上或改正 parent。")
                if above in seen:
                    raise InputError(f"{name}绕成了圈。请改正 parent。")
                seen.append(above)
                above = self.by_id[above].parent
            chains[place.id] = tuple(seen)
        return chains

    def _without_above(self, place: Place) -> Iterator[tuple[str, bool]]:
        """Yield the name of a place without the name of a place above it: 政务服务中心 of 清屏县政务服务中心."""
        for above in self._chains[place.id][1:]:
            for name in (self.by_id[above].name, *self.by_id[above].aliases):
                if place.name.startswith(name) and len(place.name) - len(name) >= _WHOLE:
                    yield place.name[len(name) :], False

    @classmethod
    def load(cls, path: Path) -> Places:
        """Return the place tree of a table with the columns id, name, parent, aliases."""
        faults = Faults(path)
        places, where = [], {}
        for row in faults.rows("id", "name", "parent", "aliases"):
            where[row["id"]] = f"{path} 第 {faults.line} 行："
            places.append(Place(row["id"], row["name"], row["parent"] or None, split(row["aliases"])))
        faults.check()
        return cls(places, where)

    def chain(self, place_id: str | None) -> tuple[str, ...]:
        """Return the ids from a place up to the root."""
        return self._chains[place_id] if place_id is not None else ()

    def distance(self, a: str | None, b: str | None) -> int | None:
        """Return the steps between two places in the tree; None where one is unknown or they do not meet."""
        up_a, up_b = self.chain(a), self.chain(b)
        for steps, place in enumerate(up_a):
            if place in up_b:
                return steps + up_b.index(place)
        return None

    def mentions(self, text: str, words: Sequence[str] = ()) -> list[Mention]:
        """Return where places are named, the longest name at each spot, each with all places of that name.

        Parameters
        ----------
        text : what is searched.
        words : the same text cut into words, which tells 一中 from 统一中转站; () where it is not known.
        """
        found: list[Mention] = []
        cuts: frozenset[int] | None = None
        done = 0
        for at in self._spots(text):
            if at < done:
                continue
            for length in self._lengths:
                named, loose = self._names.get(text[at : at + length], ((), False))
                if named and at + length <= len(text):
                    cuts = frozenset(accumulate(map(len, words))) if cuts is None else cuts
                    mention = Mention(at, at + length, named, loose, _weight(text, at, at + length, named))
                    behind = bool(found) and found[-1].end == at  # 商洛市商州市: a slip of the ending
                    if behind or not _across(text, mention, cuts):
                        found.append(mention)
                        done = at + length
                        break
        return found

    def _spots(self, text: str) -> list[int]:
        """Return where a name may begin: at each pair of characters that begins one."""
        spots = []
        for start in self._starts & pairs(text):
            at = text.find(start)
            while at >= 0:
                spots.append(at)
                at = text.find(start, at + 1)
        return sorted(spots)

    def recognise(self, text: str, field: str | None = None, words: Sequence[str] = ()) -> Recognised:
        """Return the place that a submission is about; None where none is named or it stays open.

        The place field counts more than the text unless this names a place inside it, a place that is named often and
        early more than a passing one; of several that lie one in the other the narrowest is taken, and a name that
        several places share counts only where another place, named in the text or the field, decides.
        """
        if not self._names:
            return NOWHERE
        told = self.mentions(text, words)
        given = self.mentions(field) if field else []
        certain = {each.named[0].id for each in told + given if len(each.named) == 1 and not each.loose}
        here, there = self._decide(given, certain, field=True), self._decide(told, certain)
        if here.place and there.place and here.place.id in self.chain(there.place.id):
            return there  # the text is more precise than the field
        if here.place:
            return here
        return Recognised(there.place, tuple(dict.fromkeys(here.open + there.open)))

    def _decide(self, mentions: Sequence[Mention], certain: Collection[str], *, field: bool = False) -> Recognised:
        weight: dict[str, float] = {}
        undecided: dict[str, tuple[Place, ...]] = {}
        for order, mention in enumerate(mentions):
            named = mention.named
            if mention.loose and not field:
                named = tuple(place for place in named if self._beside(mention, place, mentions))
            if len(named) > 1:
                named = self._narrowed(named, certain)
            if len(named) == 1:
                weight[named[0].id] = weight.get(named[0].id, 0.0) + mention.weight / (1 + 0.1 * order)
            elif named:
                undecided[named[0].name] = named
        told = tuple(self._told(name, named) for name, named in undecided.items())
        if not weight:
            return Recognised(None, told)
        support = {place: sum(weight.get(above, 0.0) for above in self.chain(place)) for place in weight}
        best = max(support, key=lambda place: (support[place], len(self.chain(place))))
        return Recognised(self.by_id[best], told)

    def _narrowed(self, named: tuple[Place, ...], certain: Collection[str]) -> tuple[Place, ...]:
        """Return those places of one name that lie in a place named beside it, else in the same town as one."""
        around = {above for each in certain for above in self.chain(each)[:-1]}
        for scope in (set(certain), around):
            if inside := tuple(place for place in named if scope & set(self.chain(place.parent))):
                return inside
        return named

    def _beside(self, mention: Mention, place: Place, mentions: Sequence[Mention]) -> bool:
        """Whether a relative of a place stands right before or behind a mention of it: 清屏桃溪, 桃溪石桥村."""
        for other in mentions:
            for each in other.named:
                if other.end == mention.start and each.id in self.chain(place.parent):
                    return True
                if other.start == mention.end and place.id in self.chain(each.parent):
                    return True
        return False

    def _told(self, name: str, named: Sequence[Place]) -> str:
        above = "、".join(self.by_id[place.parent].name if place.parent else place.id for place in named)
        return f"“{name}”有 {len(named)} 处（{above}）"


def pairs(text: str) -> set[str]:
    """Return all pairs of neighbouring characters of a text: what can stand in it, told at once.

    >>> sorted(pairs("桃溪镇"))
    ['桃溪', '溪镇']
    """
    return set(map(add, text, text[1:]))


def _forms(name: str) -> Iterator[tuple[str, bool]]:
    """Yield the other forms of a name, and whether each is a bare stem.

    >>> list(_forms("桃溪乡"))[-2:]
    [('桃溪镇', False), ('桃溪', True)]
    """
    for family in (*_FAMILIES, _BARE):
        for ending in family:
            stem = name.removesuffix(ending)
            if stem != name and len(stem) > 1:
                if family is not _BARE:
                    yield from ((stem + other, False) for other in family if other != ending)
                yield stem, True
                return


def _weight(text: str, start: int, end: int, named: Sequence[Place]) -> float:
    """Return how much a mention says of its place: little where it names a road or where somebody works."""
    if text.startswith(_WORKS, end):
        return _PASSING
    if any(text[start:end] == place.name for place in named):
        return 1.0
    return _PASSING if text.startswith(_ROADS, end) else 1.0


def _across(text: str, mention: Mention, cuts: Collection[int]) -> bool:
    """Whether what looks like a place is part of other words: 一中 in 统一中转站, 山阳 in an 山阳区 elsewhere."""
    start, end = mention.start, mention.end
    if any(text[start:end] == place.name for place in mention.named):
        return False
    if end < len(text) and text[end] in _ELSEWHERE and (not cuts or end + 1 in cuts):
        return True
    if not cuts or end - start > 2:
        return False
    if start and start not in cuts:
        return any(start < cut < end for cut in cuts)
    return end not in cuts and start + 1 in cuts and text[start] in "一二三四五六七八九十"
