"""Tables for people: .csv and .xlsx, sorted by priority; no cell is ever taken for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from service.export import hot
from service.export.labels import COLUMNS, table_row

if TYPE_CHECKING:
    from pipeline.batch import Run

Columns = tuple[tuple[str, int], ...]
Table = tuple[str, Columns, Iterable[list[str | float]]]

_LIVE = ("=", "+", "-", "@", "\t", "\r")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LONGEST_CELL = 32_000
"""A spreadsheet's limit is 32,767 characters; a longer text is cut here and whole in the .jsonl."""


def disarm(cell: str | float) -> str | float:
    """Return a cell that no spreadsheet takes for a formula when it opens a .csv.

    >>> disarm("=1+1")
    "'=1+1"
    """
    if isinstance(cell, str) and cell.lstrip("'").startswith(_LIVE):
        return "'" + cell
    return cell


def rearm(cell: str) -> str:
    """Return a cell as it was before `disarm`: what was given out as a .csv and comes back is the same.

    >>> rearm(str(disarm("-5"))), rearm("'quoted'")
    ('-5', "'quoted'")
    """
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_LIVE) else cell


def csv_lines(columns: Columns, rows: Iterable[list[str | float]]) -> Iterator[bytes]:
    """Yield a table as lines of UTF-8 with a mark, which spreadsheets need to know it as such."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([name for name, _ in columns])
    yield buffer.getvalue().encode("utf-8-sig")
    for row in rows:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([disarm(cell) for cell in row])
        yield buffer.getvalue().encode()


def write_csv(result: Run, path: Path) -> None:
    """Write the officer's table of a run."""
    with path.open("wb") as stream:
        stream.writelines(csv_lines(COLUMNS, (table_row(result.row(index)) for index in result.by_priority())))


def write_xlsx(result: Run, path: Path) -> None:
    """Write the officer's table of a run as a sheet, hot issues as another."""
    tables: list[Table] = [("研判结果", COLUMNS, (table_row(result.row(index)) for index in result.by_priority()))]
    if issues := hot.hot_issues(result):
        tables.append(("热点事项", hot.COLUMNS, (issue.cells() for issue in issues)))
    write_book(tables, path)


def write_book(tables: Iterable[Table], path: Path) -> None:
    """Write tables as sheets with a frozen header, filters and readable widths."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    bold, wrap = Font(bold=True), Alignment(vertical="top", wrap_text=True)
    grey = PatternFill("solid", fgColor="DDE6ED")
    red = {"特急": PatternFill("solid", fgColor="F4B6AE"), "紧急": PatternFill("solid", fgColor="FBE0B5")}

    def table(title: str, columns: Columns, rows: Iterable[list[str | float]]) -> None:
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "C2"
        for number, (_, width) in enumerate(columns, 1):
            sheet.column_dimensions[get_column_letter(number)].width = width

        def cell(value: str | float, fill: PatternFill | None = None) -> WriteOnlyCell:
            if isinstance(value, str):
                value = _NOT_XML.sub("", value)[:_LONGEST_CELL]
            made = WriteOnlyCell(sheet, value)
            if isinstance(value, str):
                made.data_type = "s"  # text, whatever it begins with
            made.alignment = wrap
            if fill:
                made.fill = fill
            return made

        header = [cell(name, grey) for name, _ in columns]
        for made in header:
            made.font = bold
        sheet.append(header)
        line = 1
        for line, values in enumerate(rows, 2):  # noqa: B007
            sheet.append([cell(values[0], red.get(str(values[0]))), *(cell(value) for value in values[1:])])
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{line}"

    for each in tables:
        table(*each)
    book.save(path)
