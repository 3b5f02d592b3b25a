"""What the commands share: an office's settings, rows that could not be used, standard output, the progress bar."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.records import Rejected
from service.export import ENDINGS, check
from service.export.sheet import disarm

SHOWN = 10
"""Rows and files of a kind that are told one by one."""


class Rejections:
    """The rows that could not be used: the first are told, all are kept in a file that is made at the first of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.first: list[Rejected] = []
        self.count = 0
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")

    @classmethod
    def of(cls, files: Sequence[Path], out: Path | None, endings: Container[str] = ENDINGS) -> Rejections:
        """Return where rejected rows go, having checked that the outputs can be written and are none of the inputs."""
        if out:
            check(out, endings)
        kept = Path(f"{out}.rejected.csv") if out else Path("minyi.rejected.csv")
        if kept.is_dir():
            raise InputError(f"{kept}：读不了的行要存在这里，可它是文件夹。请换一个 -o。")
        for path in (out, kept):
            if path and any(path.exists() and file.exists() and path.samefile(file) for file in files):
                raise InputError(f"{path}：既是输入又要写结果，会盖掉原件。请换一个 -o，或先把这个文件改名。")
        return cls(kept)

    def __call__(self, rejected: Rejected) -> None:
        """Keep a rejected row."""
        with self._part.open(
            "a" if self.count else "w", encoding="utf-8-sig" if not self.count else "utf-8", newline=""
        ) as stream:
            writer = csv.writer(stream)
            if not self.count:
                writer.writerow(["文件", "行", "原因", "内容"])
            content = rejected.content.encode("utf-8", "replace").decode()
            writer.writerow([rejected.file, rejected.line, rejected.reason, disarm(content)])
        self.count += 1
        if self.count <= SHOWN:
            self.first.append(rejected)

    def finish(self) -> None:
        """Put the file in its place, or take away that of an earlier run."""
        if self.count:
            self._part.replace(self.path)
        else:
            self.path.unlink(missing_ok=True)

    def drop(self) -> None:
        """Leave nothing behind."""
        self._part.unlink(missing_ok=True)

    def tell(self) -> None:
        """Name the rows on standard error."""
        for rejected in self.first:
            sys.stderr.write(f"{rejected.file}:{rejected.line}: {rejected.reason}\n")
        if self.count > len(self.first):
            sys.stderr.write(f"…… 另有 {self.count - len(self.first)} 行。\n")
        if self.count:
            sys.stderr.write(f"共 {self.count} 行读不了，原样存在 {self.path}，改好后可单独再导入。\n")


def drop_output() -> None:
    """Let what is still to be written go nowhere, so that the end of the process does not fail on it once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_lines(lines: Iterable[bytes]) -> None:
    """Write lines to standard output; a reader that has seen enough is no error."""
    try:
        sys.stdout.buffer.writelines(lines)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        drop_output()


@contextmanager
def kept(rejections: Rejections) -> Iterator[None]:
    """Keep the rejected rows where the run ends well; leave nothing half-written otherwise."""
    try:
        yield
        rejections.finish()
    finally:
        rejections.drop()
    rejections.tell()


@contextmanager
def progress(total: int) -> Iterator[Callable[[int], None] | None]:
    """Show a progress bar on a terminal; stay silent in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("研判"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total or None)
        yield lambda rows: bar.advance(task, rows)


@dataclass(frozen=True, slots=True)
class Office:
    """What an office triages with: a model (the working one by default), its dial and the office's own tables."""

    model: str | None
    members: Path | None
    places: Path | None
    stations: Path | None
    rules: Path | None
    precision: float = 0.95
    priority_dial: float | None = None
