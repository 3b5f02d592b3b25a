"""Import (导入): a file is kept, its columns are shown and corrected, a job takes it in, refused rows are told."""

from __future__ import annotations

import csv
import io
import re
import time
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy import func, select

from pipeline.ingest.columns import mapping
from pipeline.ingest.peek import peek
from service.accounts.actor import Actor
from service.api.values import Which
from service.desk.errors import ForbiddenError, NotFoundError
from service.export.sheet import disarm
from service.jobs import queue
from service.jobs.imports import begin, keep_file
from service.store import Job, RejectedRow
from service.web.page import Page, SignedIn
from service.web.say import sites

router = APIRouter()
_SHOWN = 5
_KEPT = 24 * 3600
"""Seconds for which an upload waits for its import."""
_UPLOAD = re.compile(r"[0-9a-f]{32}\.[a-z]{3,5}")
FIELDS = (
    ("text", "全文"), ("title", "标题"), ("body", "正文"), ("id", "编号"), ("submitted_at", "时间"),
    ("submitter", "反映人"),
    ("place", "地点"), ("source", "来源"), ("channel", "渠道"), ("likes", "点赞数"),
)  # fmt: skip


@router.get("/import")
def ask(page: SignedIn) -> Response:
    """Ask for a file, and show the latest imports."""
    actor = page.need("import")
    with page.here.store.reading() as session:
        jobs = [job for job in queue.seen(session, actor, 50) if job.kind == "import"][:10]
        open_sites = sites(session)
    return page.show("import", title="导入", jobs=[_told(job) for job in jobs], sites=open_sites)


@router.post("/import")
def receive(page: SignedIn, file: UploadFile) -> Response:
    """Keep the file, and show what its columns are taken for; a file without columns goes in at once."""
    actor = page.need("import")
    _sweep(page)
    path, name = keep_file(page.here.settings.data, file.file, file.filename or "")
    headers, rows = peek(path, _SHOWN)
    if not headers:
        with page.here.store.writing() as session:
            job = begin(session, actor, path, name, {})
        return page.go(f"/jobs/{job.id}")
    guessed = mapping(headers, {})
    return page.show(
        "columns", title="列名", name=name, upload=path.name, fields=FIELDS, headers=headers, guessed=guessed, rows=rows
    )


def _sweep(page: Page) -> None:
    """Remove the files of a day ago and more that nobody began to import."""
    oldest = time.time() - _KEPT
    old = [path for path in (page.here.settings.data / "uploads").glob("*") if path.stat().st_mtime < oldest]
    if not old:
        return
    with page.here.store.reading() as session:
        used = {what.get("file") for what in session.scalars(select(Job.what).where(Job.kind == "import"))}
    for path in old:
        if path.name not in used:
            path.unlink(missing_ok=True)


@router.post("/import/{upload}")
async def start(request: Request, page: SignedIn, upload: str, name: Annotated[str, Form(max_length=250)]) -> Response:
    """Begin the import of a file that was kept, with the columns as they were corrected."""
    actor = page.need("import")
    path = page.here.settings.data / "uploads" / upload
    if not _UPLOAD.fullmatch(upload) or not path.is_file():
        raise NotFoundError("上传的文件已经不在了。请重新上传。")
    form = await request.form()
    columns = {field: str(form[field]) for field, _ in FIELDS if field in form}  # "" stays: it is not in the file
    with page.here.store.writing() as session:
        job = begin(session, actor, path, name, columns)
    return page.go(f"/jobs/{job.id}")


def _told(job: Job) -> dict[str, Any]:
    result = job.result or {}
    at = job.made_at.astimezone().strftime("%Y-%m-%d %H:%M")
    names = ("id", "state", "done", "total", "error")
    return {name: getattr(job, name) for name in names} | {
        "name": job.what.get("name", ""), "at": at, "rejected": result.get("rejected", 0),
        "known": result.get("again", 0),
    }  # fmt: skip


@router.get("/jobs/{which}")
def show(page: SignedIn, which: Which) -> Response:
    """Show how far a job is, and the rows that could not be read."""
    actor = page.need("import")
    with page.here.store.reading() as session:
        job = queue.get(session, actor, which)
        readable = _reads_rows(actor, job)
        count = session.scalar(select(func.count()).where(RejectedRow.job == which)) or 0
        query = select(RejectedRow).where(RejectedRow.job == which).order_by(RejectedRow.id).limit(50)
        rejected = session.scalars(query).all() if readable else []
    told = _told(job)
    return page.show("job", title="导入", name=told["name"], job=told, rejected=rejected, count=count)


def _reads_rows(actor: Actor, job: Job) -> bool:
    """Whether somebody may read the rows of a file: it was theirs, or they may read personal data."""
    return job.made_by == str(actor) or "read_personal" in actor.may


@router.get("/jobs/{which}/rejected.csv")
def refused(page: SignedIn, which: Which) -> Response:
    """Give the rows that could not be read, to be mended and sent again."""
    actor = page.need("import")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("文件", "行", "原因", "内容"))
    with page.here.store.reading() as session:
        if not _reads_rows(actor, queue.get(session, actor, which)):
            raise ForbiddenError("读不了的行里可能有个人信息，只有导入的人和信息员能下载。")
        query = select(RejectedRow).where(RejectedRow.job == which).order_by(RejectedRow.id)
        for row in session.scalars(query):
            writer.writerow([disarm(row.file), row.line, disarm(row.reason), disarm(row.content)])
    headers = {"Content-Disposition": f'attachment; filename="rejected-{which}.csv"'}
    return Response("\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/jobs/{which}/cancel")
def cancel(page: SignedIn, which: Which) -> Response:
    """Stop a job; what it has stored stays."""
    actor = page.need("import")
    with page.here.store.writing() as session:
        queue.cancel(session, actor, which)
    return page.go(f"/jobs/{which}", "正在停下；已经收下的不会丢")


@router.post("/jobs/{which}/retry")
def retry(page: SignedIn, which: Which) -> Response:
    """Let an import that failed go on where it was."""
    actor = page.need("import")
    with page.here.store.writing() as session:
        queue.retry(session, actor, which)
    return page.go(f"/jobs/{which}", "重新开始了，从停下的地方接着读")
