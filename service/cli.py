"""The `minyi` command: thin, every command parses, calls one function and tells what came out."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.labelled import Reading

app = typer.Typer(
    name="minyi",
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
Model = Annotated[str | None, typer.Option("--model", help="模型名，默认用正在使用的。")]
Data = Annotated[list[Path], typer.Option("--data", help="带标签的文件，可多次给出。")]
Label = Annotated[str, typer.Option("--label", help="主题标签所在的列。")]
Mapping = Annotated[
    Path | None, typer.Option("--mapping", help="本单位标签到主题的对照表（.csv：label,level1,level2）。")
]
Scores = Annotated[Path | None, typer.Option("-o", "--out", help="把分数写成 .json。")]
Who = Annotated[str | None, typer.Option("--who", help="操作人，默认为登录名。")]
Members = Annotated[Path | None, typer.Option("--members", help="委员表（.csv 或 .xlsx）。")]
Places = Annotated[Path | None, typer.Option("--places", help="地点表（.csv 或 .xlsx）。")]
Stations = Annotated[
    Path | None, typer.Option("--stations", help="站点表：委员工作室、议事室、联络站（.csv 或 .xlsx）。")
]
Rules = Annotated[
    Path | None,
    typer.Option("--rules", help="主题到界别的对照表，或放有 crosswalk、rules、holidays 等表的文件夹；默认用自带的。"),
]


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


def _reading(label: str, mapping: Path | None, column: list[str] | None) -> Reading:
    from pipeline.labelled import Reading

    return Reading(label, mapping, _wanted(column))


def _precision(value: float) -> float:
    """Return where the dial is set to; 95 is 0.95."""
    from pipeline.calibration import PRECISIONS
    from pipeline.errors import InputError

    precision = value / 100 if value > 1 else value
    if precision not in PRECISIONS:
        stops = "、".join(map(str, PRECISIONS))
        raise InputError(f"精度档位 {value:g}：只能是 {stops}。")
    return precision


@app.callback()
def settings(
    models: Annotated[
        Path | None, typer.Option("--models", help="本单位的模型文件夹，默认取环境变量 MINYI_MODELS。")
    ] = None,
) -> None:
    """民意研判：清洗、分类、定级、并案、分派，并说明理由。"""
    if models:
        os.environ["MINYI_MODELS"] = str(models)


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
    from service.commands import Office, run_triage

    office = Office(
        model=model,
        precision=_precision(precision),
        members=members,
        places=places,
        stations=stations,
        rules=rules,
        priority_dial=priority_dial,
    )
    raise typer.Exit(run_triage(files, out, _wanted(column), office, processes))


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
    from service.commands import Office, run_hot

    office = Office(model=model, members=None, places=places, stations=None, rules=None)
    raise typer.Exit(run_hot(files, out, _wanted(column), office, top, days, by.value))


@app.command()
def clean(files: Files, out: Out = None, column: Columns = None) -> None:
    """只清洗：输出 {"id", "clean": {"text", "edits"}}，每处改动都记录在案。"""
    from service.commands import run_clean

    raise typer.Exit(run_clean(files, out, _wanted(column)))


@app.command()
def explain(
    what: Annotated[str, typer.Argument(help="一段文字；给出 --file 时是文件里的编号。", metavar="文字或编号")],
    file: Annotated[Path | None, typer.Option("--file", help="从这个文件里按编号找。")] = None,
    column: Columns = None,
    model: Model = None,
) -> None:
    """说明一件来件：原文和清洗后的文字对照，改动用颜色标出，再列出研判的依据。"""
    from service.explain import run_explain

    raise typer.Exit(run_explain(what, file, _wanted(column), model))


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
    from service.commands import run_train

    raise typer.Exit(run_train(name, data or [], base, _reading(label, mapping, column)))


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
    from service.commands import run_evaluate, run_evaluate_priority

    reading = _reading(label or task.value, mapping, column)
    if task == Task.PRIORITY:
        raise typer.Exit(run_evaluate_priority(data, model, reading, out, recall, own or []))
    raise typer.Exit(run_evaluate(data, model, reading, _precision(dial), out))


models = typer.Typer(help="模型：查看、比较、启用、退回。", no_args_is_help=True)
app.add_typer(models, name="models")


@models.command("list")
def models_list() -> None:
    """列出模型，哪个正在使用，以及每次启用和退回的记录。"""
    from service.models import run_list

    raise typer.Exit(run_list())


@models.command("show")
def models_show(
    name: Annotated[str | None, typer.Argument(help="模型名，默认为正在使用的。")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="写成 .html（有校准图）、.md 或 .json。")] = None,
) -> None:
    """显示模型卡：分数、混淆、校准、精度档位、数据和版本。"""
    from service.models import run_show

    raise typer.Exit(run_show(name, out))


@models.command("compare")
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
    from service.models import run_compare

    raise typer.Exit(run_compare(a, b, data, _reading(label, mapping, column), out))


@models.command("promote")
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
    from service.models import run_promote

    reading = _reading(label, mapping, column)
    raise typer.Exit(run_promote(name, data or [], reading, force=force, why=reason, who=who))


@models.command("rollback")
def models_rollback(
    to: Annotated[str | None, typer.Option("--to", help="退回到哪个启用过的模型，默认上一个；base 总在。")] = None,
    reason: Annotated[str, typer.Option("--reason", help="理由，记录在案。")] = "",
    who: Who = None,
) -> None:
    """退回上一个启用过的模型。"""
    from service.models import run_rollback

    raise typer.Exit(run_rollback(to, why=reason, who=who))


route = typer.Typer(help="分派：说明理由，模拟负荷。", no_args_is_help=True)
app.add_typer(route, name="route")


@route.command("explain")
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
    from service.commands import Office
    from service.routing import run_explain

    office = Office(model=model, members=members, places=places, stations=stations, rules=rules)
    raise typer.Exit(run_explain(file, name, _wanted(column), office))


@route.command("simulate")
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
    from service.commands import Office
    from service.routing import run_simulate

    office = Office(model=model, members=members, places=places, stations=stations, rules=rules)
    raise typer.Exit(run_simulate(files, out, _wanted(column), office))


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
