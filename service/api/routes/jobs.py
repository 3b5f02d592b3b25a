"""Jobs: begin an import or a retraining, see how far it is, cancel it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Form, Path, Query, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from service.accounts.actor import Actor
from service.api.context import Here, Reading, acting, may
from service.desk.errors import RuleError
from service.jobs import queue, retrain
from service.jobs.imports import receive_file
from service.store import Job

router = APIRouter(tags=["jobs"])
Anybody = Annotated[Actor, Depends(acting)]
Which = Annotated[int, Path(ge=1, le=2**62)]
_OF_TEXTS = {"changes", "doubtful"}
"""What a result tells of single submissions: it is for the pages, which ask who may know of each."""


class JobOut(BaseModel):
    """A job: what it is, how far it is, what came of it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    kind: str
    state: str
    name: str = Field("", description="导入的文件，或要训练的模型")
    done: int = Field(description="已处理的行数")
    total: int | None = Field(description="大约共有几行")
    rejected: int = Field(0, description="读不了的行数；逐行见 rejected")
    result: dict[str, Any] | None
    error: str
    cancel: bool
    made_by: str
    made_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> JobOut:
        """Return a job as it is told."""
        told = cls.model_validate(job)
        told.name, told.rejected = str(job.what.get("name", "")), (job.result or {}).get("rejected", 0)
        if job.result:
            told.result = {name: value for name, value in job.result.items() if name not in _OF_TEXTS}
        return told


class RejectedOut(BaseModel):
    """A row that could not be read."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    file: str
    line: int
    reason: str
    content: str


class RetrainIn(BaseModel):
    """A model to be trained from the labels of officers, on top of what the project knows."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="新模型的名字，没有用过的：汉字、字母、数字、下划线、连字符")


@router.post("/imports", status_code=202)
def begin_import(
    file: UploadFile,
    here: Here,
    actor: Annotated[Actor, Depends(may("import"))],
    columns: Annotated[str, Form(max_length=2000, description='列名对应，JSON，如 {"body": "诉求描述"}')] = "{}",
) -> JobOut:
    """Send a file; its rows are received by a job, each once."""
    try:
        wanted = orjson.loads(columns)
    except orjson.JSONDecodeError as error:
        raise RuleError("columns 不是有效的 JSON，应为 {字段: 列名}。", "columns") from error
    if not isinstance(wanted, dict) or not all(
        isinstance(each, str) and "\x00" not in each for each in wanted.values()
    ):
        raise RuleError("columns 应为 {字段: 列名}，都是文字。", "columns")
    job = receive_file(here.store, here.settings.data, file.file, file.filename or "", wanted, actor)
    return JobOut.of(job)


@router.post("/retrainings", status_code=202)
def begin_retraining(sent: RetrainIn, here: Here, actor: Annotated[Actor, Depends(may("models_write"))]) -> JobOut:
    """Train a model from the labels that officers gave; promoting it is a step of its own."""
    with here.store.writing() as session:
        return JobOut.of(retrain.begin(session, actor, sent.name))


@router.get("/jobs")
def jobs(session: Reading, actor: Anybody) -> list[JobOut]:
    """List the latest jobs: all, for who may see jobs; else one's own."""
    return [JobOut.of(job) for job in queue.seen(session, actor)]


@router.get("/jobs/{which}")
def job(which: Which, session: Reading, actor: Anybody) -> JobOut:
    """Read a job."""
    return JobOut.of(queue.get(session, actor, which))


@router.get("/jobs/{which}/rejected")
def rejected(
    which: Which,
    session: Reading,
    actor: Anybody,
    after: Annotated[int, Query(ge=0, le=2**62, description="上一页最后一行的 id")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[RejectedOut]:
    """Read the rows of an import that could not be read, for who began it or may read personal data."""
    return [RejectedOut.model_validate(each) for each in queue.rejected(session, actor, which, after, limit)]


@router.post("/jobs/{which}/cancel")
def cancel(which: Which, here: Here, actor: Anybody) -> JobOut:
    """Cancel a job; what it has stored stays."""
    with here.store.writing() as session:
        return JobOut.of(queue.cancel(session, actor, which))


@router.post("/jobs/{which}/retry")
def retry(which: Which, here: Here, actor: Anybody) -> JobOut:
    """Let a job that failed go on where it was."""
    with here.store.writing() as session:
        return JobOut.of(queue.retry(session, actor, which))
