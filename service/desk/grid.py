"""A table of the office as rows that are changed one by one; what the office wrote around them stays as it is."""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import dataclass, field

from pipeline.route.faults import ALSO
from service.desk.errors import ConflictError, NotFoundError, RuleError
from service.desk.sheets import Row, key_of, rows_of

_COLUMNS = {
    "places": ("id", "name", "parent", "aliases"),
    "members": ("id", "name", "sectors", "place", "stations", "speciality", "organisation", "capacity", "absences",
                "active", "stakes"),
    "stations": ("id", "name", "kind", "place", "sector", "speciality", "convenors", "leader", "committee"),
    "lexicon": ("term", "level1", "level2", "weight", "note"),
    "dials": ("name", "value"),
}  # fmt: skip
"""The columns of a table that the office begins; of the others those of the one that ships."""
_TOLD = 10


@dataclass(slots=True)
class Grid:
    """The rows of a table by what tells them apart, under the columns as the pipeline calls them.

    headers : the columns as the office wrote them, in the same order.
    doubled : of these, those that the pipeline calls alike: only one of them would be kept.
    headless : the faults of cells that stand under no header: nobody could tell what they mean, and none would be kept.
    """

    kind: str
    headers: list[str]
    columns: list[str]
    rows: dict[str, Row] = field(default_factory=dict)
    doubled: list[str] = field(default_factory=list)
    headless: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, kind: str, content: str) -> Grid:
        """Read a table that was checked before."""
        rows = rows_of(kind, content)
        reader = csv.reader(io.StringIO(content.removeprefix("\ufeff")))
        headers = [name.strip() for name in next(reader, [])]
        headless = [fault for row in reader for fault in _headless(kind, reader.line_num, headers, row)]
        columns = list(next(iter(rows.values()), ())) or list(_COLUMNS.get(kind, headers))
        headers = [name for name in headers if name]
        doubled = _doubled(headers, columns)
        return cls(kind, headers if len(headers) == len(columns) else columns, columns, rows, doubled, headless)

    def check(self) -> None:
        """Make sure that a row can be changed without losing a cell.

        Raises
        ------
        RuleError
            Where two columns are called alike, or a cell stands under no header.
        """
        if self.headless:
            more = len(self.headless) - _TOLD
            faults = [*self.headless[:_TOLD], *([f"…… 另有 {more} 处。"] if more > 0 else [])]
            raise RuleError("\n".join(faults), self.kind)
        if self.doubled:
            told = "”和“".join(self.doubled)
            raise RuleError(f"{self.kind}.csv：有两列叫“{told}”，只能认出一列。请改名，或合成一列。", self.kind)

    def get(self, key: str) -> Row:
        """Return a row.

        Raises
        ------
        NotFoundError
            Where there is none.
        """
        if key not in self.rows:
            raise NotFoundError(f"表里没有“{key}”这一行，可能刚被别人删去或改了编号。请回到表里看看。")
        return self.rows[key]

    def put(self, key: str, values: Row) -> str:
        """Let a row hold these values, or add it where `key` is ""; return what tells it apart now.

        Raises
        ------
        NotFoundError, ConflictError, RuleError
            Where the row is gone, another one has what tells it apart, or a cell would be lost; see `check`.
        """
        self.check()
        before = self.get(key) if key else {}
        row = before | values
        now = key_of(self.kind, row)
        if key and now == key_of(self.kind, before):
            now = key  # the second of two rows that nothing tells apart is shown under a key of its own
        elif now in self.rows:
            raise ConflictError(f"表里已有“{now}”。请换一个，或去改那一行。", {"row": now})
        for column in values:
            if column not in self.columns:
                self.columns.append(column)
                self.headers.append(column)
        rows = {now if each == key else each: row if each == key else other for each, other in self.rows.items()}
        self.rows = rows | {now: row}
        return now

    def remove(self, key: str) -> None:
        """Take a row out; see `put`."""
        self.check()
        self.get(key)
        del self.rows[key]

    @property
    def content(self) -> str:
        """The table as CSV."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.headers)
        writer.writerows([row.get(column, "") for column in self.columns] for row in self.rows.values())
        return out.getvalue()


def _headless(kind: str, line: int, headers: list[str], row: list[str]) -> list[str]:
    """Return the faults of the cells of a row that stand under a blank header, or beyond the last one."""
    return [
        f"{kind}.csv 第 {line} 行第 {at} 列：“{cell.strip()[:20]}”上面没有列名。请在第 1 行写上列名，或清空这一格。"
        for at, (header, cell) in enumerate(itertools.zip_longest(headers, row, fillvalue=""), 1)
        if cell.strip() and not header
    ]


def _doubled(headers: list[str], columns: list[str]) -> list[str]:
    """Return the first headers of a table that are called alike."""
    alike = [[each for each in headers if each in (name, *ALSO.get(name, ()))] for name in columns]
    if len(headers) == len(set(headers)) == len(columns):
        return []  # an id beside a number of the office's own
    return next((each for each in alike if len(each) > 1), [])
