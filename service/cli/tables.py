"""The tables of the office in the store: `minyi tables …`."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(name="tables", help="本单位的表：更新、查看、历史、恢复。", no_args_is_help=True)

Kind = Annotated[
    str,
    typer.Argument(
        help="places、members、stations、crosswalk、rules、holidays、sectors 或 committees。", show_default=False
    ),
]
Note = Annotated[str, typer.Option("--note", help="为什么改，记录在案。")]


@app.command("put")
def tables_put(
    files: Annotated[
        list[str],
        typer.Argument(metavar="[KIND=]FILE…", help="表（.csv 或 .xlsx），文件名即种类，或写成 members=名单.xlsx。"),
    ],
    note: Note = "",
    preview: Annotated[bool, typer.Option("--preview", help="只看会改什么，不保存。")] = False,
) -> None:
    """更新一张或几张表：与其他表一起核对，有一处不对就全不更新；先列出增、删、改的行。"""
    from service.commands.tables import run_put

    raise typer.Exit(run_put(files, note, preview=preview))


@app.command("show")
def tables_show(
    kind: Annotated[str | None, typer.Argument(help="哪张表；省略则列出有哪些表。")] = None,
    version: Annotated[int | None, typer.Option("--version", help="哪一版，默认现行的。")] = None,
) -> None:
    """把一张表写到标准输出（CSV），或列出现行的各表。"""
    from service.commands.tables import run_show

    raise typer.Exit(run_show(kind, version))


@app.command("history")
def tables_history(kind: Kind) -> None:
    """列出一张表的各个版本：谁、何时、为什么。"""
    from service.commands.tables import run_history

    raise typer.Exit(run_history(kind))


@app.command("restore")
def tables_restore(
    kind: Kind,
    version: Annotated[int, typer.Argument(help="恢复哪一版；0 为不再自备，改用自带的。", show_default=False)],
    note: Note = "",
) -> None:
    """恢复早先的一版，记作新的一版。"""
    from service.commands.tables import run_restore

    raise typer.Exit(run_restore(kind, version, note))
