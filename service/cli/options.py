"""The options that several commands share, and what they are read as."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.labelled import Reading

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


def as_columns(columns: list[str] | None) -> dict[str, str]:
    """Return field → header of the office's own columns."""
    from pipeline.errors import InputError

    found = {}
    for pair in columns or []:
        field, sign, header = pair.partition("=")
        if not sign or not header:
            raise InputError(f"--column {pair}：应写成 字段=列名，例如 --column body=诉求描述。")
        found[field.strip()] = header.strip()
    return found


def as_reading(label: str, mapping: Path | None, column: list[str] | None) -> Reading:
    """Return how labelled files are to be read."""
    from pipeline.labelled import Reading

    return Reading(label, mapping, as_columns(column))


def as_precision(value: float) -> float:
    """Return where the dial is set to; 95 is 0.95."""
    from pipeline.calibration import PRECISIONS
    from pipeline.errors import InputError

    asked = value / 100 if value > 1 else value
    if asked not in PRECISIONS:
        stops = "、".join(map(str, PRECISIONS))
        raise InputError(f"精度档位 {value:g}：只能是 {stops}。")
    return asked
