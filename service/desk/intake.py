"""Receiving submissions: judged, matched, routed and stored in one write; a row that came before is known again."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from pipeline.match import Index, shared
from pipeline.priority import aggravate, crowd, voice
from pipeline.records import Decision, Duplicate, Judgement, Status, Submission, day, to_json
from pipeline.route import finish
from pipeline.triage import Judged, Triage
from service.accounts.actor import Actor
from service.desk import audit, feed, search
from service.desk.load import Load
from service.export.labels import title_and_body
from service.neighbours import Tables
from service.store import DecisionRow, Issue, Standing, Store, SubmissionRow, now

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Of the numbers that senders are told: no sign that can be taken for another."""
AtWork = tuple[Triage, Index, Load]
"""What judges, matches and weighs who takes it up, at one time."""
_VOICES = 2000
"""So many texts of an issue tell how many people speak."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A submission at the door.

    row_hash : see `SubmissionRow`; from `hash_of` where its source numbers its rows, else one of its own.
    """

    submission: Submission
    row_hash: str = field(default_factory=lambda: secrets.token_hex(32))
    contact: str | None = None
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a sender is told: our number, the reference, the decision as JSON, and whether the row was here before."""

    number: int
    reference: str
    decision: bytes
    again: bool = False


def hash_of(submission: Submission, nth: int = 0) -> str:
    """Return the hash of a row of a source; `nth` counts equal rows of one file, which are all kept."""
    told = [getattr(submission, name) for name in ("source", "id", "text", "submitted_at", "submitter")]
    return hashlib.sha256(orjson.dumps([*told, nth])).hexdigest()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is done for texts before the write begins: they are judged, and cut into what they can be searched by."""

    judged: Judged
    tokens: list[list[str]]


def prepare(triage: Triage, submissions: Sequence[Submission]) -> Prepared:
    """Do for texts what needs no store, in whatever process."""
    judged = triage.judge(submissions)
    return Prepared(judged, [search.tokens(triage.segmenter.cut(each.clean.text)) for each in judged.judgements])


def nothing(session: Session) -> None:
    """Do nothing more within a write."""


class Intake:
    """Receives submissions into a store.

    Parameters
    ----------
    store : with its tables made.
    triage : the loaded model and tables; it may be exchanged between two deliveries.
    """

    def __init__(self, store: Store, triage: Triage) -> None:
        self.store = store
        self.home = Tables(store.engine)
        self.exchange(triage)

    def exchange(self, triage: Triage) -> None:
        """Work on with another model or other tables; what is under way is finished with those it began with."""
        self._at_work = triage, Index(self.home, triage.background), Load(triage.router)

    @property
    def triage(self) -> Triage:
        """What judges at present."""
        return self._at_work[0]

    def receive(self, arrivals: Sequence[Arrival], actor: Actor, job: int | None = None) -> list[Receipt]:
        """Receive a delivery: all of it is stored, or nothing.

        Texts are judged before the write begins. A row whose hash is known is not stored again; its receipt says so.
        """
        at_work = self._at_work
        with self.store.reading() as session:
            known = self._known(session, arrivals)
        fresh = [each for each in dict.fromkeys(arrivals) if each.row_hash not in known]
        prepared = prepare(at_work[0], [each.submission for each in fresh])
        receipts = known | self.keep(fresh, prepared, actor, job, at_work=at_work)
        return [receipts[each.row_hash] for each in arrivals]

    def keep(
        self,
        fresh: Sequence[Arrival],
        prepared: Prepared,
        actor: Actor,
        job: int | None = None,
        also: Callable[[Session], None] = nothing,
        at_work: AtWork | None = None,
    ) -> dict[str, Receipt]:
        """Store what was prepared, each row once; return the receipts by row hash.

        Parameters
        ----------
        also : what else belongs to this write: it is kept or lost with it.
        at_work : what prepared it, where that may have been exchanged since.
        """
        at_work = at_work or self._at_work
        with self.store.writing() as session:
            receipts = self._known(session, fresh) if fresh else {}
            if receipts:  # another process was faster with some of them
                fresh = [each for each in fresh if each.row_hash not in receipts]
                prepared = prepare(at_work[0], [each.submission for each in fresh])
            if fresh:
                receipts |= self._store(session, at_work, fresh, prepared, actor, job)
            also(session)
        return receipts

    def known(self, hashes: Sequence[str]) -> set[str]:
        """Return which rows are in the store, of some hashes."""
        with self.store.reading() as session:
            return set(session.scalars(select(SubmissionRow.row_hash).where(SubmissionRow.row_hash.in_(hashes))))

    def _known(self, session: Session, arrivals: Sequence[Arrival]) -> dict[str, Receipt]:
        wanted = [each.row_hash for each in arrivals]
        query = (
            select(SubmissionRow.row_hash, SubmissionRow.number, SubmissionRow.reference, DecisionRow.content)
            .join(Standing, Standing.number == SubmissionRow.number)
            .join(DecisionRow, DecisionRow.id == Standing.decision)
            .where(SubmissionRow.row_hash.in_(wanted))
        )
        rows = session.execute(query).all()
        return {row.row_hash: Receipt(row.number, row.reference, row.content.encode(), again=True) for row in rows}

    def _store(
        self,
        session: Session,
        at_work: AtWork,
        fresh: Sequence[Arrival],
        prepared: Prepared,
        actor: Actor,
        job: int | None,
    ) -> dict[str, Receipt]:
        triage, index, load = at_work
        judged = prepared.judged
        references = ["".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in fresh]
        numbers = self._submissions(session, fresh, references, actor, job)
        judgements = [_numbered(each, number) for each, number in zip(judged.judgements, numbers, strict=True)]
        with self.home.joining(session.connection()):
            duplicates = index.add([str(number) for number in numbers], judged.prints)
        _open_issues(session, judgements, duplicates)
        judgements = _heard(session, judgements, duplicates, [each.submission for each in fresh])
        issues = [duplicate.issue for duplicate in duplicates]
        for at, choices in triage.router.assign(judged.asks, issues, load.ledger(session, issues)):
            judgements[at] = replace(judgements[at], route=finish(judgements[at].route, choices))
        duplicates = _tied(session, judgements, duplicates)
        decisions = [triage.decide(*each) for each in zip(judgements, duplicates, strict=True)]
        contents = [to_json(decision) for decision in decisions]
        self._decisions(session, fresh, decisions, contents)
        search.add(session, list(zip(numbers, prepared.tokens, strict=True)))
        _announce(session, actor, decisions, job)
        return {
            each.row_hash: Receipt(number, reference, content)
            for each, number, reference, content in zip(fresh, numbers, references, contents, strict=True)
        }

    def _submissions(
        self, session: Session, fresh: Sequence[Arrival], references: Sequence[str], actor: Actor, job: int | None
    ) -> list[int]:
        at = now()
        rows = [
            {
                "reference": reference, "external_id": each.submission.id, "row_hash": each.row_hash,
                "text": each.submission.text, "submitted_at": each.submission.submitted_at,
                "submitter": each.submission.submitter, "contact": each.contact, "place": each.submission.place,
                "source": each.submission.source, "channel": each.submission.channel, "likes": each.submission.likes,
                "attachments": list(each.attachments), "received_at": at, "received_by": str(actor), "job": job,
            }
            for each, reference in zip(fresh, references, strict=True)
        ]  # fmt: skip
        statement = insert(SubmissionRow).returning(SubmissionRow.number, sort_by_parameter_order=True)
        return list(session.scalars(statement, rows))

    def _decisions(
        self, session: Session, fresh: Sequence[Arrival], decisions: Sequence[Decision], contents: Sequence[bytes]
    ) -> None:
        at = now()
        rows = [
            {
                "number": int(each.id), "content": content.decode(), "model": each.provenance.model,
                "rules": each.provenance.rules, "shadow": False, "made_at": at,
            }
            for each, content in zip(decisions, contents, strict=True)
        ]  # fmt: skip
        statement = insert(DecisionRow).returning(DecisionRow.id, sort_by_parameter_order=True)
        ids = list(session.scalars(statement, rows))
        standings = [
            standing_of(decision, which) | _door(arrival.submission, at.date().isoformat()) | {"changed_at": at}
            for decision, which, arrival in zip(decisions, ids, fresh, strict=True)
        ]
        session.execute(insert(Standing), standings)


def standing_of(decision: Decision, which: int) -> dict[str, Any]:
    """Return the columns of a standing that a decision sets; `which` is the id of its row."""
    topic, route, duplicate = decision.topic, decision.route, decision.duplicate
    return {
        "number": int(decision.id), "decision": which, "title": title_and_body(decision.clean.text)[0],
        "status": decision.status.value, "intent": decision.intent, "level1": topic.level1, "level2": topic.level2,
        "confidence": topic.confidence, "needs_review": topic.needs_review, "priority": decision.priority.level.value,
        "score": decision.priority.score, "place": route.place, "sector": route.sector, "committee": route.committee,
        "owner": route.owner, "station": route.station, "restricted": route.restricted, "due": route.due,
        "issue": duplicate.issue, "repeats": int(duplicate.of) if duplicate.of else None, "kind": duplicate.kind,
        "link": "none" if duplicate.kind == "unique" else "suggested", "echoes": decision.clean.echoes,
    }  # fmt: skip


def _door(submission: Submission, today: str) -> dict[str, Any]:
    told = day(submission.submitted_at or "") or today
    return {"day": told, "source": submission.source, "channel": submission.channel}


def _numbered(judgement: Judgement, number: int) -> Judgement:
    """Return a judgement under our number, its parts as well."""
    parts = tuple(replace(part, id=f"{number}/{part.id.rpartition('/')[2]}") for part in judgement.parts)
    return replace(judgement, id=str(number), parts=parts)


def _open_issues(session: Session, judgements: Sequence[Judgement], duplicates: Sequence[Duplicate]) -> None:
    at = now()
    known = set(session.scalars(select(Issue.id).where(Issue.id.in_({each.issue for each in duplicates}))))
    fresh = {}
    for judgement, duplicate in zip(judgements, duplicates, strict=True):
        if duplicate.issue not in known and duplicate.issue not in fresh:
            name = title_and_body(judgement.clean.text)[0]
            fresh[duplicate.issue] = {"id": duplicate.issue, "name": name, "version": 1, "opened_at": at}
    if fresh:
        session.execute(insert(Issue), list(fresh.values()))


def _heard(
    session: Session, judgements: list[Judgement], duplicates: Sequence[Duplicate], submissions: Sequence[Submission]
) -> list[Judgement]:
    """Let the other voices of their issues aggravate texts; see `pipeline.priority.crowd`."""
    joined = {each.issue for each in duplicates if each.kind != "unique"}
    query = (
        select(Standing.issue, SubmissionRow.submitter, SubmissionRow.submitted_at)
        .join(SubmissionRow, SubmissionRow.number == Standing.number)
        .where(Standing.issue.in_(joined), Standing.status == Status.TRIAGED.value)
        .order_by(Standing.number.desc())
        .limit(_VOICES)
    )
    voices = [voice(d.issue, s.submitter, s.submitted_at) for d, s in zip(duplicates, submissions, strict=True)]
    earlier = [voice(*row) for row in session.execute(query)] if joined else []
    outside = crowd(voices + earlier)
    return [
        replace(each, priority=aggravate(each.priority, outside[at]))
        if at in outside and each.status == Status.TRIAGED
        else each
        for at, each in enumerate(judgements)
    ]


def _tied(session: Session, judgements: Sequence[Judgement], duplicates: Sequence[Duplicate]) -> list[Duplicate]:
    """Return the duplicates with the terms that tie each to the text it repeats or joins."""
    own = {each.id: (each.keywords, each.clean.text) for each in judgements}
    others = {int(each.of) for each in duplicates if each.of and each.of not in own}
    query = select(DecisionRow.number, DecisionRow.content).where(
        DecisionRow.number.in_(others), DecisionRow.shadow.is_(False)
    )
    for number, content in session.execute(query) if others else ():
        told = orjson.loads(content)
        own[str(number)] = tuple(told["keywords"]), told["clean"]["text"]
    return [
        replace(duplicate, shared=shared(*own[judgement.id], *own[duplicate.of])) if duplicate.of else duplicate
        for judgement, duplicate in zip(judgements, duplicates, strict=True)
    ]


def _announce(session: Session, actor: Actor, decisions: Sequence[Decision], job: int | None) -> None:
    told = [
        (
            int(each.id),
            {"status": each.status, "level1": each.topic.level1, "priority": each.priority.level,
             "issue": each.duplicate.issue},
        )
        for each in decisions
    ]  # fmt: skip
    feed.tell(session, "submission.received", told)
    first, last = decisions[0].id, decisions[-1].id
    what = f"submission:{first}" if first == last else f"submission:{first}-{last}"
    audit.record(session, actor, "submission.receive", what, after={"rows": len(decisions), "job": job})
