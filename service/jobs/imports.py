"""Imports: a file becomes submissions, each row once, whatever happens in between.

Rows are judged in several processes and stored by this one, chunk by chunk; a chunk, its rejected rows and the place
where to go on are one write. So a job that was killed goes on with the row after the last one kept.
"""

from __future__ import annotations

import os
import secrets
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from pipeline import parallel
from pipeline.errors import InputError
from pipeline.ingest import FORMATS, archive
from pipeline.ingest import Intake as Reader
from pipeline.ingest.columns import check_wanted
from pipeline.records import Rejected, Submission
from pipeline.triage import Triage
from service.accounts.actor import Actor
from service.desk.intake import Arrival, Intake, Prepared, hash_of, prepare
from service.desk.standings import names_day
from service.jobs import queue
from service.jobs.queue import Held
from service.store import Job, RejectedRow, Standing, Store, SubmissionRow

_CHUNK = 128
"""Rows of a write. Others wait while it is under way, so it is kept short."""
_UNPACKED = 1_000_000_000
"""A workbook that unpacks to more bytes than this is refused."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of a file in its order: how many were read, those not yet in the store, the rejected ones among them."""

    rows: int
    fresh: list[Arrival]
    rejected: list[Rejected]


def receive_file(
    store: Store, data: Path, stream: BinaryIO, name: str, columns: Mapping[str, str], actor: Actor
) -> Job:
    """Keep a file, and put its import into the queue; see `keep_file` and `begin`."""
    check_wanted(dict(columns))
    path, shown = keep_file(data, stream, name)
    try:
        with store.writing() as session:
            return begin(session, actor, path, shown, columns)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def keep_file(data: Path, stream: BinaryIO, name: str) -> tuple[Path, str]:
    """Keep a file under a name of ours; return its path, and what its sender calls it.

    Parameters
    ----------
    data : the data folder.
    stream, name : the file and what its sender calls it.

    Raises
    ------
    InputError
        Where the file is of no known format.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(each for each in last if each.isprintable())[-200:]
    ending = Path(shown).suffix.lower()
    if ending not in FORMATS:
        raise InputError(f"{shown}：不支持“{ending or '没有后缀'}”格式。可用的格式：{' '.join(FORMATS)}。")
    folder = data / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{secrets.token_hex(16)}{ending}"
    try:
        with path.open("xb") as out:
            while block := stream.read(1 << 20):
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        _check_unpacked(path, shown)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path, shown


def begin(session: Session, actor: Actor, path: Path, name: str, columns: Mapping[str, str]) -> Job:
    """Put the import of a file that was kept into the queue.

    Parameters
    ----------
    columns : field → header, where headers are unusual.

    Raises
    ------
    InputError
        Where columns name no field.
    """
    check_wanted(dict(columns))
    return queue.put(session, actor, "import", {"file": path.name, "name": name, "columns": dict(columns)})


def _check_unpacked(path: Path, shown: str) -> None:
    """Refuse a workbook that would unpack to more than memory holds."""
    if path.suffix in (".xlsx", ".docx"):
        try:
            size = archive.unpacked(path)
        except zipfile.BadZipFile as error:
            raise InputError(f"{shown}：文件已损坏，打不开。请重新导出。") from error
        if size > _UNPACKED:
            raise InputError(f"{shown}：展开后有 {size:,} 字节，超过 {_UNPACKED:,}。请拆成几个文件。")


def shown(error: str, data: Path, what: Mapping[str, Any]) -> str:
    """Return an error with the file under its sender's name, not under ours."""
    return error.replace(str(data / "uploads" / str(what.get("file"))), str(what.get("name")))


def drop_file(data: Path, what: Mapping[str, Any]) -> None:
    """Take away the file of a job that has ended, if it has one: all its rows are in the store."""
    if "file" in what:
        (data / "uploads" / str(what["file"])).unlink(missing_ok=True)


_triage: Triage | None = None


def _prepare(submissions: list[Submission]) -> Prepared:
    """Prepare a chunk in a process of its own."""
    assert _triage is not None
    return prepare(_triage, submissions)


def run(
    held: Held, data: Path, triage: Triage, *, processes: int = 1, progress: Callable[[int], None] | None = None
) -> dict[str, Any]:
    """Import the file of a job, from where it was; return what came of it.

    Parameters
    ----------
    data : the data folder.
    processes : in which rows are judged.
    progress : called with the number of rows after each chunk.
    """
    global _triage
    _triage = triage
    store, actor, place = held.store, queue.made_by(held.made_by), held.place
    intake = Intake(store, triage)
    path = data / "uploads" / str(held.what["file"])
    rejected: list[Rejected] = []
    reader = Reader([path], wanted=held.what["columns"], rejected=rejected.append)
    total = reader.lines() or None
    with store.writing(ordered=False) as session:
        held.step(session, total=total)
    pending: deque[Chunk] = deque()

    def work() -> Iterator[list[Submission]]:
        for rows in _chunks(_arrivals(reader, str(held.what["name"])), place):
            known = intake.known([each.row_hash for each in rows])
            fresh = [each for each in rows if each.row_hash not in known]
            pending.append(Chunk(len(rows), fresh, rejected.copy()))
            rejected.clear()
            yield [each.submission for each in fresh]

    for prepared in parallel.in_order(_prepare, work(), processes):
        chunk = pending.popleft()
        place += chunk.rows

        def book(session: Session, _: object, chunk: Chunk = chunk, place: int = place) -> None:
            _reject(session, held, chunk.rejected)
            held.step(session, place=place, done=place)

        intake.keep(chunk.fresh, prepared, actor, held.id, also=book)
        if progress:
            progress(chunk.rows)
    with store.writing(ordered=False) as session:
        _reject(session, held, rejected)
        held.step(session, total=place)
    with store.reading() as session:
        return summary(session, held.id, place)


def _arrivals(reader: Reader, name: str) -> Iterator[Arrival]:
    """Yield the rows of a file with their hashes.

    A row that its source did not number is known by what it says: the same file under another name brings nothing
    new, and equal rows of one file are all kept.
    """
    stem, shown = f"{reader.paths[0].stem}-", Path(name).stem
    equal: Counter[str] = Counter()
    for submission in map(_storable, reader):
        if submission.id.startswith(stem):
            alike = hash_of(replace(submission, id=""))
            row_hash = hash_of(replace(submission, id=""), equal[alike])
            equal[alike] += 1
            yield Arrival(
                replace(submission, id=f"{shown}-{submission.id.removeprefix(stem)}"), row_hash, submission.contact
            )
        else:
            yield Arrival(submission, hash_of(submission), submission.contact)


def _storable(submission: Submission) -> Submission:
    """Return a submission whose NUL characters are the sign for them: no database takes those."""
    told: dict[str, Any] = {name: value.replace("\x00", "␀") for name in submission.__slots__
            if isinstance(value := getattr(submission, name), str) and "\x00" in value}  # fmt: skip
    return replace(submission, **told) if told else submission


def _chunks(arrivals: Iterator[Arrival], skip: int) -> Iterator[list[Arrival]]:
    """Yield the rows in chunks, after as many as are in already."""
    group: list[Arrival] = []
    for number, arrival in enumerate(arrivals, 1):
        if number > skip:
            group.append(arrival)
        if len(group) == _CHUNK:
            yield group
            group = []
    if group:
        yield group


def _reject(session: Session, held: Held, rejected: list[Rejected]) -> None:
    if not rejected:
        return
    met = RejectedRow.line.in_([each.line for each in rejected])  # a job that goes on reads them once more
    lines = set(session.scalars(select(RejectedRow.line).where(RejectedRow.job == held.id, met)))
    rows = [
        {"job": held.id, "file": held.what["name"], "line": each.line, "reason": each.reason,
         "content": each.content.encode("utf-8", "replace").decode().replace("\x00", "")}
        for each in rejected if each.line not in lines
    ]  # fmt: skip
    if rows:
        session.execute(insert(RejectedRow), rows)


def summary(session: Session, job: int, rows: int) -> dict[str, Any]:
    """Return what came of an import: rows read, received, known before, rejected; and how they were judged.

    `undated` are those whose time cannot be read, so that they count as of the day on which they came.
    """
    own = select(SubmissionRow.number).where(SubmissionRow.job == job)
    rejected = session.scalar(select(func.count()).select_from(RejectedRow).where(RejectedRow.job == job)) or 0

    def counts(column: Any) -> dict[str, int]:
        query = select(column, func.count()).where(Standing.number.in_(own)).group_by(column)
        return {str(value): count for value, count in session.execute(query)}

    times = select(SubmissionRow.submitted_at, func.count()).where(SubmissionRow.job == job)
    told = session.execute(times.where(SubmissionRow.submitted_at.is_not(None)).group_by(SubmissionRow.submitted_at))
    status = counts(Standing.status)
    return {
        "rows": rows, "received": sum(status.values()), "again": rows - sum(status.values()), "rejected": rejected,
        "status": status, "priority": counts(Standing.priority), "kind": counts(Standing.kind),
        "issues": session.scalar(select(func.count(Standing.issue.distinct())).where(Standing.number.in_(own))) or 0,
        "needs_review": counts(Standing.needs_review).get("True", 0),
        "undated": sum(count for time, count in told if not names_day(time)),
    }  # fmt: skip
