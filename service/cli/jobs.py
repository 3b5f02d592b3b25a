"""Into the store and out of it: `minyi import`, `worker`, `export`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import Columns, as_columns

app = typer.Typer()


@app.command("import")
def import_files(
    files: Annotated[
        list[Path], typer.Argument(help="输入文件（.jsonl .csv .tsv .xlsx .txt .docx）。", show_default=False)
    ],
    column: Columns = None,
    processes: Annotated[int | None, typer.Option(min=1, help="进程数，默认用全部核心。")] = None,
    wait: Annotated[bool, typer.Option("--wait/--detach", help="等到导入完成；或只放进队列就回来。")] = True,
) -> None:
    """把文件导入库里：研判、并案、分派，每一行只收一次；中断以后接着导。

    退出码：0 全部读入；1 有的行读不了（逐条列出，原样留在任务里）；2 用法或文件有误。
    """
    from service.commands.jobs import run_import

    raise typer.Exit(run_import(files, as_columns(column), processes, wait=wait))


@app.command()
def worker(
    processes: Annotated[int | None, typer.Option(min=1, help="进程数，默认用全部核心。")] = None,
    once: Annotated[bool, typer.Option("--once", help="做完等着的任务就退出。")] = False,
) -> None:
    """做库里的任务（导入、再训练），并把变动推送给订阅的地址；可以同时开几个。"""
    from service.commands.jobs import run_worker

    raise typer.Exit(run_worker(processes, once=once))


class Level(StrEnum):
    """The levels of priority."""

    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class ReviewState(StrEnum):
    """What an officer did with a decision."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    JUNKED = "junked"


@app.command()
def export(
    out: Annotated[Path, typer.Option("-o", "--out", help="输出文件：.csv、.xlsx（给人看）或 .jsonl（程序用）。")],
    since: Annotated[str | None, typer.Option("--since", help="从哪天起，如 2026-01-01。")] = None,
    until: Annotated[str | None, typer.Option("--until", help="到哪天止，含当天。")] = None,
    topic: Annotated[str | None, typer.Option("--topic", help="一级主题。")] = None,
    priority: Annotated[Level | None, typer.Option("--priority", help="紧急程度。")] = None,
    review: Annotated[ReviewState | None, typer.Option("--review", help="复核状态。")] = None,
) -> None:
    """把库里的来件连同现在的研判（含信息员的更正）导出成文件。"""
    from service.commands.jobs import run_export
    from service.desk.exporting import Filters

    level, state = priority.value if priority else None, review.value if review else None
    raise typer.Exit(run_export(out, Filters(since=since, until=until, topic=topic, priority=level, review=state)))
