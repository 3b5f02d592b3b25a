"""A table of the office as rows that are changed one by one; what the office wrote around them stays as it is."""

from __future__ import annotations

import csv
import io
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


@dataclass(slots=True)
class Grid:
    """The rows of a table by what tells them apart, under the columns as the pipeline calls them.

    headers : the columns as the office wrote them, in the same order.
    doubled : of these, those that the pipeline calls alike: only one of them would be kept.
    """

    kind: str
    headers: list[str]
    columns: list[str]
    rows: dict[str, Row] = field(default_factory=dict)
    doubled: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, kind: str, content: str) -> Grid:
        """Read a table that was checked before."""
        rows = rows_of(kind, content)
        headers = [name.strip() for name in next(csv.reader(io.StringIO(content.removeprefix("\ufeff"))), [])]
        columns = list(next(iter(rows.values()), ())) or list(_COLUMNS.get(kind, headers))
        headers = [name for name in headers if name]
        doubled = _doubled(headers, columns)
        return cls(kind, headers if len(headers) == len(columns) else columns, columns, rows, doubled)

    def check(self) -> None:
        """Make sure that a row can be changed without losing a column.

        Raises
        ------
        RuleError
            Where two columns are called alike.
        """
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
            Where the row is gone, another one has what tells it apart, or two columns are called alike.
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


def _doubled(headers: list[str], columns: list[str]) -> list[str]:
    """Return the first headers of a table that are called alike."""
    alike = [[each for each in headers if each in (name, *ALSO.get(name, ()))] for name in columns]
    if len(headers) == len(set(headers)) == len(columns):
        return []  # an id beside a number of the office's own
    return next((each for each in alike if len(each) > 1), [])
