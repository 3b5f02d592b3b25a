"""The nouns of the project: what comes in (`Submission`) and what goes out (`Decision`).

The dataclasses mirror `decision.schema.json` field by field (what they add, the schema allows), so that turning one
into JSON needs no mapping. Everything inside the library passes these, never loose dictionaries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson


class Status(StrEnum):
    """Whether a submission was judged, is no submission at all, or has no text left to judge."""

    TRIAGED = "triaged"
    JUNK = "junk"
    UNREADABLE = "unreadable"


class Level(StrEnum):
    """Priority (紧急程度), from the lowest to the highest."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


LEVELS = tuple(Level)
INTENTS = ("complaint", "consultation", "suggestion", "thanks", "other")


@dataclass(frozen=True, slots=True)
class Submission:
    """One text of the public (社情民意信息) as it arrived.

    `text` is the raw text: what the sender wrote, or title, newline and body where those came apart.
    """

    id: str
    text: str
    submitted_at: str | None = None
    submitter: str | None = None
    place: str | None = None
    source: str | None = None
    channel: str | None = None
    likes: int = 0
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of the raw text: `text[start:end]`, which reads `before`, becomes `after`."""

    kind: str
    start: int
    end: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Personal:
    """Personal data in the clean text: `text[start:end]` is of this kind (see `pipeline.clean.personal`)."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Clean:
    """The cleaned text and every edit that led to it, in raw-text coordinates.

    `personal` are spans of the clean text; `echoes` counts forum replies that only passed the text on or cheered.
    """

    text: str
    edits: tuple[Edit, ...] = ()
    personal: tuple[Personal, ...] = ()
    echoes: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """A term that spoke for (or, with a negative weight, against) the chosen topic."""

    term: str
    weight: float


@dataclass(frozen=True, slots=True)
class Topic:
    """Topic (主题分类) with calibrated confidence; `level2` always lies under `level1`."""

    level1: str | None
    level2: str | None
    confidence: float
    scores: dict[str, float]
    needs_review: bool
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a priority was given; `start` and `end` are a span of the clean text (0, 0 for the whole)."""

    code: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Priority:
    """Priority with a score from 0 to 1 that orders submissions of one level."""

    level: Level
    score: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Place among the other submissions: unique, a repetition of `of`, or another voice of its issue."""

    kind: str
    of: str | None
    issue: str
    score: float
    shared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberChoice:
    """A member (委员) proposed for a submission, and why."""

    id: str
    name: str
    score: float
    reasons: tuple[str, ...] = ()
    role: str = "lead"


@dataclass(frozen=True, slots=True)
class Route:
    """Who takes it up: sector, assisting sectors, committee, place, members.

    `owner` is the id of the member who leads, else the name of a desk: every submission has one. Owner and station
    stand beside what the schema names, as does the role of a member.
    """

    sector: str | None
    assist: tuple[str, ...]
    committee: str | None
    place: str | None
    members: tuple[MemberChoice, ...]
    restricted: bool
    reasons: tuple[str, ...]
    due: str | None = None
    owner: str = ""
    station: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One of several matters in a text (一事一报): the span of the clean text that an officer may split off.

    The id carries the lineage: `7/2` is the second part of submission 7.
    """

    id: str
    start: int
    end: int
    level1: str | None
    level2: str | None
    confidence: float
    sector: str | None
    committee: str | None
    place: str | None
    restricted: bool


@dataclass(frozen=True, slots=True)
class Provenance:
    """Which model, rules, dictionary and software decided."""

    model: str
    rules: str
    dictionary: str
    software: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one text says by itself: all of a decision that needs no other submission."""

    id: str
    status: Status
    clean: Clean
    keywords: tuple[str, ...]
    intent: str
    topic: Topic
    priority: Priority
    parts: tuple[Part, ...]
    route: Route


@dataclass(frozen=True, slots=True)
class Decision(Judgement):
    """Everything that was decided about one submission (研判), and why: one line of the output.

    A judgement, with the place among the others and who decided behind it.
    """

    duplicate: Duplicate
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that could not be read: where it stands, what it holds and why it was refused."""

    file: str
    line: int
    reason: str
    content: str


@dataclass(slots=True)
class Source:
    """One input file as it turned out: what it was read as and how many rows it gave."""

    name: str
    format: str = ""
    encoding: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    rows: int = 0


_ROUTE = b',"route":'
"""Where the route of a judgement begins in its JSON: its last field. In a string the quotes would be escaped."""


def route_json(judgement: bytes) -> bytes:
    """Return the route in the JSON of a judgement."""
    return judgement[:-1].rpartition(_ROUTE)[2]


def field_json(judgement: bytes, name: bytes, following: bytes) -> tuple[bytes, bytes, bytes]:
    """Return what stands before, in and behind a field in the JSON of a judgement, given the field that follows it.

    >>> field_json(b'{"id":"1","intent":"other","topic":{}}', b"intent", b"topic")
    (b'{"id":"1","intent":', b'"other"', b',"topic":{}}')
    """
    begin = judgement.index(b',"%s":' % name) + len(name) + 4
    end = judgement.index(b',"%s":' % following, begin)
    return judgement[:begin], judgement[begin:end], judgement[end:]


def decision_json(judgement: bytes, route: bytes | None, duplicate: Duplicate, provenance: bytes) -> bytes:
    """Return the JSON of a decision, given that of its judgement, its route where members were chosen, its provenance.

    Most of a decision is known before the texts are compared; nothing of it is built twice.
    """
    if route:
        judgement = b"%s%s%s}" % (*judgement.rpartition(_ROUTE)[:2], route)
    return b'%s,"duplicate":%s,"provenance":%s}' % (judgement[:-1], orjson.dumps(duplicate), provenance)


_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})")


def day(time: str) -> str:
    """Return the day of a time as offices write them, so that days can be compared; "" where there is none.

    >>> day("2026/3/7 9:05:00")
    '2026-03-07'
    """
    match = _DAY.search(time)
    return f"{match[1]}-{match[2]:0>2}-{match[3]:0>2}" if match else ""


def to_json(record: Any) -> bytes:
    """Return any record as compact UTF-8 JSON, with the fields in the order of its class."""
    return orjson.dumps(record)
