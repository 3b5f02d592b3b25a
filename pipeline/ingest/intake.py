"""Reading several files as one stream of submissions."""

from __future__ import annotations

import io
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.errors import InputError, RowError
from pipeline.ingest import columns, readers
from pipeline.ingest.encoding import decode_lines, detect
from pipeline.records import Rejected, Source, Submission

FORMATS: dict[str, readers.Reader] = {
    ".jsonl": readers.read_jsonl,
    ".csv": readers.read_csv,
    ".tsv": readers.read_tsv,
    ".xlsx": readers.read_xlsx,
    ".txt": readers.read_txt,
    ".docx": readers.read_docx,
}
STDIN = "-"
_OLD = {".xls": ".xlsx", ".doc": ".docx", ".et": ".xlsx", ".wps": ".docx", ".json": ".jsonl"}


def _sniff(content: bytes, wanted: Mapping[str, str]) -> str:
    """Guess the format of standard input."""
    if content.startswith(b"PK\x03\x04"):
        return ".docx" if b"word/" in content[:4096] else ".xlsx"
    stream = io.BytesIO(content)
    first = next(decode_lines(stream, detect(stream)), "").strip()
    if first.startswith("{"):
        return ".jsonl"
    for sign, ending in (("\t", ".tsv"), (",", ".csv"), (";", ".csv")):
        if columns.has_text(columns.mapping(first.split(sign), wanted)):
            return ending
    return ".txt"


class Intake:
    """An iterator over the submissions of some files; what it met is in `sources` and `renamed` afterwards.

    Parameters
    ----------
    paths : files of the formats in `FORMATS`, or "-" for standard input.
    wanted : field → header, for files whose headers are not among `columns.NAMES`.
    rejected : called once for each row that cannot be used.

    Raises
    ------
    InputError
        At once where a file is missing or of an unknown kind, while iterating where it is damaged.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        wanted: Mapping[str, str] | None = None,
        rejected: Callable[[Rejected], None],
    ) -> None:
        self.paths = [Path(path) for path in paths]
        self.wanted = dict(wanted or {})
        self.rejected = rejected
        self.sources: list[Source] = []
        self.renamed: list[tuple[str, int, str]] = []
        columns.check_wanted(self.wanted)
        for path in self.paths:
            self._check(path)

    @staticmethod
    def _check(path: Path) -> None:
        if str(path) == STDIN:
            return
        if not path.exists():
            raise InputError(f"{path}：没有这个文件。请检查路径。")
        if path.is_dir():
            raise InputError(f"{path}：这是文件夹。请给出文件，例如 {path}/*.xlsx。")
        ending = path.suffix.lower()
        if ending not in FORMATS:
            instead = f"请另存为 {_OLD[ending]}。" if ending in _OLD else f"可用的格式：{' '.join(FORMATS)}。"
            raise InputError(f"{path}：不支持“{path.suffix or '没有后缀'}”格式。{instead}")

    def lines(self) -> int:
        """Return about how many rows there will be, for a progress bar."""
        total = 0
        for path in self.paths:
            if str(path) != STDIN and path.suffix.lower() in (".jsonl", ".csv", ".tsv"):
                with path.open("rb") as stream:
                    while block := stream.read(1 << 20):
                        total += block.count(b"\n")
        return total

    def _open(self, path: Path) -> tuple[BinaryIO, Source]:
        if str(path) == STDIN:
            content = sys.stdin.buffer.read()
            return io.BytesIO(content), Source(name="stdin", format=_sniff(content, self.wanted))
        try:
            return path.open("rb"), Source(name=str(path), format=path.suffix.lower())
        except OSError as error:
            raise InputError(f"{path}：打不开（{error.strerror}）。请检查权限。") from error

    def __iter__(self) -> Iterator[Submission]:
        seen: set[str | tuple[str, int]] = set()
        for path in self.paths:
            stream, source = self._open(path)
            self.sources.append(source)
            with stream:
                try:
                    for line, values, content in FORMATS[source.format](stream, source, self.wanted):
                        try:
                            submission = self._submission(line, values, source, seen)
                        except RowError as error:
                            self.rejected(Rejected(source.name, line, str(error), content))
                            continue
                        source.rows += 1
                        yield submission
                except InputError as error:
                    raise InputError(f"{source.name}：{error}") from error

    def _submission(
        self, line: int, values: dict[str, Any] | RowError, source: Source, seen: set[str | tuple[str, int]]
    ) -> Submission:
        """Return the record of a row under an id that is its own.

        Mailboxes do give one number to several letters (a counter that starts anew each day): another text under a
        number that was seen goes on as NUMBER#2, told in `renamed`; the same text under the same number is the same
        row twice.
        """
        if isinstance(values, RowError):
            raise values
        submission = columns.to_submission(values, source.columns)
        name = submission.id or f"{Path(source.name).stem}-{line}"
        same = (name, hash(submission.text))
        if name in seen:
            if submission.id and same in seen:
                raise RowError(f"编号“{name}”前面已经出现过，文字也相同：同一件来件在文件里出现了两次。")
            given = next(again for n in itertools.count(2) if (again := f"{name}#{n}") not in seen)
            if submission.id:
                self.renamed.append((source.name, line, given))
        else:
            given = name
        seen.update((given, same))
        return submission if given == submission.id else replace(submission, id=given)
