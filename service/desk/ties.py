"""What a text owes to the others: its issue and its first text, the voices that aggravate it, the terms that tie it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import orjson
from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.orm import Session

from pipeline.match import shared
from pipeline.priority import aggravate, crowd, voice
from pipeline.records import Duplicate, Judgement, Status, Submission
from service.export.labels import title_and_body
from service.masking import masked
from service.store import DecisionRow, Issue, Standing, SubmissionRow, now, table

_ISSUES = table(Issue)
_KNOWN = select(_ISSUES.c.id).where(_ISSUES.c.id.in_(bindparam("issues", expanding=True)))
_NEW = insert(_ISSUES)
_VOICES = 2000
"""So many texts of an issue tell how many people speak."""


def open_issues(session: Session, judgements: Sequence[Judgement], duplicates: Sequence[Duplicate]) -> None:
    """Open the issues that some texts are the first of."""
    at = now()
    known = set(session.scalars(_KNOWN, {"issues": list({each.issue for each in duplicates})}))
    fresh = {}
    for judgement, duplicate in zip(judgements, duplicates, strict=True):
        if duplicate.issue not in known and duplicate.issue not in fresh:
            spans = [(each.start, each.end, each.kind) for each in judgement.clean.personal]
            name = title_and_body(masked(judgement.clean.text, spans))[0]  # more people read it than the text
            fresh[duplicate.issue] = {"id": duplicate.issue, "name": name, "version": 1, "opened_at": at}
    if fresh:
        session.execute(_NEW, list(fresh.values()))


def anchored(session: Session, duplicates: list[Duplicate]) -> list[Duplicate]:
    """Let other voices of an issue point to its first text: officers may have moved the one it is called after."""
    joined = {each.issue for each in duplicates if each.kind == "same_issue"}
    if not joined:
        return duplicates
    query = select(Standing.issue, func.min(Standing.number)).where(Standing.issue.in_(joined)).group_by(Standing.issue)
    first: dict[str, int] = dict(session.execute(query).all())
    return [
        replace(each, of=str(first[each.issue])) if each.kind == "same_issue" and each.issue in first else each
        for each in duplicates
    ]


def heard(
    session: Session, judgements: list[Judgement], duplicates: Sequence[Duplicate], submissions: Sequence[Submission]
) -> list[Judgement]:
    """Let the other voices of their issues aggravate texts; see `pipeline.priority.crowd`."""
    joined = {each.issue for each in duplicates if each.kind != "unique"}
    if not joined:
        return judgements
    query = (
        select(Standing.issue, SubmissionRow.submitter, SubmissionRow.submitted_at)
        .join(SubmissionRow, SubmissionRow.number == Standing.number)
        .where(
            Standing.issue.in_(joined),
            Standing.status == Status.TRIAGED.value,
            Standing.number.not_in([int(each.id) for each in judgements]),
        )
        .order_by(Standing.number.desc())
        .limit(_VOICES)
    )
    voices = [voice(d.issue, s.submitter, s.submitted_at) for d, s in zip(duplicates, submissions, strict=True)]
    earlier = [voice(*row) for row in session.execute(query)]
    outside = crowd(voices + earlier)
    return [
        replace(each, priority=aggravate(each.priority, outside[at]))
        if at in outside and each.status == Status.TRIAGED
        else each
        for at, each in enumerate(judgements)
    ]


def tied(session: Session, judgements: Sequence[Judgement], duplicates: Sequence[Duplicate]) -> list[Duplicate]:
    """Return the duplicates with the terms that tie each to the text it repeats or joins."""
    if not any(each.of for each in duplicates):
        return list(duplicates)
    own = {each.id: (each.keywords, each.clean.text) for each in judgements}
    others = {int(each.of) for each in duplicates if each.of and each.of not in own}
    query = (
        select(DecisionRow.number, DecisionRow.content)
        .join(Standing, Standing.decision == DecisionRow.id)
        .where(Standing.number.in_(others))
    )
    for number, content in session.execute(query) if others else ():
        told = orjson.loads(content)
        own[str(number)] = tuple(told["keywords"]), told["clean"]["text"]
    return [
        replace(duplicate, shared=shared(*own[judgement.id], *own[duplicate.of])) if duplicate.of else duplicate
        for judgement, duplicate in zip(judgements, duplicates, strict=True)
    ]
