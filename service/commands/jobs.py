"""`minyi import`, `minyi worker`, `minyi export` and `minyi labels export`: what comes into the store and out of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import InputError
from service.commands.common import SHOWN, progress
from service.export import beside, check
from service.export.labels import PRIORITY

if TYPE_CHECKING:
    from service.desk.exporting import Filters
    from service.settings import Settings
    from service.store import Job, Store


@contextmanager
def office() -> Iterator[tuple[Settings, Store]]:
    """Give the settings and the open store of the office, its tables of the right version."""
    from service.commands.office import opened
    from service.settings import Settings

    settings = Settings.read()
    with opened() as store:
        yield settings, store


def run_import(files: Sequence[Path], columns: Mapping[str, str], processes: int | None, *, wait: bool) -> int:
    """Import files; see `service.cli.jobs.import_files`."""
    from service.commands.office import whoever
    from service.jobs.imports import receive_file

    for path in files:
        if not path.is_file():
            raise InputError(f"{path}：没有这个文件。请检查路径。")
    code = 0
    with office() as (settings, store):
        jobs = []
        for path in files:
            with path.open("rb") as stream:
                jobs.append(receive_file(store, settings.data, stream, path.name, columns, whoever()))
        for path, job in zip(files, jobs, strict=True):
            if wait:
                code = max(code, _follow(settings, store, path, job.id, processes))
            else:
                sys.stderr.write(f"{path}：已放进任务 {job.id}，由 minyi serve 或 minyi worker 导入。\n")
    return code


def _follow(settings: Settings, store: Store, path: Path, which: int, processes: int | None) -> int:
    """Run a job here, or watch it where a worker was faster; tell what came of it."""
    import time

    from pipeline.ingest import Intake
    from service.jobs import queue, worker
    from service.store import Job

    total = Intake([path], rejected=lambda _: None).lines() if sys.stderr.isatty() else 0
    with progress(total) as bar:
        if held := queue.claim(store, queue.worker_name(), only=which):
            worker.run(held, settings, processes or len(os.sched_getaffinity(0)), bar)
        shown = 0
        while True:
            with store.reading() as session:
                job = session.get_one(Job, which)
            if job.state not in ("waiting", "running"):
                break
            _advance(bar, job.done - shown)
            shown = job.done
            time.sleep(0.5)
    return _tell(store, path, job)


def _advance(bar: Callable[[int], None] | None, rows: int) -> None:
    if bar and rows:
        bar(rows)


def _tell(store: Store, path: Path, job: Job) -> int:
    """Write what came of an import to standard error; return the exit code."""
    from sqlalchemy import select

    from service.store import RejectedRow

    if job.state != "done" or job.result is None:
        sys.stderr.write(f"{path}：任务 {job.id} {'已取消。' if job.state == 'cancelled' else '失败。'}{job.error}\n")
        return 2
    told: dict[str, Any] = job.result
    with store.reading() as session:
        query = select(RejectedRow).where(RejectedRow.job == job.id).order_by(RejectedRow.line).limit(SHOWN)
        lines = [f"{each.file}:{each.line}: {each.reason}" for each in session.scalars(query)]
    if told["rejected"] > len(lines):
        lines.append(f"…… 另有 {told['rejected'] - len(lines)} 行。")
    if told["rejected"]:
        lines.append(f"共 {told['rejected']} 行读不了，原样存在任务 {job.id} 里，改好后可单独再导入。")
    assert job.started_at
    assert job.ended_at
    seconds = (job.ended_at - job.started_at).total_seconds()
    levels = "  ".join(f"{name} {told['priority'].get(level, 0)}" for level, name in PRIORITY.items())
    lines += [
        f"{path}：读入 {told['rows']} 件    新收 {told['received']}    以前收过 {told['again']}",
        f"垃圾信息 {told['status'].get('junk', 0)}    无法阅读 {told['status'].get('unreadable', 0)}",
        f"紧急程度  {levels}",
        f"重复 {told['kind'].get('duplicate', 0)}    并入同一事项 {told['kind'].get('same_issue', 0)}"
        f"    事项共 {told['issues']}    主题需复核 {told['needs_review']}",
        f"用时 {seconds:.1f} 秒，每秒 {told['rows'] / max(seconds, 0.1):.0f} 件",
    ]
    sys.stderr.write("\n".join(lines) + "\n")
    return 1 if told["rejected"] else 0


def run_worker(processes: int | None, *, once: bool) -> int:
    """Work off the queue; see `service.cli.jobs.worker`."""
    from service.jobs.worker import main

    with office() as (settings, _):
        main(settings, processes, once=once)
    return 0


def run_export(out: Path, filters: Filters) -> int:
    """Write what stands in the store to a file; see `service.cli.jobs.export`."""
    from service.commands.office import whoever
    from service.desk import exporting
    from service.export import stored

    check(out, stored.ENDINGS)
    with office() as (_, store), store.reading() as session, beside(out) as temporary:
        rows = exporting.rows(session, filters, whoever())
        count = stored.write(rows, temporary, out.suffix.lower())
    sys.stderr.write(f"导出 {count} 件，结果在 {out}\n")
    return 0


def run_labels(out: Path) -> int:
    """Write the labels that officers gave; see `service.cli.jobs.labels_export`."""
    from service.desk import labels

    check(out, {".jsonl"})
    with office() as (_, store), store.reading() as session:
        frozen = labels.freeze(labels.rows(session), out)
    sys.stderr.write(f"标签 {frozen.rows} 条，结果在 {out}，散列 {frozen.hash}\n")
    return 0
