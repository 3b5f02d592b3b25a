"""The `minyi` command: all groups of commands as one program, and how what goes wrong is told."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from service.cli import accounts, corpora, jobs, models, operation, route, tables, train, triage

app = typer.Typer(
    name="minyi",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for group in (triage, train, models, route, corpora, jobs, tables, accounts, operation):
    app.add_typer(group.app)


@app.callback()
def settings(
    models: Annotated[
        Path | None, typer.Option("--models", help="本单位的模型文件夹，默认取环境变量 MINYI_MODELS。")
    ] = None,
) -> None:
    """民意研判：清洗、分类、定级、并案、分派，并说明理由。"""
    if models:
        os.environ["MINYI_MODELS"] = str(models)


def main() -> None:
    """Run the command; what goes wrong is told in a line, with exit code 2."""
    gc.set_threshold(100_000, 50, 100)  # what a command loads stays: looking for garbage took a tenth of its start
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        _leave("已中断，没有写出结果。", 130)
    except Exception as error:
        _leave(*_told(error))
    sys.exit(code)


def _told(error: Exception) -> tuple[str, int]:
    """Return what a person reads of an error; one that is not meant for people goes on as it is."""
    from pipeline.errors import MinyiError
    from service.commands.common import drop_output

    if isinstance(error, MinyiError):
        return str(error), 2
    if hasattr(error, "format_message"):  # a usage error of the command line library
        return f"用法有误：{error.format_message()}\n运行 minyi --help 查看用法。", 2
    if type(error).__name__ == "Abort":
        return "已中断，没有写出结果。", 130
    if isinstance(error, OSError):
        drop_output()
        return f"{error.filename or '输出'}：{error.strerror}。请检查磁盘空间和权限。", 2
    raise error


def _leave(message: str, code: int) -> None:
    sys.stderr.write(f"minyi: {message}\n")
    sys.exit(code)
