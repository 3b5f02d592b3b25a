"""Issues: the hot ones, one with its voices, and what officers do with them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from service.accounts.actor import Actor
from service.api.context import Here, Reading, may
from service.api.routes.reviews import ActIn, ActsOut, Officer, _acts
from service.api.routes.shapes import IssueOut, LineOut
from service.api.routes.submissions import queue
from service.api.values import Given, Name, Sent, Short, Version
from service.desk import heat, issues
from service.export.hot import HotIssue

router = APIRouter(tags=["issues"])
Reader = Annotated[Actor, Depends(may("read"))]


class HotOut(Given):
    """An issue with its heat, the parts of it beside the score."""

    issue: str
    title: str
    topic: str
    places: tuple[str, ...]
    first: str
    last: str
    heat: dict[str, float]
    rows: int


class WholeIssueOut(IssueOut):
    """An issue with its heat, how many texts came on each day, and the latest of them."""

    theme_name: str | None
    count: int
    hot: HotOut | None
    days: dict[str, int]
    texts: list[LineOut]
    cursor: str | None


class IntoIn(ActIn):
    """The issue that takes up another."""

    into: Short = Field(min_length=1)


class NameIn(ActIn):
    """A name that people understand."""

    name: Short = Field(min_length=1)


class ThemeIn(Sent):
    """A theme by its name; null takes it away."""

    version: Version
    theme: Short | None = None


@router.get("/hot")
def hot(
    session: Reading,
    here: Here,
    actor: Reader,
    days: Annotated[int, Query(ge=1, le=365, description="“近期”是几天")] = 14,
    most: Annotated[int, Query(ge=1, le=200)] = 50,
    level1: Annotated[Short | None, Query(description="只看这一个一级主题")] = None,
) -> list[HotOut]:
    """List the hottest issues: several voices, how well backed, whether growing, how far spread."""
    return [_hot(each) for each in here.hottest.issues(session, actor, days=days, most=most, by=level1)]


@router.get("/issues/{name}")
def read(
    name: Name, session: Reading, here: Here, actor: Reader, cursor: Annotated[str | None, Query(max_length=300)] = None
) -> WholeIssueOut:
    """Read one issue with its timeline, heat and texts."""
    found = heat.whole(session, actor, queue(here), name, cursor)
    texts = [LineOut.of(each) for each in found.texts]
    return WholeIssueOut(
        **IssueOut.model_validate(found.issue).model_dump(),
        theme_name=found.theme,
        count=found.count,
        hot=_hot(found.heat) if found.heat else None,
        days=found.days,
        texts=texts,
        cursor=found.cursor,
    )


@router.post("/issues/{name}/merge")
def merge(name: Name, sent: IntoIn, here: Here, actor: Officer) -> ActsOut:
    """Join all of an issue to another; its id stays and leads there."""
    with here.store.writing() as session:
        return _acts(issues.merge_issues(session, actor, name, sent.version, sent.into, sent.reason))


@router.post("/issues/{name}/unmerge")
def unmerge(name: Name, sent: ActIn, here: Here, actor: Officer) -> ActsOut:
    """Take an issue out again of the one that it was merged into."""
    with here.store.writing() as session:
        return _acts(issues.unmerge(session, actor, name, sent.version))


@router.post("/issues/{name}/rename")
def rename(name: Name, sent: NameIn, here: Here, actor: Officer) -> IssueOut:
    """Give an issue another name."""
    with here.store.writing() as session:
        return IssueOut.model_validate(issues.rename(session, actor, name, sent.version, sent.name, sent.reason))


@router.post("/issues/{name}/theme")
def theme(name: Name, sent: ThemeIn, here: Here, actor: Officer) -> IssueOut:
    """Put an issue under a big theme (小切口, 大主题)."""
    with here.store.writing() as session:
        return IssueOut.model_validate(issues.set_theme(session, actor, name, sent.version, sent.theme))


def _hot(found: HotIssue) -> HotOut:
    told: dict[str, Any] = found.told()
    return HotOut(**told)
