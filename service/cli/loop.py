"""The analysts' loop: `minyi retrain`, `minyi labels …`, `minyi drift`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import Columns, Data, Files, Label, Mapping, Model, as_columns, as_reading

app = typer.Typer()
labels = typer.Typer(name="labels", help="标签：从复核记录导出、接下来标哪些、哪些存疑。", no_args_is_help=True)
app.add_typer(labels)


@app.command()
def retrain(
    name: Annotated[str, typer.Option("--name", help="新模型的名字。")],
    data: Data,
    model: Annotated[str | None, typer.Option("--model", help="与哪个模型比，默认正在使用的。")] = None,
    label: Label = "topic",
    mapping: Mapping = None,
    column: Columns = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="把比较、变化的来件（隐去个人信息）和存疑的标签写成 .json。")
    ] = None,
) -> None:
    """再训练：自带语料加本单位的标签，与正在使用的模型比较，给出结论。中途停下不留痕迹。

    标签文件的写法见 docs/labels.md。新模型不会自动启用。
    """
    from service.commands.loop import run_retrain

    raise typer.Exit(run_retrain(name, data, as_reading(label, mapping, column), model, out))


@labels.command("next")
def labels_next(
    files: Files,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="挑几件。")] = 50,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="写成 .csv（填上 topic 一列就是标签文件）；省略则在屏幕上列出。")
    ] = None,
    column: Columns = None,
    model: Model = None,
) -> None:
    """接下来标哪些：模型拿不准、又互不相像的来件，最值得标的在前；训练过的不再挑。"""
    from service.commands.loop import run_next

    raise typer.Exit(run_next(files, count, out, as_columns(column), model))


@labels.command("check")
def labels_check(
    data: Annotated[list[Path], typer.Argument(help="标签文件。", show_default=False)],
    label: Label = "topic",
    mapping: Mapping = None,
    column: Columns = None,
    top: Annotated[int, typer.Option("--top", min=1, help="列出几条存疑的标签。")] = 100,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="把存疑的标签写成 .csv，供第二人判读。")] = None,
) -> None:
    """检查标签：哪些存疑（由没见过它的模型判断）、复核人之间是否一致、哪些主题常被退回。"""
    from service.commands.loop import run_check

    raise typer.Exit(run_check(data, as_reading(label, mapping, column), top, out))


@labels.command("export")
def labels_export(
    out: Annotated[Path, typer.Option("-o", "--out", help="输出文件（.jsonl）。")],
) -> None:
    """导出复核得到的标签：文字去掉个人信息，每条注明分量、来源、复核人和当时的模型。"""
    from service.commands.jobs import run_labels

    raise typer.Exit(run_labels(out))


@app.command()
def drift(
    files: Files,
    against: Annotated[
        list[Path], typer.Option("--against", help="和什么比：训练用的标签，或一段正常时期的来件；可多次给出。")
    ],
    labelled: Annotated[
        list[Path] | None,
        typer.Option("--labels", help="同一时期的标签（有 said 一列：模型原来判的主题），用来算每周改判的比例。"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="写成 .json：各周数字、可收入词典和词库的新词。")
    ] = None,
    column: Columns = None,
    model: Model = None,
) -> None:
    """来件变了没有：每周的主题构成、没见过的词、把握、改判的比例；哪些词是新的。"""
    from service.commands.drift import run_drift

    raise typer.Exit(run_drift(files, against, labelled or [], out, as_columns(column), model))
