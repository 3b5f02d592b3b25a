"""The main job and its parts: `minyi triage`, `hot`, `clean`, `explain`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import Columns, Files, Members, Model, Out, Places, Rules, Stations, as_columns, as_precision

app = typer.Typer()


@app.command()
def triage(
    files: Files,
    out: Out = None,
    column: Columns = None,
    model: Model = None,
    precision: Annotated[
        float, typer.Option("--precision", help="主题免复核的要求：0.95、0.97 或 0.99；越高，需复核的越多。")
    ] = 0.95,
    members: Members = None,
    places: Places = None,
    stations: Stations = None,
    rules: Rules = None,
    processes: Annotated[int | None, typer.Option(min=1, help="进程数，默认用全部核心；结果与进程数无关。")] = None,
    priority_dial: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="紧急程度的刻度：越低标出的紧急件越多，由 minyi evaluate --task priority --recall 得出。",
        ),
    ] = None,
) -> None:
    """研判：每件来件的主题、紧急程度、是否重复、由谁办理，并说明理由。

    输出后缀：.jsonl（程序用，按输入顺序）、.csv、.xlsx（给人看，按紧急程度）、.html（报告）。
    退出码：0 全部读入；1 有的行读不了（逐条列出，另存 OUT.rejected.csv）；2 用法或文件有误。
    """
    from service.commands.common import Office
    from service.commands.triage import run_triage

    office = Office(
        model=model,
        precision=as_precision(precision),
        members=members,
        places=places,
        stations=stations,
        rules=rules,
        priority_dial=priority_dial,
    )
    raise typer.Exit(run_triage(files, out, as_columns(column), office, processes))


class Grouped(StrEnum):
    """By what hot issues are told."""

    ALL = "all"
    TOPIC = "topic"
    PLACE = "place"


@app.command()
def hot(
    files: Files,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="写成 JSON 文件；省略则在屏幕上列出。")] = None,
    column: Columns = None,
    model: Model = None,
    places: Places = None,
    top: Annotated[int, typer.Option(min=1, help="每组列出几个。")] = 20,
    days: Annotated[int, typer.Option(min=1, help="“近期”是几天，从最后一件往前数。")] = 14,
    by: Annotated[Grouped, typer.Option("--by", help="合在一起，或按主题、按地点分组。")] = Grouped.ALL,
) -> None:
    """热点事项：多少人反映、有没有人支持、是否在增多、涉及几个地点，合成热度，每一项都列出。"""
    from service.commands.common import Office
    from service.commands.triage import run_hot

    office = Office(model=model, members=None, places=places, stations=None, rules=None)
    raise typer.Exit(run_hot(files, out, as_columns(column), office, top, days, by.value))


@app.command()
def clean(files: Files, out: Out = None, column: Columns = None) -> None:
    """只清洗：输出 {"id", "clean": {"text", "edits"}}，每处改动都记录在案。"""
    from service.commands.triage import run_clean

    raise typer.Exit(run_clean(files, out, as_columns(column)))


@app.command()
def explain(
    what: Annotated[str, typer.Argument(help="一段文字；给出 --file 时是文件里的编号。", metavar="文字或编号")],
    file: Annotated[Path | None, typer.Option("--file", help="从这个文件里按编号找。")] = None,
    column: Columns = None,
    model: Model = None,
) -> None:
    """说明一件来件：原文和清洗后的文字对照，改动用颜色标出，再列出研判的依据。"""
    from service.commands.explain import run_explain

    raise typer.Exit(run_explain(what, file, as_columns(column), model))
