"""Who takes it up, and why: `minyi route …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import Columns, Files, Members, Model, Places, Rules, Stations, as_columns

app = typer.Typer(name="route", help="分派：说明理由，模拟负荷。", no_args_is_help=True)


@app.command("explain")
def route_explain(
    file: Annotated[Path, typer.Argument(help="研判结果（.jsonl），或任何一种输入文件。", show_default=False)],
    name: Annotated[str, typer.Argument(metavar="ID", help="来件编号。", show_default=False)],
    column: Columns = None,
    model: Model = None,
    members: Members = None,
    places: Places = None,
    stations: Stations = None,
    rules: Rules = None,
) -> None:
    """说明一件来件为什么这样分派：规则、界别、地点、站点、每位委员的得分，以及拆分建议。

    FILE 是研判结果时照原样说明；是输入文件时先按给出的表研判整个文件。
    """
    from service.commands.common import Office
    from service.commands.route import run_explain

    office = Office(model=model, members=members, places=places, stations=stations, rules=rules)
    raise typer.Exit(run_explain(file, name, as_columns(column), office))


@app.command("simulate")
def route_simulate(
    files: Files,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="每位委员的件数（.csv、.xlsx），或全部数字（.json）。")
    ] = None,
    column: Columns = None,
    model: Model = None,
    members: Members = None,
    places: Places = None,
    stations: Stations = None,
    rules: Rules = None,
) -> None:
    """模拟分派一批来件：谁得多少、是否公平（基尼系数）、哪个界别超负荷、哪个网格没有委员。"""
    from service.commands.common import Office
    from service.commands.route import run_simulate

    office = Office(model=model, members=members, places=places, stations=stations, rules=rules)
    raise typer.Exit(run_simulate(files, out, as_columns(column), office))
