"""Submissions: send one or many, list them, read one."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from pipeline.records import Submission
from service.accounts import sight
from service.accounts.actor import Actor
from service.api.context import Context, Here, Reading, may
from service.api.routes.shapes import (
    AnswerOut,
    AssignmentShort,
    DossierOut,
    FiltersIn,
    IssueOut,
    LineOut,
    NeighbourOut,
    PageIn,
    PageOut,
    ReviewOut,
    StandingOut,
)
from service.api.values import AskedKey, Long, Number, Sent, Short
from service.desk import asked, audit
from service.desk.dossier import dossier
from service.desk.errors import ForbiddenError
from service.desk.intake import Arrival, Receipt, hash_of
from service.desk.queue import FACETS, Queue

router = APIRouter(prefix="/submissions", tags=["submissions"])

MOST = 1000
_CHUNK = 100
"""A batch is stored in parts of so many, so that others are let in between."""


class SubmissionIn(Sent):
    """A submission as a caller sends it."""

    text: Long = Field(description="原文；有标题的，标题占第一行")
    id: Short | None = Field(None, min_length=1, description="来源系统里的编号；同一编号同一内容只收一次")
    submitted_at: Short | None = Field(None, max_length=40)
    submitter: Short | None = None
    contact: Short | None = None
    place: Short | None = None
    source: Short | None = None
    channel: Short | None = None
    likes: int = Field(0, ge=0, le=10**9)

    def arrival(self, actor: Actor, request: asked.Request | None, nth: int = 0) -> Arrival:
        """Return it as it stands at the door; a request that comes again brings the same row.

        With an intake key it comes from that key's site, whatever it says.
        """
        told = self.model_dump(exclude={"id", "contact"}) | ({"source": actor.site} if actor.site else {})
        submission = Submission(id=self.id or "", **told)
        if self.id:
            return Arrival(submission, hash_of(submission), contact=self.contact)
        if request:
            return Arrival(submission, request.row_hash(nth), contact=self.contact)
        return Arrival(submission, contact=self.contact)


class ReceiptOut(Sent):
    """What came of a submission; `again`: it was here before, and was not stored a second time.

    The site of a public form is told the reference alone; who may not read the submission, nothing of its decision.
    """

    reference: str
    again: bool
    number: int | None = None
    decision: dict[str, Any] | None = None


class BatchIn(Sent):
    """Up to 1,000 submissions."""

    submissions: list[SubmissionIn] = Field(min_length=1, max_length=MOST)


class ShortReceipt(Sent):
    """What came of one of many; the decision is read from its address."""

    number: int
    reference: str
    again: bool


class BatchOut(Sent):
    """What came of a batch, in its order."""

    receipts: list[ShortReceipt]


def queue(here: Context) -> Queue:
    """Return the queue with the tables that are at work."""
    return Queue(here.intake.triage.router.places, here.intake.triage.segmenter)


Reader = Annotated[Actor, Depends(may("read"))]
Sender = Annotated[Actor, Depends(may("submit"))]


def _request(key: str | None, actor: Actor, what: str, sent: Sent) -> asked.Request | None:
    return asked.Request.of(key, actor, what, sent.model_dump_json().encode()) if key else None


def _told(receipt: Receipt, here: Context, actor: Actor) -> Response:
    told = {"reference": receipt.reference, "again": receipt.again}
    if actor.site:
        return Response(orjson.dumps(told), 201, media_type="application/json")
    head = orjson.dumps(told | {"number": receipt.number})
    with here.store.reading() as session:
        decision = sight.answered(session, receipt.number, receipt.decision, actor)
    body = b"%s,%s%s}" % (head[:-1], b'"decision":', decision or b"null")
    return Response(body, 201, media_type="application/json")


@router.post("", status_code=201, response_model=ReceiptOut)
def submit(sent: SubmissionIn, here: Here, actor: Sender, key: AskedKey = None) -> Response:
    """Send one submission; its decision comes back at once."""
    request = _request(key, actor, "submissions", sent)
    arrival = sent.arrival(actor, request)
    if request:
        with here.store.reading() as session:
            before = asked.answered(session, request)
        if before:
            return _told(here.intake.receipt(int(before.answer)), here, actor)
    return _told(here.gatherer.receive(arrival, actor, request), here, actor)


@router.post("/batch", status_code=201)
def submit_many(sent: BatchIn, here: Here, actor: Sender, key: AskedKey = None) -> BatchOut:
    """Send up to 1,000 submissions. Sent again with the same Idempotency-Key after a failure, none enters twice."""
    if actor.site:
        raise ForbiddenError("站点的收件密钥一次只收一件。请逐件发送到 /api/v1/submissions。")
    request = _request(key, actor, "submissions/batch", sent)
    if request:
        with here.store.reading() as session:
            asked.answered(session, request)
        with here.store.writing() as session:
            asked.remember(session, request, 201, str(len(sent.submissions)))
    arrivals = [each.arrival(actor, request, nth) for nth, each in enumerate(sent.submissions)]
    receipts = []
    for begin in range(0, len(arrivals), _CHUNK):
        receipts += here.intake.receive(arrivals[begin : begin + _CHUNK], actor)
    return BatchOut(
        receipts=[ShortReceipt(number=each.number, reference=each.reference, again=each.again) for each in receipts]
    )


@router.get("")
def listed(session: Reading, here: Here, actor: Reader, asked_for: Annotated[PageIn, Query()]) -> PageOut:
    """List submissions, a page at a time; `cursor` of one page leads to the next."""
    page = queue(here).page(
        session,
        actor,
        asked_for.filters(),
        order=asked_for.order,
        cursor=asked_for.cursor,
        most=asked_for.most,
    )
    items = [LineOut.of(each) for each in page.items]
    return PageOut(items=items, cursor=page.cursor)


@router.get("/counts")
def counts(
    session: Reading,
    here: Here,
    actor: Reader,
    asked_for: Annotated[FiltersIn, Query()],
) -> dict[str, dict[str, int]]:
    """Count submissions by the values of some facets (`by`), each under all filters but its own."""
    return {
        facet: queue(here).counts(session, actor, asked_for.filters(), facet)
        for facet in dict.fromkeys(asked_for.by or FACETS[:1])
    }


@router.get("/{number}")
def read(
    number: Number,
    session: Reading,
    here: Here,
    actor: Reader,
    personal: Annotated[bool, Query(description="连同原文和来件人；谁看过会记入审计")] = False,
) -> DossierOut:
    """Read one submission: what came, what was decided, what people did with it, and what is near it.

    With `personal` who sent it and the raw text as well, for who may read them; who looked is written down.
    """
    found = dossier(session, actor, number, here.intake.near(number))
    if not personal:
        for name in sight.PERSONAL - {"reference"}:
            found.arrival.pop(name, None)
    elif "read_personal" in actor.may:
        with here.store.writing() as writing:
            audit.record(writing, actor, "submission.personal", f"submission:{number}")
    return DossierOut(
        **StandingOut.model_validate(found.standing).model_dump() | {"title": found.title},
        arrival=found.arrival,
        judged=found.decision,
        matter=IssueOut.model_validate(found.issue),
        reviews=[ReviewOut.model_validate(each) for each in found.reviews],
        neighbours=[NeighbourOut.model_validate(each) for each in found.neighbours],
        assignments=[AssignmentShort.model_validate(each) for each in found.assignments],
        answers=[AnswerOut.model_validate(each) for each in found.answers],
    )
