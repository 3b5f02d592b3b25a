"""What happened: the feed of changes, and webhooks that are told of it."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from service.accounts.actor import Actor
from service.api.context import Here, Reading, may
from service.desk import feed, webhooks

router = APIRouter(tags=["changes"])
Administrator = Annotated[Actor, Depends(may("webhooks"))]
Which = Annotated[int, Path(ge=1, le=2**62)]
Kind = Annotated[str, Field(max_length=32, pattern=r"^[a-z_.]+$")]
_LOOK = 0.5
"""Seconds between two looks of somebody who waits."""


class ChangeOut(BaseModel):
    """One change."""

    model_config = ConfigDict(from_attributes=True)

    seq: int
    kind: str
    number: int | None
    content: dict[str, Any]
    at: datetime


class WebhookIn(BaseModel):
    """An address to be told of changes."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=2000, description="http:// 或 https:// 地址")
    kinds: list[Kind] = Field([], max_length=50, description="只推送这些种类；空为全部")


class WebhookChange(BaseModel):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    url: str | None = Field(None, max_length=2000)
    kinds: list[Kind] | None = Field(None, max_length=50)
    active: bool | None = None


class WebhookOut(BaseModel):
    """An address that is told of changes."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    url: str
    kinds: list[str]
    active: bool
    seq: int = Field(description="已送到的最后一条")
    failures: int = Field(description="连续没有送到的次数")
    next_at: datetime | None
    made_by: str


class NewWebhook(WebhookOut):
    """A new address, with the secret that is told this once."""

    secret: str


@router.get("/changes")
async def changes(
    here: Here,
    actor: Annotated[Actor, Depends(may("read"))],
    after: Annotated[int, Query(ge=0, le=2**62, description="上次读到的最后一个 seq")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    wait: Annotated[int, Query(ge=0, le=25, description="没有新变动时最多等几秒")] = 0,
) -> list[ChangeOut]:
    """Read what happened after a sequence number, in order; none is ever passed over."""

    def look() -> list[ChangeOut]:
        with here.store.reading() as session:
            found = feed.since(session, after, limit, restricted="read_restricted" in actor.may)
            return [ChangeOut.model_validate(each) for each in found]

    end = time.monotonic() + wait
    while not (found := await run_in_threadpool(look)) and time.monotonic() < end:
        await asyncio.sleep(_LOOK)  # who waits holds no thread
    return found


@router.get("/webhooks")
def every(session: Reading, actor: Administrator) -> list[WebhookOut]:
    """List the webhooks."""
    return [WebhookOut.model_validate(each) for each in webhooks.every(session)]


@router.post("/webhooks", status_code=201)
def add(sent: WebhookIn, here: Here, actor: Administrator) -> NewWebhook:
    """Tell an address of changes from now on; its secret is shown in this answer and never again."""
    with here.store.writing() as session:
        return NewWebhook.model_validate(webhooks.add(session, actor, sent.url, sent.kinds))


@router.patch("/webhooks/{which}")
def change(which: Which, sent: WebhookChange, here: Here, actor: Administrator) -> WebhookOut:
    """Change a webhook; active again, it goes on with the first change that did not arrive."""
    with here.store.writing() as session:
        return WebhookOut.model_validate(webhooks.change(session, actor, which, **sent.model_dump()))


@router.delete("/webhooks/{which}", status_code=204)
def remove(which: Which, here: Here, actor: Administrator) -> None:
    """Tell an address no longer."""
    with here.store.writing() as session:
        webhooks.remove(session, actor, which)
