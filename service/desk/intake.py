"""Receiving submissions: judged, matched, routed and stored in one write; a row that came before is known again."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson
from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from pipeline.match import Index, Near
from pipeline.match.homes import prints_of
from pipeline.records import Decision, Judgement, Submission, to_json
from pipeline.route import finish
from pipeline.triage import Judged, Triage
from service.accounts.actor import Actor
from service.desk import audit, feed, search, ties
from service.desk.load import Load
from service.desk.standings import at_the_door, dated, standing_of
from service.neighbours import Tables
from service.store import DecisionRow, Standing, Store, SubmissionRow, now, table

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Of the numbers that senders are told: no sign that can be taken for another."""
_ANY = Submission("", "幸福路的路灯坏了三天，晚上走路看不见，请尽快修。")
_SUBMISSIONS, _DECISIONS, _STANDINGS = table(SubmissionRow), table(DecisionRow), table(Standing)
_NEW_SUBMISSION = insert(_SUBMISSIONS).returning(_SUBMISSIONS.c.number, sort_by_parameter_order=True)
_NEW_DECISION = insert(_DECISIONS).returning(_DECISIONS.c.id, sort_by_parameter_order=True)
_NEW_STANDING = insert(_STANDINGS)
_KNOWN = (
    select(_SUBMISSIONS.c.row_hash, _SUBMISSIONS.c.number, _SUBMISSIONS.c.reference, _DECISIONS.c.content)
    .join(_STANDINGS, _STANDINGS.c.number == _SUBMISSIONS.c.number)
    .join(_DECISIONS, _DECISIONS.c.id == _STANDINGS.c.decision)
    .where(_SUBMISSIONS.c.row_hash.in_(bindparam("hashes", expanding=True)))
)
AtWork = tuple[Triage, Index, Load]
"""What judges, matches and weighs who takes it up, at one time."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A submission at the door.

    row_hash : see `SubmissionRow`; from `hash_of` where its source numbers its rows, else one of its own.
    by : who brought it, where not the one who brings the delivery.
    """

    submission: Submission
    row_hash: str = field(default_factory=lambda: secrets.token_hex(32))
    contact: str | None = None
    attachments: tuple[str, ...] = ()
    by: Actor | None = None


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
    """Do for texts what needs no store, in whatever process. A text without a day is judged as of today."""
    at = now()
    judged = triage.judge([dated(each, at) for each in submissions])
    return Prepared(judged, [search.tokens_of(each.clean, triage.segmenter) for each in judged.judgements])


def nothing(session: Session, receipts: Mapping[str, Receipt]) -> None:
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
        index = Index(self.home, triage.background)
        index.near(prepare(triage, [_ANY]).judged.prints)  # the first of all takes long: it is not to be a caller's
        self._at_work = triage, index, Load(triage.router)

    @property
    def triage(self) -> Triage:
        """What judges at present."""
        return self._at_work[0]

    def near(self, number: int) -> list[Near]:
        """Return the texts that may be of the same matter as a stored one, the surest first."""
        index = self._at_work[1]
        kept = self.home.get(self.home.named([str(number)]))
        found = index.near(prints_of(kept, len(kept[0].topics))) if kept else []
        return [near for near in found if near.id != str(number)]

    def receive(
        self,
        arrivals: Sequence[Arrival],
        actor: Actor,
        job: int | None = None,
        *,
        beside: Callable[[Session, Sequence[Receipt]], None] | None = None,
    ) -> list[Receipt]:
        """Receive a delivery: all of it is stored, or nothing.

        Texts are judged before the write begins. A row whose hash is known is not stored again; its receipt says so.

        Parameters
        ----------
        arrivals : at least one.
        actor : who brings them.
        job : the import that they came with.
        beside : what else is to be kept in the same write, such as that somebody was answered.
        """
        at_work = self._at_work
        known: dict[str, Receipt] = {}
        if len(arrivals) > 1:  # one row is seldom here already; of an import that is taken up again, most are
            with self.store.reading() as session:
                known = self._known(session, arrivals)
        fresh = [each for name, each in {each.row_hash: each for each in arrivals}.items() if name not in known]
        prepared = prepare(at_work[0], [each.submission for each in fresh])

        def also(session: Session, kept: Mapping[str, Receipt]) -> None:
            if beside:
                beside(session, [known.get(each.row_hash) or kept[each.row_hash] for each in arrivals])

        receipts = known | self.keep(fresh, prepared, actor, job, also, at_work)
        return [receipts[each.row_hash] for each in arrivals]

    def receipt(self, number: int) -> Receipt:
        """Return what was answered when a submission came: its first decision."""
        query = (
            select(SubmissionRow.reference, DecisionRow.content)
            .join(DecisionRow, DecisionRow.number == SubmissionRow.number)
            .where(SubmissionRow.number == number)
            .order_by(DecisionRow.id)
            .limit(1)
        )
        with self.store.reading() as session:
            reference, content = session.execute(query).one()
        return Receipt(number, reference, content.encode())

    def keep(
        self,
        fresh: Sequence[Arrival],
        prepared: Prepared,
        actor: Actor,
        job: int | None = None,
        also: Callable[[Session, Mapping[str, Receipt]], None] = nothing,
        at_work: AtWork | None = None,
    ) -> dict[str, Receipt]:
        """Store what was prepared, each row once; return the receipts by row hash.

        Parameters
        ----------
        also : what else belongs to this write, given the receipts: it is kept or lost with it.
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
            also(session, receipts)
        return receipts

    def known(self, hashes: Sequence[str]) -> set[str]:
        """Return which rows are in the store, of some hashes."""
        with self.store.reading() as session:
            return set(session.scalars(select(SubmissionRow.row_hash).where(SubmissionRow.row_hash.in_(hashes))))

    def _known(self, session: Session, arrivals: Sequence[Arrival]) -> dict[str, Receipt]:
        rows = session.execute(_KNOWN, {"hashes": [each.row_hash for each in arrivals]}).all()
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
            duplicates = ties.anchored(session, index.add([str(number) for number in numbers], judged.prints))
        ties.open_issues(session, judgements, duplicates)
        judgements = ties.heard(session, judgements, duplicates, [each.submission for each in fresh])
        issues = [duplicate.issue for duplicate in duplicates]
        for at, choices in triage.router.assign(judged.asks, issues, load.ledger(session, issues)):
            judgements[at] = replace(judgements[at], route=finish(judgements[at].route, choices))
        duplicates = ties.tied(session, judgements, duplicates)
        decisions = [triage.decide(*each) for each in zip(judgements, duplicates, strict=True)]
        contents = [to_json(decision) for decision in decisions]
        self._decisions(session, fresh, decisions, contents)
        search.add(session, list(zip(numbers, prepared.tokens, strict=True)))
        _announce(session, [each.by or actor for each in fresh], decisions, job)
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
                "attachments": list(each.attachments), "received_at": at, "received_by": str(each.by or actor),
                "job": job,
            }
            for each, reference in zip(fresh, references, strict=True)
        ]  # fmt: skip
        return list(session.scalars(_NEW_SUBMISSION, rows))

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
        ids = list(session.scalars(_NEW_DECISION, rows))
        standings = [
            standing_of(decision, which) | at_the_door(arrival.submission, at) | {"changed_at": at}
            for decision, which, arrival in zip(decisions, ids, fresh, strict=True)
        ]
        session.execute(_NEW_STANDING, standings)


def _numbered(judgement: Judgement, number: int) -> Judgement:
    """Return a judgement under our number, its parts as well."""
    parts = tuple(replace(part, id=f"{number}/{part.id.rpartition('/')[2]}") for part in judgement.parts)
    return replace(judgement, id=str(number), parts=parts)


def _announce(session: Session, actors: Sequence[Actor], decisions: Sequence[Decision], job: int | None) -> None:
    told = [
        (
            int(each.id),
            {"status": each.status, "level1": each.topic.level1, "priority": each.priority.level,
             "issue": each.duplicate.issue},
        )
        for each in decisions
    ]  # fmt: skip
    feed.tell(session, "submission.received", told)
    brought: dict[Actor, list[str]] = {}
    for actor, each in zip(actors, decisions, strict=True):
        brought.setdefault(actor, []).append(each.id)
    for actor, own in brought.items():
        whole = len(own) > 1 and int(own[-1]) - int(own[0]) == len(own) - 1
        what = f"submission:{own[0]}-{own[-1]}" if whole else f"submission:{','.join(own)}"
        audit.record(session, actor, "submission.receive", what, after={"rows": len(own), "job": job})
