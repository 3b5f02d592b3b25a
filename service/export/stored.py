"""What stands in the store as files and streams: .csv and .xlsx for people, .jsonl for programs; any number of rows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.records import to_json
from service.export import labels, sheet

ENDINGS = (".csv", ".xlsx", ".jsonl")
MEDIA = {
    ".csv": "text/csv; charset=utf-8",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".jsonl": "application/x-ndjson",
}
COLUMNS = (
    *labels.COLUMNS, ("受理编号", 14), ("来源编号", 16), ("复核", 9), ("交办", 9), ("来源", 12), ("渠道", 12),
    ("联系方式", 16),
)  # fmt: skip
_BLOCK = 64 * 1024


def _cells(row: dict[str, Any]) -> list[str | float]:
    """Return the cells of a row of `service.desk.exporting.rows`, in the order of `COLUMNS`."""
    about, state = row["submission"], row["state"]
    return [
        *labels.table_row(row), row["reference"], row["external_id"], labels.REVIEW[state["review"]],
        labels.DELIVERY[state["delivery"]], *(about.get(name, "") for name in ("source", "channel", "contact")),
    ]  # fmt: skip


def stream(rows: Iterable[dict[str, Any]], ending: str) -> Iterator[bytes]:
    """Yield a file of rows piece by piece, in memory that does not grow with it; a workbook waits on disk."""
    if ending == ".jsonl":
        yield from (to_json(row) + b"\n" for row in rows)
    elif ending == ".csv":
        yield from sheet.csv_lines(COLUMNS, map(_cells, rows))
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "export.xlsx"
            sheet.write_book([("研判结果", COLUMNS, map(_cells, rows))], path)
            with path.open("rb") as file:
                yield from iter(lambda: file.read(_BLOCK), b"")


def write(rows: Iterable[dict[str, Any]], path: Path, ending: str) -> int:
    """Write a file of rows; return how many they were."""
    count = 0

    def counted() -> Iterator[dict[str, Any]]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    with path.open("wb") as file:
        file.writelines(stream(counted(), ending))
    return count
