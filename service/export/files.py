"""Writing a run to a file: beside its place first, then there, so that no half-written file is ever seen."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import InputError
from service.export.page import write_page
from service.export.sheet import write_csv, write_xlsx

if TYPE_CHECKING:
    from pipeline.batch import Run


def write_jsonl(result: Run, path: Path) -> None:
    """Write the contract: one decision a line, in the input's order."""
    with path.open("wb") as stream:
        for line in result.lines():
            stream.write(line + b"\n")


ENDINGS: dict[str, Callable[[Run, Path], None]] = {
    ".jsonl": write_jsonl,
    ".csv": write_csv,
    ".xlsx": write_xlsx,
    ".html": write_page,
}


def check(path: Path, endings: Container[str] = ENDINGS) -> None:
    """Raise `InputError` where `path` cannot become an output: told before the work, not after it."""
    if path.suffix.lower() not in endings:
        known = " ".join(ending for ending in (*ENDINGS, ".json") if ending in endings)
        raise InputError(f"-o {path}：不认识“{path.suffix or '没有后缀'}”。可用的后缀：{known}。")
    if path.is_dir():
        raise InputError(f"-o {path}：这是文件夹。请给出文件名。")
    if not path.parent.is_dir():
        raise InputError(f"-o {path}：没有文件夹 {path.parent}。请先建立，或换一个地方。")


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Give a path to write to, which takes the place of `path` when all went well and goes otherwise."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"-o {path}：写不进去（{error.strerror or error}）。请检查磁盘空间和权限。") from error
    finally:
        temporary.unlink(missing_ok=True)


def write(result: Run, path: Path) -> None:
    """Write a run in the format that the ending of `path` names."""
    with beside(path) as temporary:
        ENDINGS[path.suffix.lower()](result, temporary)
