"""What the project knows: `minyi corpora …`."""

from __future__ import annotations

import typer

app = typer.Typer(name="corpora", help="自带语料：核对、更新清单。", no_args_is_help=True)


@app.command("check")
def corpora_check() -> None:
    """核对 corpora/ 与清单是否一致，标注是否合规。"""
    from service.commands.corpora import run_corpora_check

    raise typer.Exit(run_corpora_check())


@app.command("seal")
def corpora_seal() -> None:
    """按 corpora/ 的现状更新清单。"""
    from pipeline.manifest import seal

    seal()
