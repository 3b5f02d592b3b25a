"""Triage of files of any size: both cores, and memory that grows only by what matching needs.

Texts are judged in worker processes, chunk by chunk; their judgements wait on disk (the spool) as finished JSON
while the fingerprints stay in memory. When all are in, the texts are compared and the lines completed.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import IO, Any

import orjson

from pipeline import parallel
from pipeline.match import Fingerprint, join, match, shared
from pipeline.priority import aggravate, crowd, voice
from pipeline.records import (
    LEVELS,
    Duplicate,
    Judgement,
    Level,
    Priority,
    Reason,
    Route,
    Status,
    Submission,
    decision_json,
    field_json,
    route_json,
    to_json,
)
from pipeline.route import Ask, Router, finish
from pipeline.triage import Triage, chunks

Row = tuple[str, str, str | None, str | None, str | None]
"""Of a submission what judging needs: id, text, submitted_at, submitter, place."""
Standing = tuple[str, str, float, float]
"""Status, priority (level and score), confidence of the topic."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What comes back for a chunk: for each row its JSON, standing and ask of members; all fingerprints."""

    lines: list[bytes]
    standings: list[Standing]
    asks: list[Ask | None]
    prints: Fingerprint


@dataclass(slots=True)
class Summary:
    """What a run came to."""

    rows: int = 0
    status: Counter[str] = field(default_factory=Counter)
    priority: Counter[str] = field(default_factory=Counter)
    needs_review: int = 0
    passed: Counter[float] = field(default_factory=Counter)
    repeated: int = 0
    joined: int = 0
    issues: int = 0
    seconds: float = 0.0


_triage: Triage | None = None


def _judge(rows: list[Row]) -> Sheet:
    """Judge a chunk in a worker."""
    assert _triage is not None
    judged = _triage.judge([Submission(*row) for row in rows])
    lines = [to_json(judgement) for judgement in judged.judgements]
    return Sheet(lines, [_standing(each) for each in judged.judgements], judged.asks, judged.prints)


def _standing(judgement: Judgement) -> Standing:
    return judgement.status, judgement.priority.level, judgement.priority.score, judgement.topic.confidence


class Run:
    """A finished run: its summary, and its rows as often as they are asked for.

    Use as a context manager: the spool goes when it is left.
    """

    def __init__(self, provenance: bytes) -> None:
        self.summary = Summary()
        self.duplicates: list[Duplicate] = []
        self.ids: list[str] = []
        self.standings: list[Standing] = []
        self.asks: list[Ask | None] = []
        self._routes: dict[int, tuple[int, int]] = {}
        self.outside: dict[int, tuple[Reason, ...]] = {}
        self._senders: list[tuple[str | None, str | None]] = []
        self._provenance = provenance
        self._offsets = [0]
        self._rows: dict[str, int] = {}
        self._spool: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `__exit__`

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *error: object) -> None:
        self._spool.close()

    def _keep(self, sheet: Sheet, rows: list[Submission]) -> None:
        for line, submission in zip(sheet.lines, rows, strict=True):
            size = self._spool.write(b"%s\n%s\n" % (line, to_json(_about(submission))))
            self._offsets.append(self._offsets[-1] + size)
        self.ids += [submission.id for submission in rows]
        self._senders += [(submission.submitter, submission.submitted_at) for submission in rows]
        self.standings += sheet.standings
        self.asks += sheet.asks

    def _assign(self, router: Router) -> None:
        """Choose the members of all rows, one after the other, and keep the routes that this completes."""
        if not router.roster.members:
            return
        end = self._offsets[-1]
        for index, choices in router.assign(self.asks, [duplicate.issue for duplicate in self.duplicates]):
            route = Route(**orjson.loads(route_json(self._record(index)[0])))
            size = self._spool.write(to_json(finish(route, choices)))
            self._routes[index] = (end, size)
            end += size
        self._spool.flush()

    def _record(self, index: int) -> tuple[bytes, bytes]:
        """Return the judgement of a row and what the input says of it, both as JSON."""
        begin, end = self._offsets[index], self._offsets[index + 1]
        judgement, about = os.pread(self._spool.fileno(), end - begin, begin).splitlines()
        return judgement, about

    def _decision(self, index: int, judgement: bytes) -> bytes:
        duplicate = self.duplicates[index]
        if duplicate.of is not None:
            other = self._record(self._rows[duplicate.of])[0]
            duplicate = replace(duplicate, shared=shared(*_said(judgement), *_said(other)))
        if index in self.outside:
            before, told, behind = field_json(judgement, b"priority", b"parts")
            raised = aggravate(_priority(orjson.loads(told)), self.outside[index])
            judgement = before + to_json(raised) + behind
        begin, size = self._routes.get(index, (0, 0))
        route = os.pread(self._spool.fileno(), size, begin) if size else None
        return decision_json(judgement, route, duplicate, self._provenance)

    def _listen(self) -> None:
        """Let the other voices of its issue aggravate a text; see `pipeline.priority.crowd`."""
        voices = [voice(d.issue, *sender) for d, sender in zip(self.duplicates, self._senders, strict=True)]
        self._senders.clear()
        for index, reasons in crowd(voices).items():
            status, level, score, review = self.standings[index]
            if status == Status.TRIAGED:
                raised = aggravate(Priority(Level(level), score), reasons)
                self.standings[index] = status, raised.level, raised.score, review
                self.outside[index] = reasons

    def lines(self) -> Iterator[bytes]:
        """Yield the decisions as JSON in the order of the input."""
        for index in range(len(self.ids)):
            yield self._decision(index, self._record(index)[0])

    def row(self, index: int) -> dict[str, Any]:
        """Return one decision as a dictionary, with what the input said of it under "submission"."""
        judgement, about = self._record(index)
        decision: dict[str, Any] = orjson.loads(self._decision(index, judgement))
        decision["submission"] = orjson.loads(about)
        return decision

    def abouts(self) -> Iterator[dict[str, Any]]:
        """Yield what the input says of each row beside its text."""
        for index in range(len(self.ids)):
            yield orjson.loads(self._record(index)[1])

    def by_priority(self) -> list[int]:
        """Return the rows as an officer reads them: the most urgent first, junk last, else in the input's order."""
        level = {name: index for index, name in enumerate(LEVELS)}

        def key(index: int) -> tuple[bool, int, float, int]:
            status, priority, score, _ = self.standings[index]
            return status != Status.TRIAGED, -level[priority], -score, index  # type: ignore[index]

        return sorted(range(len(self.ids)), key=key)

    def issues(self, least: int) -> list[list[int]]:
        """Return the issues with at least so many texts, the largest first, each as rows in the input's order."""
        rows: dict[str, list[int]] = {}
        for index, duplicate in enumerate(self.duplicates):
            if self.standings[index][0] == Status.TRIAGED:
                rows.setdefault(duplicate.issue, []).append(index)
        found = [indices for indices in rows.values() if len(indices) >= least]
        return sorted(found, key=lambda indices: (-len(indices), indices[0]))


def _said(judgement: bytes) -> tuple[list[str], str]:
    """Return the keywords and the clean text of a judgement."""
    _, clean, _ = field_json(judgement, b"clean", b"keywords")
    _, keywords, _ = field_json(judgement, b"keywords", b"intent")
    return orjson.loads(keywords), orjson.loads(clean)["text"]


def _priority(told: dict[str, Any]) -> Priority:
    reasons = tuple(Reason(**reason) for reason in told["reasons"])
    return Priority(Level(told["level"]), told["score"], reasons)


def _about(submission: Submission) -> dict[str, Any]:
    """Return what the input says of a submission beside its text."""
    return {
        name: value
        for name in ("submitted_at", "submitter", "place", "source", "channel", "likes")
        if (value := getattr(submission, name))
    }


def run(
    triage: Triage,
    submissions: Iterable[Submission],
    *,
    processes: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Run:
    """Triage a stream of submissions.

    Parameters
    ----------
    triage : the loaded model and tables.
    submissions : read once, lazily.
    processes : workers; all cores by default. The result is the same for any number.
    progress : called with the number of rows after each chunk.
    """
    global _triage
    _triage = triage
    began = time.perf_counter()
    result = Run(to_json(triage.provenance))
    try:
        pending: deque[list[Submission]] = deque()

        def work() -> Iterator[list[Row]]:
            for chunk in chunks(submissions):
                pending.append(chunk)
                yield [(each.id, each.text, each.submitted_at, each.submitter, each.place) for each in chunk]

        prints: list[Fingerprint] = []
        for sheet in parallel.in_order(_judge, work(), processes or len(os.sched_getaffinity(0))):
            rows = pending.popleft()
            result._keep(sheet, rows)
            prints.append(sheet.prints)
            if progress:
                progress(len(rows))
        joined = join(prints)
        prints.clear()
        result._spool.flush()
        result._rows = {name: index for index, name in enumerate(result.ids)}
        result.duplicates = match(result.ids, joined, triage.background)
        result._listen()
        result._assign(triage.router)
        _summarise(result, triage.classifier.dials, triage.classifier.dial)
    except BaseException:
        result.__exit__()
        raise
    finally:
        _triage = None
    result.summary.seconds = time.perf_counter() - began
    return result


def _summarise(result: Run, dials: Mapping[float, float], dial: float) -> None:
    summary = result.summary
    summary.rows = len(result.ids)
    summary.issues = len({duplicate.issue for duplicate in result.duplicates})
    for (status, level, _, confidence), duplicate in zip(result.standings, result.duplicates, strict=True):
        summary.status[status] += 1
        summary.repeated += duplicate.kind == "duplicate"
        summary.joined += duplicate.kind == "same_issue"
        if status == Status.TRIAGED:
            summary.priority[level] += 1
            summary.needs_review += confidence < dial
            summary.passed.update(stop for stop, least in dials.items() if confidence >= least)
