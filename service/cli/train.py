"""Models from labelled rows: `minyi train`, `minyi evaluate`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import Columns, Data, Label, Mapping, Model, Scores, as_precision, as_reading

app = typer.Typer()


class Task(StrEnum):
    """What a model is scored for."""

    TOPIC = "topic"
    PRIORITY = "priority"


@app.command()
def train(
    name: Annotated[str, typer.Option("--name", help="新模型的名字。")],
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="带标签的文件（text 或 title/body，加 topic 等列），可多次给出。"),
    ] = None,
    base: Annotated[str | None, typer.Option("--base", help="corpora：在自带语料的基础上训练。")] = None,
    label: Label = "topic",
    mapping: Mapping = None,
    column: Columns = None,
) -> None:
    """训练一个模型文件夹：只用自己的标签，或叠加在自带语料之上。"""
    from service.commands.train import run_train

    raise typer.Exit(run_train(name, data or [], base, as_reading(label, mapping, column)))


@app.command()
def evaluate(
    data: Data,
    model: Model = None,
    label: Annotated[str | None, typer.Option("--label", help="标签所在的列，默认 topic 或 priority。")] = None,
    mapping: Mapping = None,
    column: Columns = None,
    dial: Annotated[float, typer.Option("--dial", help="按哪一档算需复核：0.95、0.97 或 0.99。")] = 0.95,
    out: Scores = None,
    task: Annotated[Task, typer.Option("--task", help="给什么打分：topic 主题，priority 紧急程度。")] = Task.TOPIC,
    recall: Annotated[
        float | None, typer.Option("--recall", help="（priority）紧急和特急要找出的比例，如 0.9；给出相应的刻度。")
    ] = None,
    own: Annotated[
        list[Path] | None,
        typer.Option("--own", help="（priority）本单位不带标签的文件，用来算每天多标几件；默认用 --data。"),
    ] = None,
) -> None:
    """在带标签的文件上给模型打分：各主题、校准、精度档位的承诺与实际；或紧急程度。"""
    from service.commands.train import run_evaluate, run_evaluate_priority

    reading = as_reading(label or task.value, mapping, column)
    if task == Task.PRIORITY:
        raise typer.Exit(run_evaluate_priority(data, model, reading, out, recall, own or []))
    raise typer.Exit(run_evaluate(data, model, reading, as_precision(dial), out))
