"""The `minyi` command: thin, every command parses, calls one function and tells what came out."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="minyi",
    help="民意研判：清洗、分类、定级、并案、分派，并说明理由。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Files = Annotated[
    list[Path], typer.Argument(help="输入文件（.jsonl .csv .tsv .xlsx .txt .docx），- 为标准输入。", show_default=False)
]
Out = Annotated[Path | None, typer.Option("-o", "--out", help="输出文件，按后缀定格式；省略则把 JSON 行写到标准输出。")]
Columns = Annotated[
    list[str] | None, typer.Option("--column", help="列名对应，如 --column body=诉求描述，可多次给出。")
]
Model = Annotated[str, typer.Option("--model", help="模型名。")]
Table = Path | None


class Task(StrEnum):
    """What a model is scored for."""

    TOPIC = "topic"
    PRIORITY = "priority"


def _wanted(columns: list[str] | None) -> dict[str, str]:
    from pipeline.errors import InputError

    wanted = {}
    for pair in columns or []:
        field, sign, header = pair.partition("=")
        if not sign or not header:
            raise InputError(f"--column {pair}：应写成 字段=列名，例如 --column body=诉求描述。")
        wanted[field.strip()] = header.strip()
    return wanted


@app.command()
def triage(
    files: Files,
    out: Out = None,
    column: Columns = None,
    model: Model = "base",
    members: Annotated[Table, typer.Option(help="委员表（.csv）。")] = None,
    places: Annotated[Table, typer.Option(help="地点表（.csv）。")] = None,
    stations: Annotated[Table, typer.Option(help="站点表（委员工作室、议事室、联络站，.csv）。")] = None,
    rules: Annotated[Table, typer.Option(help="主题到界别的对照表（.csv），默认用自带的。")] = None,
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
    from service.commands import Office, run_triage

    office = Office(
        model=model, members=members, places=places, stations=stations, rules=rules, priority_dial=priority_dial
    )
    raise typer.Exit(run_triage(files, out, _wanted(column), office, processes))


@app.command()
def clean(files: Files, out: Out = None, column: Columns = None) -> None:
    """只清洗：输出 {"id", "clean": {"text", "edits"}}，每处改动都记录在案。"""
    from service.commands import run_clean

    raise typer.Exit(run_clean(files, out, _wanted(column)))


@app.command()
def train(
    name: Annotated[str, typer.Option("--name", help="新模型的名字。")],
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="带标签的文件（text 或 title/body，加 topic 等列），可多次给出。"),
    ] = None,
    base: Annotated[str | None, typer.Option("--base", help="corpora：在自带语料的基础上训练。")] = None,
    label: Annotated[str, typer.Option("--label", help="主题标签所在的列。")] = "topic",
) -> None:
    """训练一个模型文件夹：只用自己的标签，或叠加在自带语料之上。"""
    from service.commands import run_train

    raise typer.Exit(run_train(name, data or [], base, label))


@app.command()
def evaluate(
    data: Annotated[list[Path], typer.Option("--data", help="带标签的文件。")],
    model: Model = "base",
    label: Annotated[str | None, typer.Option("--label", help="标签所在的列，默认 topic 或 priority。")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="把分数写成 JSON。")] = None,
    task: Annotated[Task, typer.Option("--task", help="给什么打分：topic 主题，priority 紧急程度。")] = Task.TOPIC,
    recall: Annotated[
        float | None, typer.Option("--recall", help="（priority）紧急和特急要找出的比例，如 0.9；给出相应的刻度。")
    ] = None,
    own: Annotated[
        list[Path] | None,
        typer.Option("--own", help="（priority）本单位不带标签的文件，用来算每天多标几件；默认用 --data。"),
    ] = None,
) -> None:
    """在带标签的文件上给模型打分。"""
    from service.commands import run_evaluate, run_evaluate_priority

    if task == Task.PRIORITY:
        raise typer.Exit(run_evaluate_priority(data, model, label or "priority", out, recall, own or []))
    raise typer.Exit(run_evaluate(data, model, label or "topic", out))


corpora = typer.Typer(help="自带语料：核对、更新清单。", no_args_is_help=True)
app.add_typer(corpora, name="corpora")


@corpora.command("check")
def corpora_check() -> None:
    """核对 corpora/ 与清单是否一致，标注是否合规。"""
    from service.commands import run_corpora_check

    raise typer.Exit(run_corpora_check())


@corpora.command("seal")
def corpora_seal() -> None:
    """按 corpora/ 的现状更新清单。"""
    from pipeline.manifest import seal

    seal()


def main() -> None:
    """Run the command; what goes wrong is told in a line, with exit code 2."""
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
    from service.commands import drop_output

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
