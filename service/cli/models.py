"""Which model works: `minyi models …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import Columns, Data, Files, Label, Mapping, Scores, Who, as_columns, as_reading

app = typer.Typer(name="models", help="模型：查看、比较、启用、退回。", no_args_is_help=True)


@app.command("list")
def models_list() -> None:
    """列出模型，哪个正在使用，以及每次启用和退回的记录。"""
    from service.commands.models import run_list

    raise typer.Exit(run_list())


@app.command("show")
def models_show(
    name: Annotated[str | None, typer.Argument(help="模型名，默认为正在使用的。")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="写成 .html（有校准图）、.md 或 .json。")] = None,
) -> None:
    """显示模型卡：分数、混淆、校准、精度档位、数据和版本。"""
    from service.commands.models import run_show

    raise typer.Exit(run_show(name, out))


@app.command("compare")
def models_compare(
    a: Annotated[str, typer.Argument(help="模型 A。")],
    b: Annotated[str, typer.Argument(help="模型 B。")],
    data: Data,
    label: Label = "topic",
    mapping: Mapping = None,
    column: Columns = None,
    out: Scores = None,
) -> None:
    """在同一批带标签的来件上比较两个模型，并说明差别是不是真的（配对检验）。"""
    from service.commands.models import run_compare

    raise typer.Exit(run_compare(a, b, data, as_reading(label, mapping, column), out))


@app.command("promote")
def models_promote(
    name: Annotated[str, typer.Argument(help="要启用的模型。")],
    data: Annotated[
        list[Path] | None, typer.Option("--data", help="带标签的文件：在这上面与正在使用的比较；省略则比模型卡。")
    ] = None,
    label: Label = "topic",
    mapping: Mapping = None,
    column: Columns = None,
    force: Annotated[bool, typer.Option("--force", help="更差或不匹配也启用，须同时给出 --reason。")] = False,
    reason: Annotated[str, typer.Option("--reason", help="理由，记录在案。")] = "",
    who: Who = None,
) -> None:
    """启用一个模型；比正在使用的差、或与本机不匹配的不启用。"""
    from service.commands.models import run_promote

    reading = as_reading(label, mapping, column)
    raise typer.Exit(run_promote(name, data or [], reading, force=force, why=reason, who=who))


@app.command("rollback")
def models_rollback(
    to: Annotated[str | None, typer.Option("--to", help="退回到哪个启用过的模型，默认上一个；base 总在。")] = None,
    reason: Annotated[str, typer.Option("--reason", help="理由，记录在案。")] = "",
    who: Who = None,
) -> None:
    """退回上一个启用过的模型。"""
    from service.commands.models import run_rollback

    raise typer.Exit(run_rollback(to, why=reason, who=who))


@app.command("shadow")
def models_shadow(
    candidate: Annotated[str, typer.Argument(help="候选模型。")],
    files: Files,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="判法不同的来件，写成 .jsonl；省略则写到标准输出。")
    ] = None,
    column: Columns = None,
    model: Annotated[str | None, typer.Option("--model", help="与哪个模型对照，默认正在使用的。")] = None,
) -> None:
    """旁路运行：候选模型与正在使用的看同样的来件，只记下判法不同的，不改动任何研判。"""
    from service.commands.drift import run_shadow

    raise typer.Exit(run_shadow(candidate, files, out, as_columns(column), model))
