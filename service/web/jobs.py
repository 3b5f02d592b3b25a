"""Jobs (任务): what runs behind the pages, how far it is, the rows that could not be read; stop it, try it again."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import func, select

from service.accounts.actor import Actor
from service.api.values import Which
from service.desk.errors import ForbiddenError
from service.export.labels import DUPLICATE, PRIORITY, STATUS
from service.jobs import queue
from service.store import Job, RejectedRow
from service.web.files import download
from service.web.page import WORDS, Page, SignedIn
from service.web.telling import moment, who

router = APIRouter(prefix="/jobs")
_SHOWN = 50
_UNDER_WAY = ("waiting", "running")


def _asks(page: Page) -> Actor:
    """Return who asks: whoever imports sees their own jobs, who looks after jobs sees all."""
    assert page.actor
    return page.actor if "jobs" in page.actor.may else page.need("import")


def told(job: Job) -> dict[str, Any]:
    """Return a job as pages show it."""
    result = job.result or {}
    names = ("id", "kind", "state", "done", "total", "error", "attempts", "cancel")
    return {name: getattr(job, name) for name in names} | {
        "name": job.what.get("name", ""), "at": moment(job.made_at), "ended": moment(job.ended_at),
        "rejected": result.get("rejected", 0), "known": result.get("again", 0),
        "share": min(1.0, job.done / job.total) if job.total else None,
    }  # fmt: skip


@router.get("")
def show_jobs(page: SignedIn) -> Response:
    """List the latest jobs."""
    actor = _asks(page)
    with page.here.store.reading() as session:
        jobs = [told(job) | {"who": who(session, job.made_by)} for job in queue.seen(session, actor, _SHOWN)]
    return page.show("jobs", title="任务", jobs=jobs, busy=any(job["state"] in _UNDER_WAY for job in jobs))


@router.get("/{which}")
def show_job(page: SignedIn, which: Which) -> Response:
    """Show how far a job is, what came of it, and the rows that could not be read."""
    actor = _asks(page)
    with page.here.store.reading() as session:
        job = queue.get(session, actor, which)
        count = session.scalar(select(func.count()).where(RejectedRow.job == which)) or 0
        rejected = queue.rejected(session, actor, which, most=_SHOWN)
        by = who(session, job.made_by)
    return page.show(
        "job", title=WORDS["JOBS"].get(job.kind, "任务"), job=told(job), who=by, rejected=rejected, count=count,
        most=_SHOWN, figures=_figures(job.result or {}), busy=job.state in _UNDER_WAY,
    )  # fmt: skip


def _figures(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what came of a job, in words."""
    names = {"received": "收下", "again": "以前收过", "rejected": "读不了", "changed": "有变化", "issues": "涉及事项",
             "needs_review": "需复核", "examples": "训练文本", "undated": "时间读不懂，按收到的那天计"}  # fmt: skip
    found = [(shown, f"{result[name]} {'行' if name == 'rejected' else '件'}") for name, shown in names.items()
             if name in result and (result[name] or name != "undated")]  # fmt: skip
    kinds = {"status": STATUS, "priority": PRIORITY, "kind": DUPLICATE | {"unique": "单独"}}
    heads = {"status": "状态", "priority": "紧急程度", "kind": "与以往的"}
    for name, words in kinds.items():
        counts = [f"{words.get(value, value)} {count}" for value, count in result.get(name, {}).items()]
        found += [(heads[name], "、".join(counts))] if counts else []
    return found


@router.get("/{which}/rejected{ending}")
def refused(page: SignedIn, which: Which, ending: str) -> Response:
    """Give the rows that could not be read, to be mended and sent again."""
    actor = _asks(page)
    with page.here.store.reading() as session:
        job = queue.get(session, actor, which)
        if job.made_by != str(actor) and "read_personal" not in actor.may:
            raise ForbiddenError("读不了的行里可能有个人信息，只有导入的人和信息员能下载。")
        found = queue.rejected(session, actor, which, most=10**9)
        rows = [(row.file, row.line, row.reason, row.content) for row in found]
    return download(f"读不了的行-{which}", ending, [("读不了的行", ("文件", "行", "原因", "内容"), rows)])


@router.post("/{which}/cancel")
def cancel(page: SignedIn, which: Which) -> Response:
    """Stop a job; what it has stored stays."""
    actor = _asks(page)
    with page.here.store.writing() as session:
        queue.cancel(session, actor, which)
    return page.go(f"/jobs/{which}", "正在停下；已经收下的不会丢")


@router.post("/{which}/retry")
def retry(page: SignedIn, which: Which) -> Response:
    """Let a job that failed go on where it was."""
    actor = _asks(page)
    with page.here.store.writing() as session:
        queue.retry(session, actor, which)
    return page.go(f"/jobs/{which}", "已重新排上，从停下的地方接着做")
