"""The queue of jobs in the store: put in, claimed by one worker, taken over when that falls silent, cancelled, told.

It is our own because a job here is more than a call: it goes on where it was killed, in the very write that keeps its
rows. Several workers share it: PostgreSQL passes over what another has locked, SQLite lets one ask at a time.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from pipeline.errors import MinyiError
from service.accounts.actor import Actor
from service.desk import audit
from service.desk.errors import ConflictError, NotFoundError
from service.store import Job, RejectedRow, Store, now

SILENT = timedelta(seconds=60)
"""After so long without a sign of life a job is up for taking; at once where its process is known to be gone."""
ATTEMPTS = 5
"""So often in a row a job may begin without getting on; then it has failed."""
_ALONE = {"retrain": "训练"}
"""Of these kinds one job goes at a time."""


class LostError(MinyiError):
    """The job is no longer in the hands of this worker: what it was about to write is not kept."""


class StoppedError(MinyiError):
    """Somebody cancelled the job."""


class Held:
    """A job in the hands of a worker; only they may write to it, and only as long as they hold it."""

    def __init__(self, store: Store, job: Job) -> None:
        self.store = store
        self.id, self.kind, self.what, self.place, self.made_by = job.id, job.kind, job.what, job.place, job.made_by
        self.worker = job.worker

    def step(self, session: Session, **changes: Any) -> None:
        """Book progress within the write that it tells of; see the columns of `Job`.

        Raises
        ------
        LostError, StoppedError
            The write is taken back, and the work ends.
        """
        job = session.get_one(Job, self.id, with_for_update=True)
        if job.state != "running" or job.worker != self.worker:
            raise LostError(f"任务 {self.id} 已由 {job.worker or '别的进程'} 接手，这里停下。")
        if job.cancel:
            raise StoppedError(f"任务 {self.id} 已取消。")
        job.alive_at = now()
        if changes.get("place", job.place) > job.place:
            job.attempts = 0
        for name, value in changes.items():
            setattr(job, name, value)

    def alive(self) -> None:
        """Say that the work goes on; see `step`."""
        with self.store.writing(ordered=False) as session:
            self.step(session)

    def close(self, state: str, *, result: dict[str, Any] | None = None, error: str = "") -> None:
        """End the job, if it is still held."""
        with self.store.writing() as session:
            job = session.get_one(Job, self.id, with_for_update=True)
            if job.state == "running" and job.worker == self.worker:
                job.state, job.error, job.worker, job.result, job.ended_at = state, error, "", result, now()
                audit.record(session, made_by(job.made_by), f"job.{state}", f"job:{job.id}", reason=error)


def made_by(text: str) -> Actor:
    """Return who made a job: their name for the tables, without any permission."""
    kind, _, name = text.partition(":")
    return Actor(kind, name, frozenset())


def worker_name() -> str:
    """Return the name of this process as a worker: its machine and number."""
    return f"{socket.gethostname()}:{os.getpid()}"


def put(session: Session, actor: Actor, kind: str, what: dict[str, Any]) -> Job:
    """Put a job into the queue, within a write.

    Raises
    ------
    ConflictError
        Where another of a kind that goes alone has not ended.
    """
    _check_alone(session, kind)
    job = Job(kind=kind, what=what, made_by=str(actor), made_at=now())
    session.add(job)
    session.flush()
    audit.record(session, actor, "job.put", f"job:{job.id}", after={"kind": kind})
    return job


def _check_alone(session: Session, kind: str) -> None:
    going = session.scalar(select(Job).where(Job.kind == kind, Job.ended_at.is_(None)).limit(1))
    if kind in _ALONE and going:
        raise ConflictError(f"已有一个{_ALONE[kind]}在进行（{going.what.get('name')}）。请等它结束，或先停下它。")


def claim(store: Store, worker: str, only: int | None = None) -> Held | None:
    """Take the oldest job that waits or whose worker is gone, or just the one asked for; None where there is none."""
    with store.writing(ordered=False) as session:
        running = select(Job.worker).where(Job.state == "running").distinct()
        dead = [each for each in session.scalars(running) if each == worker or _is_gone(each)]
        free = or_(
            Job.state == "waiting",
            and_(Job.state == "running", or_(Job.alive_at < now() - SILENT, Job.worker.in_(dead))),
        )
        query = select(Job).where(free).order_by(Job.id).limit(1).with_for_update(skip_locked=True)
        job = session.scalar(query.where(Job.id == only) if only else query)
        if job is None:
            return None
        job.attempts += 1
        if job.attempts > ATTEMPTS:
            job.state, job.ended_at = "failed", now()
            job.error = job.error or f"开始了 {ATTEMPTS} 次都没有进展：进程被中断。请看日志，解决后重试。"
            return None
        job.state, job.worker = "running", worker
        job.started_at, job.alive_at = job.started_at or now(), now()
        session.flush()
        return Held(store, job)


def _is_gone(worker: str) -> bool:
    """Return whether a worker of this machine has ended; of other machines only silence tells."""
    host, _, process = worker.rpartition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, ValueError):
        return False
    return False


def seen(session: Session, actor: Actor, most: int = 100) -> Sequence[Job]:
    """Return the jobs that an actor may see, the latest first: all, or their own."""
    query = select(Job).order_by(Job.id.desc()).limit(most)
    return session.scalars(query if "jobs" in actor.may else query.where(Job.made_by == str(actor))).all()


def get(session: Session, actor: Actor, which: int) -> Job:
    """Return a job.

    Raises
    ------
    NotFoundError
        Where there is none, or it is somebody else's.
    """
    job = session.get(Job, which)
    if job is None or not ("jobs" in actor.may or job.made_by == str(actor)):
        raise NotFoundError(f"没有编号为 {which} 的任务，或者不是您的。")
    return job


def rejected(session: Session, actor: Actor, which: int, after: int = 0, most: int = 100) -> Sequence[RejectedRow]:
    """Return the rows of an import that could not be read, for who began it or may read personal data; else none."""
    job = get(session, actor, which)
    if job.made_by != str(actor) and "read_personal" not in actor.may:
        return []
    query = select(RejectedRow).where(RejectedRow.job == which, RejectedRow.id > after)
    return session.scalars(query.order_by(RejectedRow.id).limit(most)).all()


def cancel(session: Session, actor: Actor, which: int) -> Job:
    """Cancel a job, within a write: at once where it waits, after its present step where it runs."""
    job = get(session, actor, which)
    if job.state == "waiting":
        job.state, job.ended_at = "cancelled", now()
    elif job.state == "running":
        job.cancel = True
    else:
        raise ConflictError(f"任务 {which} 已经结束，不能再取消。", {"state": job.state})
    audit.record(session, actor, "job.cancel", f"job:{which}")
    return job


def retry(session: Session, actor: Actor, which: int) -> Job:
    """Let a job that failed begin again where it was, within a write."""
    job = get(session, actor, which)
    if job.state != "failed":
        raise ConflictError(f"任务 {which} 没有失败，不必重试。", {"state": job.state})
    _check_alone(session, job.kind)
    job.state, job.attempts, job.error, job.ended_at = "waiting", 0, "", None
    audit.record(session, actor, "job.retry", f"job:{which}")
    return job


def note(held: Held, error: str) -> None:
    """Write down what went wrong with a job that will be tried again."""
    with held.store.writing(ordered=False) as session:
        job = session.get_one(Job, held.id)
        if job.worker == held.worker:
            job.error = error


def put_back(held: Held, *, stopped: bool) -> None:
    """Let a job wait again that its process did not end; where we stopped it ourselves, that was no attempt."""
    with held.store.writing(ordered=False) as session:
        job = session.get_one(Job, held.id, with_for_update=True)
        if job.state == "running" and job.worker == held.worker:
            job.state, job.worker, job.attempts = "waiting", "", job.attempts - stopped


def held(store: Store, which: int) -> Held:
    """Return a job that the parent of this process holds."""
    with store.reading() as session:
        return Held(store, session.get_one(Job, which))
