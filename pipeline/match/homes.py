"""Where texts are kept to be matched with later ones: the interface, and the home in memory."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import RLock
from typing import Protocol

import numpy as np

from pipeline.match.prints import Fingerprint, Ints


@dataclass(frozen=True, slots=True)
class Kept:
    """A text as a home keeps it.

    id : of the submission.
    issue : the issue that it belongs to; it never changes, whatever comes later.
    first : the number of the text that it repeats, or -1.
    grams, topics, kind, who : its fingerprint.
    """

    id: str
    issue: str
    first: int
    grams: bytes
    topics: bytes
    kind: int
    who: int


class Home(Protocol):
    """Keeps texts by number, from 0 on in the order in which they came, and finds them by key.

    A home only stores and finds. What is a key, and what is alike, is decided once, in `Index`.
    """

    def writing(self) -> AbstractContextManager[object]:
        """Hold all other writers off, and keep what was added only if all went well."""

    def count(self) -> int:
        """Return how many texts are kept, which is the next number."""

    def add(self, kept: Sequence[Kept], keys: Sequence[Ints], begin: int) -> None:
        """Keep texts, each under its keys, by the next numbers, from `begin` on; only while `writing`."""

    def find(self, keys: Sequence[int], most: int) -> list[Ints]:
        """Return for each of some different keys the numbers of the first texts under it, ascending, up to `most`."""

    def get(self, numbers: Sequence[int]) -> list[Kept]:
        """Return texts by number, in the order asked for."""

    def named(self, ids: Collection[str]) -> list[int]:
        """Return the numbers of the texts with these ids, as far as they are kept."""

    def sample(self, most: int) -> list[Kept]:
        """Return some texts, spread evenly over all."""


class Memory:
    """The home in memory: for files, and for trying things out."""

    def __init__(self) -> None:
        self._kept: list[Kept] = []
        self._named: dict[str, int] = {}
        self._numbers: dict[int, array[int]] = {}
        self._lock = RLock()

    def writing(self) -> AbstractContextManager[object]:
        """See `Home`; what was added before something failed stays."""
        return self._lock

    def count(self) -> int:
        """See `Home`."""
        return len(self._kept)

    def add(self, kept: Sequence[Kept], keys: Sequence[Ints], begin: int) -> None:
        """See `Home`."""
        for number, (each, own) in enumerate(zip(kept, keys, strict=True), begin):
            self._named[each.id] = number
            for key in own.tolist():
                self._numbers.setdefault(key, array("I")).append(number)
            self._kept.append(each)

    def find(self, keys: Sequence[int], most: int) -> list[Ints]:
        """See `Home`."""
        return [np.array(self._numbers.get(key, ())[:most], np.int64) for key in keys]

    def get(self, numbers: Sequence[int]) -> list[Kept]:
        """See `Home`."""
        return [self._kept[number] for number in numbers]

    def named(self, ids: Collection[str]) -> list[int]:
        """See `Home`."""
        return [self._named[name] for name in ids if name in self._named]

    def sample(self, most: int) -> list[Kept]:
        """See `Home`."""
        return self._kept[:: max(1, -(-len(self._kept) // most))]


def prints_of(kept: Sequence[Kept], topics: int) -> Fingerprint:
    """Return the fingerprint of kept texts, with so many first-level topics."""
    return Fingerprint(
        np.frombuffer(b"".join([each.grams for each in kept]), np.uint32),
        np.array([len(each.grams) // 4 for each in kept], np.int64),
        np.frombuffer(b"".join([each.topics[:topics].ljust(topics, b"\0") for each in kept]), np.uint8).reshape(
            len(kept), topics
        ),
        np.array([each.kind for each in kept], np.uint16),
        np.array([each.who for each in kept], np.uint32),
    )
