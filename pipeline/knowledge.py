"""Where corpora/ and models/ lie, and reading the tables in them."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from pipeline.errors import CorpusError, InputError
from pipeline.ingest import archive
from pipeline.ingest.encoding import BROKEN, decode_lines, detect

ROOT = Path(__file__).resolve().parent.parent
CORPORA = ROOT / "corpora"


SHIPPED_MODELS = ROOT / "models"
_MODEL_NAME = re.compile(r"[\w-][\w.-]{0,63}")


def models_folder() -> Path:
    """Return where an office keeps its models: `MINYI_MODELS` where set, else beside the one that ships."""
    return Path(os.environ.get("MINYI_MODELS") or SHIPPED_MODELS)


def model_folder(name: str, *, new: bool = False) -> Path:
    """Return the folder of a model by name; one that is not new may also be one that ships.

    Raises
    ------
    InputError
        Where the name is no plain name: it must not lead to another folder.
    """
    if not _MODEL_NAME.fullmatch(name):
        raise InputError(f"模型名“{name}”不能用：只能有字母、汉字、数字、下划线、连字符和点，且不以点开头。")
    own = models_folder() / name
    return own if new or own.exists() else SHIPPED_MODELS / name


def digest(*paths: Path) -> str:
    """Return a short hash of the content of files, in the order given, line ends aside."""
    total = hashlib.sha256()
    for path in paths:
        total.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return total.hexdigest()[:16]


def table(
    path: Path, *required: str, also: Mapping[str, Sequence[str]] | None = None
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield `(line, row)` of a table with a header (.csv, or the first sheet of an .xlsx), all cells stripped.

    Parameters
    ----------
    path : the file.
    required : columns that must be there.
    also : column → other names that its header may have, such as Chinese ones.

    Raises
    ------
    InputError
        Where the file cannot be read, or lacks a column that is required.
    """
    rows = cells(path)
    _, heads = next(rows, (0, []))
    names = {other: name for name, others in (also or {}).items() for other in others if name not in heads}
    header = [names.get(name, name) for name in heads]
    missing = [name for name in required if name not in header]
    if missing:
        seen = "、".join(f"“{name}”" for name in heads if name) or "（空文件）"  # as the file has them
        raise InputError(f"{path}：缺少列 {'、'.join(missing)}。看到的列：{seen}。")
    for line, row in rows:
        if any(row):
            yield line, {name: cell for name, cell in itertools.zip_longest(header, row, fillvalue="") if name}


def cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield `(line, cells)` of a table as it stands there, its header as well; see `table` for what is raised."""
    return (_sheet if path.suffix.lower() == ".xlsx" else _delimited)(path)


def _delimited(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open("rb") as stream:
            text = "".join(decode_lines(stream, detect(stream)))
    except OSError as error:
        raise InputError(f"{path}：打不开（{error.strerror}）。请检查路径。") from error
    if BROKEN in text:
        raise InputError(f"{path}：有无法解码的字节。请用 UTF-8 重新保存。")
    reader = csv.reader(io.StringIO(text))
    for cells in reader:
        yield reader.line_num, [cell.strip() for cell in cells]


def _sheet(path: Path) -> Iterator[tuple[int, list[str]]]:
    import openpyxl

    try:
        archive.check(path)
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        book.worksheets[0].reset_dimensions()
        rows = [[_cell(value) for value in row] for row in book.worksheets[0].iter_rows(values_only=True)]
        book.close()
    except OSError as error:
        if error.errno is None:  # told by the reader of workbooks, in English: an archive of another kind
            raise InputError(f"{path}：不是有效的 .xlsx 文件。请在表格软件中另存为 .xlsx 后再试。") from error
        raise InputError(f"{path}：打不开（{error.strerror}）。请检查路径。") from error
    except InputError as error:
        raise InputError(f"{path}：{error}") from error
    except Exception as error:  # what a torn archive or its XML raises is of many kinds, and told nowhere
        raise InputError(f"{path}：不是有效的 .xlsx 文件（{error}）。请在表格软件中另存为 .xlsx 后再试。") from error
    yield from enumerate(rows, 1)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()


def split(cell: str) -> tuple[str, ...]:
    """Split a cell that holds a list.

    >>> split("经济| 工商联 |")
    ('经济', '工商联')
    """
    return tuple(part.strip() for part in cell.split("|") if part.strip())


def lexicon(name: str) -> list[str]:
    """Return the lines of corpora/lexicon/NAME.txt without blanks and comments."""
    path = CORPORA / "lexicon" / f"{name}.txt"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CorpusError(f"{path}：打不开（{error.strerror}）。请重新安装，或检查 corpora/。") from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
