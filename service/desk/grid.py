"""A table of the office as rows that are changed one by one; what the office wrote around them stays as it is."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

from service.desk.errors import ConflictError, NotFoundError
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
    """

    kind: str
    headers: list[str]
    columns: list[str]
    rows: dict[str, Row] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: str, content: str) -> Grid:
        """Read a table that was checked before."""
        rows = rows_of(kind, content)
        headers = [name.strip() for name in next(csv.reader(io.StringIO(content.removeprefix("\ufeff"))), [])]
        columns = list(next(iter(rows.values()), ())) or list(_COLUMNS.get(kind, headers))
        headers = [name for name in headers if name]
        return cls(kind, headers if len(headers) == len(columns) else columns, columns, rows)

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
        NotFoundError, ConflictError
            Where the row is gone, or another one has what tells it apart.
        """
        before = self.get(key) if key else {}
        row = before | values
        now = key_of(self.kind, row)
        if now != key and now in self.rows:
            raise ConflictError(f"表里已有“{now}”。请换一个，或去改那一行。", {"row": now})
        for column in values:
            if column not in self.columns:
                self.columns.append(column)
                self.headers.append(column)
        rows = {now if each == key else each: row if each == key else other for each, other in self.rows.items()}
        self.rows = rows | {now: row}
        return now

    def remove(self, key: str) -> None:
        """Take a row out."""
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
