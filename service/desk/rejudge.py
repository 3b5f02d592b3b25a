"""Judging again: what was stored is judged by the present model and tables; what a person decided stays.

Each run adds a decision. A standing follows it only while nobody looked: where an officer accepted, corrected or threw
out, the new decision stays a shadow beside the old one; of a reopened one, what was corrected before stays. Issues are
not told anew, for their ids are known outside: they change by the hand of an officer only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from pipeline.records import Duplicate, Submission, to_json
from pipeline.route import finish
from pipeline.triage import Triage
from service.accounts.actor import Actor
from service.desk import audit, feed, ties
from service.desk.load import Load
from service.desk.standings import dated, standing_of
from service.store import DecisionRow, Review, Standing, Store, SubmissionRow, now

CHUNK = 100
"""So many are written at once."""
_MATCHED = ("issue", "repeats", "kind", "link")
_ROUTED = ("owner", "station")
"""What stays once a member has it."""


def rejudge(store: Store, triage: Triage, numbers: Sequence[int], actor: Actor) -> int:
    """Judge stored submissions again; return how many standings changed."""
    load, changed = Load(triage.router), 0
    for begin in range(0, len(numbers), CHUNK):
        wanted = numbers[begin : begin + CHUNK]
        with store.reading() as session:
            query = select(SubmissionRow).where(SubmissionRow.number.in_(wanted)).order_by(SubmissionRow.number)
            rows = session.scalars(query).all()
        sent = [_submission(row) for row in rows]
        judged = triage.judge([dated(*pair) for pair in zip(sent, (row.received_at for row in rows), strict=True)])
        with store.writing() as session:
            standings = {int(each.id): session.get_one(Standing, int(each.id)) for each in sent}
            duplicates = [_kept(session, own) for own in standings.values()]
            judgements = ties.heard(session, judged.judgements, duplicates, sent)
            issues = [each.issue for each in duplicates]
            for at, choices in triage.router.assign(judged.asks, issues, load.ledger(session, issues)):
                judgements[at] = replace(judgements[at], route=finish(judgements[at].route, choices))
            decided = _held(session, list(standings))
            at_last = []
            for own, judgement, duplicate in zip(standings.values(), judgements, duplicates, strict=True):
                content = to_json(triage.decide(judgement, duplicate))
                follows = own.waits
                which = _add(session, triage, own.number, content, shadow=not follows)
                columns = standing_of(triage.decide(judgement, duplicate), which) if follows else {}
                stay = {*_MATCHED, *decided.get(own.number, ()), *(_ROUTED if own.delivery != "none" else ())}
                if _follow(own, {name: value for name, value in columns.items() if name not in stay}):
                    at_last.append(own)
            changed += len(at_last)
            told = [(own.number, {"version": own.version, "level1": own.level1}) for own in at_last]
            feed.tell(session, "submission.rejudge", told)
            what = f"submission:{sent[0].id}-{sent[-1].id}" if sent else "submission:"
            after = {"rows": len(sent), "changed": len(at_last), "model": triage.model}
            audit.record(session, actor, "submission.rejudge", what, after=after)
    return changed


def _submission(row: SubmissionRow) -> Submission:
    return Submission(
        str(row.number), row.text, row.submitted_at, row.submitter, row.place, row.source, row.channel, row.likes
    )


def _kept(session: Session, own: Standing) -> Duplicate:
    """Return the place among the others that a submission has now, officers' changes included."""
    told = orjson.loads(session.get_one(DecisionRow, own.decision).content)["duplicate"]
    same = told["of"] == (str(own.repeats) if own.repeats else None)
    score, tied = (told["score"], tuple(told.get("shared", ()))) if same else (0.0, ())
    return Duplicate(own.kind, str(own.repeats) if own.repeats else None, own.issue, score, tied)


def _held(session: Session, numbers: Sequence[int]) -> dict[int, set[str]]:
    """Return the columns that officers changed and nobody took back."""
    undone = select(Review.undoes).where(Review.undoes.is_not(None))
    query = select(Review.number, Review.after).where(
        Review.number.in_(numbers), Review.action != "undo", Review.id.not_in(undone)
    )
    held: dict[int, set[str]] = {}
    for number, after in session.execute(query):
        held.setdefault(number, set()).update(after)
    return held


def _add(session: Session, triage: Triage, number: int, content: bytes, *, shadow: bool) -> int:
    row = {
        "number": number, "content": content.decode(), "model": triage.model, "rules": triage.router.version,
        "shadow": shadow, "made_at": now(),
    }  # fmt: skip
    return session.scalars(insert(DecisionRow).returning(DecisionRow.id), [row]).one()


def _follow(own: Standing, columns: dict[str, Any]) -> bool:
    """Let a standing follow a decision; tell whether anything but the decision's number changed."""
    changed = any(getattr(own, name) != value for name, value in columns.items() if name != "decision")
    for name, value in columns.items():
        setattr(own, name, value)
    if changed:
        own.version, own.changed_at = own.version + 1, now()
    return changed
