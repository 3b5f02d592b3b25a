"""Submissions: send one or many, read one."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from pipeline.records import Submission
from service.accounts.actor import Actor
from service.api.context import Here, may
from service.desk.intake import Arrival, hash_of

router = APIRouter(prefix="/submissions", tags=["submissions"])


class SubmissionIn(BaseModel):
    """A submission as a caller sends it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    text: str = Field(min_length=1, max_length=200_000, description="原文；有标题的，标题占第一行")
    id: str | None = Field(None, min_length=1, max_length=200, description="来源系统里的编号；同一编号同一内容只收一次")
    submitted_at: str | None = Field(None, max_length=40)
    submitter: str | None = Field(None, max_length=200)
    contact: str | None = Field(None, max_length=200)
    place: str | None = Field(None, max_length=200)
    source: str | None = Field(None, max_length=100)
    channel: str | None = Field(None, max_length=100)
    likes: int = Field(0, ge=0, le=10**9)

    def arrival(self, actor: Actor) -> Arrival:
        """Return it as it stands at the door; with an intake key it comes from that key's site, whatever it says."""
        told = self.model_dump(exclude={"id", "contact"}) | ({"source": actor.site} if actor.site else {})
        submission = Submission(id=self.id or "", **told)
        if self.id:
            return Arrival(submission, hash_of(submission), contact=self.contact)
        return Arrival(submission, contact=self.contact)


class ReceiptOut(BaseModel):
    """What came of a submission; the site of a public form is told the reference alone."""

    reference: str
    again: bool
    number: int | None = None
    decision: dict[str, Any] | None = None


@router.post("", status_code=201)
def submit(sent: SubmissionIn, here: Here, actor: Annotated[Actor, Depends(may("submit"))]) -> ReceiptOut:
    """Send one submission; its decision comes back at once."""
    [receipt] = here.intake.receive([sent.arrival(actor)], actor)
    told = ReceiptOut(reference=receipt.reference, again=receipt.again)
    if not actor.site:
        told.number, told.decision = receipt.number, orjson.loads(receipt.decision)
    return told
