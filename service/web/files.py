"""Tables to download: .csv and .xlsx, made in one place; no cell is ever taken for a formula."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from fastapi.responses import Response

from service.desk.errors import NotFoundError
from service.export.sheet import csv_lines, write_book
from service.export.stored import MEDIA

Cells = Sequence[str | float]
Sheet = tuple[str, Sequence[str], Iterable[Cells]]
"""The title of a sheet, its heads, its rows."""
_WIDEST = 40


def download(name: str, ending: str, sheets: Sequence[Sheet]) -> Response:
    """Return tables as a file: as a .csv the first, as an .xlsx a sheet for each."""
    tables = [(title, [list(row) for row in rows], heads) for title, heads, rows in sheets]
    if ending == ".csv":
        _, rows, heads = tables[0]
        content = b"".join(csv_lines(_columns(heads, rows), rows))
    elif ending == ".xlsx":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "table.xlsx"
            write_book([(title, _columns(heads, rows), rows) for title, rows, heads in tables], path)
            content = path.read_bytes()
    else:
        raise NotFoundError(f"没有“{ending}”格式。可以下载 .csv 和 .xlsx。")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name + ending)}"}
    return Response(content, media_type=MEDIA[ending], headers=headers)


def _columns(heads: Sequence[str], rows: Sequence[Cells]) -> tuple[tuple[str, int], ...]:
    """Return the heads with the width of their columns, by what stands in the first rows; Han characters are wide."""

    def width(text: object) -> int:
        return sum(2 if each > "\u2e80" else 1 for each in str(text))

    return tuple(
        (head, min(_WIDEST, 2 + max([width(head), *(width(row[at]) for row in rows[:100] if at < len(row))])))
        for at, head in enumerate(heads)
    )
