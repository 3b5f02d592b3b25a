"""Tables for people: .csv and .xlsx, sorted by priority; no cell is ever taken for a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from service.export import hot
from service.export.labels import COLUMNS, table_row

if TYPE_CHECKING:
    from pipeline.batch import Run

Columns = tuple[tuple[str, int], ...]

_LIVE = ("=", "+", "-", "@", "\t", "\r")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LONGEST_CELL = 32_000
"""A spreadsheet's limit is 32,767 characters; a longer text is cut here and whole in the .jsonl."""


def disarm(cell: str | float) -> str | float:
    """Return a cell that no spreadsheet takes for a formula when it opens a .csv.

    >>> disarm("=1+1")
    "'=1+1"
    """
    if isinstance(cell, str) and cell.startswith(_LIVE):
        return "'" + cell
    return cell


def write_csv(result: Run, path: Path) -> None:
    """Write the officer's table as UTF-8 with a mark, which spreadsheets need to know it as such."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([name for name, _ in COLUMNS])
        for index in result.by_priority():
            writer.writerow([disarm(cell) for cell in table_row(result.row(index))])


def write_xlsx(result: Run, path: Path) -> None:
    """Write the officer's table as a sheet with a frozen header, filters and readable widths, hot issues as another."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    bold, wrap = Font(bold=True), Alignment(vertical="top", wrap_text=True)
    grey = PatternFill("solid", fgColor="DDE6ED")
    red = {"特急": PatternFill("solid", fgColor="F4B6AE"), "紧急": PatternFill("solid", fgColor="FBE0B5")}

    def table(title: str, columns: Columns, rows: Iterable[list[str | float]], count: int) -> None:
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "C2"
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{count + 1}"
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
        for values in rows:
            sheet.append([cell(values[0], red.get(str(values[0]))), *(cell(value) for value in values[1:])])

    table("研判结果", COLUMNS, (table_row(result.row(index)) for index in result.by_priority()), len(result.ids))
    if issues := hot.hot_issues(result):
        table("热点事项", hot.COLUMNS, (issue.cells() for issue in issues), len(issues))
    book.save(path)
