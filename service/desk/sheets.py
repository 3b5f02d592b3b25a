"""Tables as text: made of files that people bring, given as files to the pipeline's readers, compared row by row."""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import InputError
from pipeline.ingest import archive
from pipeline.knowledge import cells
from pipeline.route.faults import Faults
from service.export.sheet import rearm

Row = dict[str, str]

_FLAGS = ("places", "members", "stations", "lexicon")
"""The tables that `Triage.load` takes by themselves; the others lie in the folder of rules."""
_ELSEWHERE = ("dials",)
"""The tables that are no files of the pipeline."""
_TOLD = 10
_LARGEST = 100_000_000
"""Bytes that a workbook may hold once it is unpacked."""
_KEYS = {
    "crosswalk": ("level1", "level2", "valid_from"),
    "rules": ("code", "valid_from"),
    "holidays": ("from",),
    "sectors": ("name",),
    "committees": ("name",),
    "members": ("id", "sectors"),
    "lexicon": ("term", "level1", "level2"),
    "dials": ("name",),
}
"""What tells the rows of a table apart; in the others the id. (`sectors` only tells the reader which table it is.)"""
_OPTIONAL = ("valid_from", "level1", "level2")
"""Of those the columns that need not be there."""


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is in both versions, with the cells that differ."""

    key: str
    before: Row
    after: Row


@dataclass(frozen=True, slots=True)
class Difference:
    """What a new version of a table changes; `version` is that which it was compared with, 0 for none."""

    kind: str
    version: int
    added: list[Row]
    removed: list[Row]
    changed: list[Change]
    reordered: bool = False
    warnings: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows are added, removed and changed."""
        return {"added": len(self.added), "removed": len(self.removed), "changed": len(self.changed)}

    def __bool__(self) -> bool:
        """Whether anything is different."""
        return any(self.counts.values()) or self.reordered


def as_text(data: bytes, name: str = "") -> str:
    """Return a file (.csv in any usual encoding, .xlsx) as the text of a CSV, cell by cell as it stands there.

    Raises
    ------
    InputError
        Where it cannot be read.
    """
    ending = ".xlsx" if data[:2] == b"PK" else ".csv"
    if ending == ".xlsx" and _unpacked(data) > _LARGEST:
        raise InputError(f"{name}：解压后超过 {_LARGEST / 1e6:.0f} MB，可能是恶意文件。请另存为 .csv。")
    out = io.StringIO()
    with _folder() as folder:
        path = folder / f"table{ending}"
        path.write_bytes(data)
        try:
            rows = [row if ending == ".xlsx" else [rearm(cell) for cell in row] for _, row in cells(path)]
            if ending == ".xlsx":
                _no_formulas(path, rows)
        except InputError as error:  # told under the name that its owner knows
            called = Path(name or "table").name
            raise InputError(
                str(error).replace(str(path), called if Path(called).suffix else called + ending)
            ) from error
        csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _no_formulas(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Refuse formulas without a value: what a spreadsheet would have shown is not known here, and must not be lost."""
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True)
    book.worksheets[0].reset_dimensions()
    told = [
        f"{path} 第 {line} 行第 {column} 列：是公式，没有算出的值。请在表格软件里选择性粘贴为数值，再上传。"
        for line, cells_ in enumerate(book.worksheets[0].iter_rows(), 1)
        for column, cell in enumerate(cells_, 1)
        if cell.data_type == "f" and not rows[line - 1][column - 1]
    ]
    book.close()
    if told:
        raise InputError("\n".join(told[:_TOLD]))


def _unpacked(data: bytes) -> int:
    try:
        return archive.unpacked(io.BytesIO(data))
    except zipfile.BadZipFile:
        return 0  # the reader says what is wrong


@contextmanager
def as_files(tables: Mapping[str, str]) -> Iterator[dict[str, Path]]:
    """Give tables as files, as `Triage.load` takes them, for as long as they are read.

    Errors name a table by its kind, such as members.csv. A table without content is not given.
    """
    kept = {kind: content for kind, content in tables.items() if content and kind not in _ELSEWHERE}
    with _folder() as folder:
        for kind, content in kept.items():
            (folder / f"{kind}.csv").write_text(content, encoding="utf-8", newline="")
        paths = {kind: folder / f"{kind}.csv" for kind in _FLAGS if kind in kept}
        yield paths | ({"rules": folder} if set(kept) - set(_FLAGS) else {})


@contextmanager
def _folder() -> Iterator[Path]:
    """Give a folder for a while; it is taken out of what readers tell: it says nothing to an editor."""
    with tempfile.TemporaryDirectory() as name:
        try:
            yield Path(name)
        except InputError as error:
            raise InputError(str(error).replace(f"{name}/", "")) from error


def key_of(kind: str, row: Row) -> str:
    """Return what tells a row of a table apart."""
    names = _KEYS.get(kind, ("id",))
    return "/".join(filter(None, (row.get(name, "") for name in names if name != "sectors")))


def rows_of(kind: str, content: str) -> dict[str, Row]:
    """Return the rows of a table by what tells them apart; its columns under their English names."""
    found: dict[str, Row] = {}
    if not content:
        return found
    names = _KEYS.get(kind, ("id",))
    with _folder() as folder:
        path = folder / f"{kind}.csv"
        path.write_text(content, encoding="utf-8", newline="")
        for row in Faults(path).rows(*(name for name in names if name not in _OPTIONAL)):
            key = key_of(kind, row)
            while key in found:
                key += "′"
            found[key] = row
    return found


def difference(kind: str, before: str, after: str, version: int) -> Difference:
    """Return what a new version of a table would change."""
    old, new = rows_of(kind, before), rows_of(kind, after)
    both = [key for key in new if key in old]
    changed = [Change(key, *_cells(old[key], new[key])) for key in both]
    return Difference(
        kind,
        version,
        [row for key, row in new.items() if key not in old],
        [row for key, row in old.items() if key not in new],
        [each for each in changed if each.before],
        reordered=both != [key for key in old if key in new],
    )


def _cells(old: Row, new: Row) -> tuple[Row, Row]:
    """Return the cells of two rows that differ."""
    names = [name for name in old | new if old.get(name, "") != new.get(name, "")]
    return {name: old.get(name, "") for name in names}, {name: new.get(name, "") for name in names}
