"""Reading several files as one stream of submissions."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import InputError, RowError
from pipeline.ingest import columns, readers
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


def _sniff(head: bytes, wanted: Mapping[str, str]) -> str:
    """Guess the format of standard input from its first bytes."""
    if head.startswith(b"PK\x03\x04"):
        return ".docx" if b"word/" in head else ".xlsx"
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return ".jsonl"
    first = next(iter(head.decode("utf-8", "replace").splitlines()), "")
    for sign, ending in (("\t", ".tsv"), (",", ".csv"), (";", ".csv")):
        if columns.has_text(columns.mapping(first.split(sign), wanted)):
            return ending
    return ".txt"


class Intake:
    """An iterator over the submissions of some files; what it met is in `sources` afterwards.

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
        self.rejections = 0
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
                    total += sum(block.count(b"\n") for block in iter(lambda s=stream: s.read(1 << 20), b""))
        return total

    def _open(self, path: Path) -> tuple[BinaryIO, Source]:
        if str(path) == STDIN:
            content = sys.stdin.buffer.read()
            return io.BytesIO(content), Source(name="stdin", format=_sniff(content[:4096], self.wanted))
        try:
            return path.open("rb"), Source(name=str(path), format=path.suffix.lower())
        except OSError as error:
            raise InputError(f"{path}：打不开（{error.strerror}）。请检查权限。") from error

    def __iter__(self) -> Iterator[Submission]:
        seen: set[str] = set()
        for path in self.paths:
            stream, source = self._open(path)
            self.sources.append(source)
            prefix = Path(source.name).stem
            with stream:
                try:
                    for line, values, content in FORMATS[source.format](stream, source, self.wanted):
                        try:
                            if isinstance(values, RowError):
                                raise values
                            fallback = f"{prefix}-{line}"
                            if fallback in seen:
                                fallback = f"{prefix}-{len(self.sources)}-{line}"
                            submission = columns.to_submission(values, source.columns, fallback)
                            if submission.id in seen:
                                raise RowError(f"编号“{submission.id}”前面已经出现过：编号不能重复。")
                        except RowError as error:
                            self.rejections += 1
                            self.rejected(Rejected(source.name, line, str(error), content))
                            continue
                        seen.add(submission.id)
                        source.rows += 1
                        yield submission
                except InputError as error:
                    raise InputError(f"{source.name}：{error}") from error
