"""Where corpora/ and models/ lie, and reading the tables in them."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import CorpusError, InputError
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


def table(path: Path, *required: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield `(line, row)` of a CSV file with a header, all cells stripped.

    Raises
    ------
    InputError
        Where the file is missing, or lacks a column that is required.
    """
    try:
        with path.open("rb") as stream:
            text = "".join(decode_lines(stream, detect(stream)))
    except OSError as error:
        raise InputError(f"{path}：打不开（{error.strerror}）。请检查路径。") from error
    if BROKEN in text:
        raise InputError(f"{path}：有无法解码的字节。请用 UTF-8 重新保存。")
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in required if name not in (reader.fieldnames or [])]
    if missing:
        seen = "、".join(reader.fieldnames or []) or "（空文件）"
        raise InputError(f"{path}：缺少列 {'、'.join(missing)}。看到的列：{seen}。")
    for row in reader:
        yield reader.line_num, {key: (value or "").strip() for key, value in row.items() if key}


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
