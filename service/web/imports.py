"""Import (导入): a file is kept, its columns are shown and corrected, a job takes it in."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy import select

from pipeline.ingest.columns import mapping
from pipeline.ingest.peek import peek
from service.desk.errors import NotFoundError
from service.jobs import queue
from service.jobs.imports import begin, keep_file
from service.store import Job
from service.web.jobs import told
from service.web.page import Page, SignedIn
from service.web.say import sites

router = APIRouter()
_SHOWN = 5
_LONGEST = 24 * 3600
"""Seconds for which an upload waits for its import."""
_UPLOAD = re.compile(r"[0-9a-f]{32}\.[a-z]{3,5}")
FIELDS = (
    ("text", "全文"), ("title", "标题"), ("body", "正文"), ("id", "编号"), ("submitted_at", "时间"),
    ("submitter", "反映人"), ("contact", "联系方式"),
    ("place", "地点"), ("source", "来源"), ("channel", "渠道"), ("likes", "点赞数"),
)  # fmt: skip


@router.get("/import")
def ask(page: SignedIn) -> Response:
    """Ask for a file, and show the latest imports."""
    actor = page.need("import")
    with page.here.store.reading() as session:
        jobs = [job for job in queue.seen(session, actor, 50) if job.kind == "import"][:10]
        open_sites = sites(session)
    return page.show("import", title="导入", jobs=[told(job) for job in jobs], sites=open_sites)


@router.post("/import")
def receive(page: SignedIn, file: UploadFile) -> Response:
    """Keep the file, and show what its columns are taken for; a file without columns goes in at once."""
    actor = page.need("import")
    _sweep(page)
    path, name = keep_file(page.here.settings.data, file.file, file.filename or "")
    headers, _ = peek(path, _SHOWN)
    if not headers:
        with page.here.store.writing() as session:
            job = begin(session, actor, path, name, {})
        return page.go(f"/jobs/{job.id}")
    return _columns(page, path, name, mapping(headers, {}))


def _columns(page: Page, path: Path, name: str, taken: Mapping[str, str], wrong: str = "") -> Response:
    """Show what the columns of a file are taken for: field → header."""
    headers, rows = peek(path, _SHOWN)
    names = dict(FIELDS)
    return page.show(
        "columns", 422 if wrong else 200, title="列名", name=name, upload=path.name, fields=FIELDS, headers=headers,
        rows=rows, guessed=taken, taken={header: names[field] for field, header in taken.items() if header},
        wrong=wrong,
    )  # fmt: skip


def _sweep(page: Page) -> None:
    """Remove the files of a day ago and more that nobody began to import."""
    oldest = time.time() - _LONGEST
    old = [path for path in (page.here.settings.data / "uploads").glob("*") if _written(path) < oldest]
    if not old:
        return
    with page.here.store.reading() as session:
        used = {what.get("file") for what in session.scalars(select(Job.what).where(Job.kind == "import"))}
    for path in old:
        if path.name not in used:
            path.unlink(missing_ok=True)


def _written(path: Path) -> float:
    """Return when a file was written; one that an import has just taken away is as of now."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()


async def chosen(request: Request) -> dict[str, str]:
    """Return which header was chosen for each field; "" stays: it is not in the file."""
    form = await request.form()
    return {field: str(form[field]) for field, _ in FIELDS if field in form}


def _kept(page: Page, upload: str) -> Path:
    """Return the path of a file that was kept."""
    path = page.here.settings.data / "uploads" / upload
    if not _UPLOAD.fullmatch(upload) or not path.is_file():
        raise NotFoundError("上传的文件已经不在了。请重新上传。")
    return path


@router.get("/import/{upload}")
def ask_again(page: SignedIn, upload: str, name: Annotated[str, Query(max_length=250)] = "文件") -> Response:
    """Show the columns of a file that was kept once more."""
    page.need("import")
    path = _kept(page, upload)
    return _columns(page, path, name, mapping(peek(path, _SHOWN)[0], {}))


@router.post("/import/{upload}")
def start(
    page: SignedIn,
    upload: str,
    name: Annotated[str, Form(max_length=250)],
    columns: Annotated[dict[str, str], Depends(chosen)],
) -> Response:
    """Begin the import of a file that was kept, with the columns as they were corrected."""
    actor = page.need("import")
    path = _kept(page, upload)
    if not any(columns.get(field) for field in ("text", "title", "body")):
        return _columns(page, path, name, columns, "没有选哪一列是来件的内容。请给“全文”“标题”或“正文”选一列。")
    with page.here.store.writing() as session:
        job = begin(session, actor, path, name, columns)
    return page.go(f"/jobs/{job.id}")
