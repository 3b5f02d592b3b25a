"""The filters of a list, as they stand in an address and in a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from service.desk.queue import FACETS, ORDERS, Filters
from service.web.page import query_of

_PLAIN = ("text", "since", "until")
_NAMES = (*FACETS, *_PLAIN, "order")
USUAL = {"review": "pending", "status": "triaged"}
"""What the inbox shows where nothing else is asked for."""
DROPPED = {"dropped": ("junk", "unreadable")}
"""A word for what the software takes for no submission, of both kinds."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list was asked for: each filter as one word.

    given : without the usual; what belongs into an address.
    """

    given: dict[str, str]

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Asked:
        """Read it from the query of an address; what is unknown or empty is left out."""
        kept = {name: values[name].strip() for name in _NAMES if values.get(name, "").strip()}
        if kept.get("order", "queue") == "queue":
            kept.pop("order", None)
        return cls(kept)

    @classmethod
    def parse(cls, query: str) -> Asked:
        """Read it from what `query` wrote."""
        return cls.of(dict(parse_qsl(query)))

    @property
    def query(self) -> str:
        """Return it as the query of an address."""
        return query_of(self.given)

    @property
    def order(self) -> str:
        """The order of the list."""
        return self.given["order"] if self.given.get("order") in ORDERS else "queue"

    def get(self, name: str) -> str:
        """Return a filter as one word, "" where it is not set."""
        return self.given.get(name, USUAL.get(name, ""))

    @property
    def filters(self) -> Filters:
        """Return it as the desk reads it."""
        told = {name: self.get(name) for name in FACETS}
        if told["review"] != "pending" and "status" not in self.given:
            told["status"] = ""
        told |= {name: "" for name in USUAL if told[name] == "any"}
        flags = {name: told.pop(name) for name in ("needs_review", "restricted")}
        chosen: dict[str, Any] = {name: DROPPED.get(word, (word,)) if word else () for name, word in told.items()}
        chosen |= {name: word == "true" if word else None for name, word in flags.items()}
        return Filters(
            **chosen,
            since=self.get("since") or None,
            until=self.get("until") or None,
            text=self.get("text"),
        )
