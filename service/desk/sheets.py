"""Tables as text: made of files that people bring, given as files to the pipeline's readers, compared row by row."""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import InputError
from pipeline.knowledge import cells
from pipeline.route.faults import Faults

Row = dict[str, str]

_FLAGS = ("places", "members", "stations")
"""The tables that `Router.load` takes by themselves; the others lie in the folder of rules."""
_LARGEST = 100_000_000
"""Bytes that a workbook may hold once it is unpacked."""
_KEYS = {
    "crosswalk": ("level1", "level2", "valid_from"),
    "rules": ("code", "valid_from"),
    "holidays": ("from",),
    "sectors": ("name",),
    "committees": ("name",),
    "members": ("id", "sectors"),
}
"""What tells the rows of a table apart; in the others the id. (`sectors` only tells the reader which table it is.)"""


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
        path = folder / f"{Path(name).stem or 'table'}{ending}"
        path.write_bytes(data)
        csv.writer(out, lineterminator="\n").writerows(row for _, row in cells(path))
    return out.getvalue()


def _unpacked(data: bytes) -> int:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return sum(each.file_size for each in archive.infolist())
    except zipfile.BadZipFile:
        return 0  # the reader says what is wrong


@contextmanager
def as_files(tables: Mapping[str, str]) -> Iterator[dict[str, Path]]:
    """Give tables as files, as `Router.load` and `Triage.load` take them, for as long as they are read.

    Errors name a table by its kind, such as members.csv. A table without content is not given.
    """
    kept = {kind: content for kind, content in tables.items() if content}
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


def rows_of(kind: str, content: str) -> dict[str, Row]:
    """Return the rows of a table by what tells them apart; its columns under their English names."""
    found: dict[str, Row] = {}
    if not content:
        return found
    names = _KEYS.get(kind, ("id",))
    with _folder() as folder:
        path = folder / f"{kind}.csv"
        path.write_text(content, encoding="utf-8", newline="")
        for row in Faults(path).rows(*(name for name in names if name != "valid_from")):
            key = "/".join(filter(None, (row.get(name, "") for name in names if name != "sectors")))
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
