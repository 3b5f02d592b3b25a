"""The place tree of an office, and recognition of its places in text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.knowledge import split, table


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the office's place tree."""

    id: str
    name: str
    parent: str | None
    aliases: tuple[str, ...]


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
