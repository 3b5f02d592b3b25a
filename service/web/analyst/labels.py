"""Labels (标签): what they come from, which are doubtful, second readings, who agrees with whom, what comes back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response
from sqlalchemy.orm import Session

from pipeline.labels import NO_TOPIC, SOURCES
from service.api.values import Which
from service.desk import labels, reading, review
from service.desk.errors import RuleError
from service.store import Job
from service.web.analyst import models
from service.web.analyst.frame import ROOT, jobs_of, show
from service.web.page import Page, SignedIn
from service.web.telling import moment

router = APIRouter(prefix=f"{ROOT}/labels")
_SHOWN = 50
JUNK = f"{NO_TOPIC[0]}/"


@router.get("")
def show_labels(page: SignedIn) -> Response:
    """Show what labels there are, and what to read again."""
    actor = page.need("labels")
    doubts, job = _doubts(page)
    with page.here.store.reading() as session:
        tally = labels.tally(session)
        agreed = reading.agreements(session)
        back = reading.handed_back(session, actor)
        done = _done(session, doubts, job)
        people = reading.people(session)
    left = [each for each in doubts if int(each["id"]) not in done]
    return show(
        page, "analyst_labels", doubts=left[:_SHOWN], found=len(doubts), done=len(done), agreed=agreed, back=back,
        at=moment(job.ended_at) if job else "", people=people, latest=reading.LATEST,
        sources=[(models.SOURCES[name], tally.get(name, 0), weight) for name, weight in SOURCES.items()],
    )  # fmt: skip


def _doubts(page: Page) -> tuple[list[dict[str, Any]], Job | None]:
    """Return the doubtful labels that the latest retraining found, of texts that may be read, and the retraining."""
    assert page.actor
    for job in jobs_of(page, "retrain", 200):
        if job.result and "doubtful" in job.result:
            with page.here.store.reading() as session:
                return reading.excerpts(session, page.actor, job.result["doubtful"]), job
    return [], None


def _done(session: Session, doubts: list[dict[str, Any]], job: Job | None) -> set[int]:
    began = job.started_at if job else None
    return reading.done(session, [int(each["id"]) for each in doubts], began) if began else set()


@router.get("/{number}")
def ask(page: SignedIn, number: Which) -> Response:
    """Show a text to be read anew, without what was said of it."""
    actor = page.need("labels")
    with page.here.store.reading() as session:
        text = reading.text_of(session, actor, number)
    return show(page, "analyst_reading", number=number, text=text, groups=_groups())


def _groups() -> list[tuple[str, list[tuple[str, str]]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for first, second in sorted(review.topics()):
        found.setdefault(first, []).append((f"{first}/{second}", second))
    return [*found.items(), ("都不是", [(JUNK, "不是来件（垃圾信息）")])]


@router.post("/{number}")
def keep(page: SignedIn, number: Which, topic: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Keep a second reading, and lead to the next doubtful label."""
    actor = page.need("labels")
    level1, _, level2 = topic.partition("/")
    if not level1:
        raise RuleError("还没有选主题。请选一个。", "topic")
    doubts, job = _doubts(page)
    with page.here.store.writing() as session:
        reading.read(session, actor, number, level1, level2)
        done = _done(session, doubts, job)
    here = next((each for each in doubts if int(each["id"]) == number), None)
    told = f"第 {number} 件：您判 {level1}" + (
        f"；原来的标签是 {here['label']}，模型看像 {here['other']}" if here else ""
    )
    following = next((each["id"] for each in doubts if int(each["id"]) not in done), None)
    return page.go(f"{ROOT}/labels/{following}" if here and following else f"{ROOT}/labels", told)
