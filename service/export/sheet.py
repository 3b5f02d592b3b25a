"""Tables for people: .csv and .xlsx, sorted by priority; no cell is ever taken for a formula."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

from service.export.labels import COLUMNS, table_row

if TYPE_CHECKING:
    from pipeline.batch import Run

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
    """Write the officer's table as one sheet with a frozen header, filters and readable widths."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet("研判结果")
    sheet.freeze_panes = "C2"
    last = get_column_letter(len(COLUMNS))
    sheet.auto_filter.ref = f"A1:{last}{len(result.ids) + 1}"
    for number, (_, width) in enumerate(COLUMNS, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    bold, grey, wrap = (
        Font(bold=True),
        PatternFill("solid", fgColor="DDE6ED"),
        Alignment(vertical="top", wrap_text=True),
    )
    red = {"特急": PatternFill("solid", fgColor="F4B6AE"), "紧急": PatternFill("solid", fgColor="FBE0B5")}

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

    header = [cell(name, grey) for name, _ in COLUMNS]
    for made in header:
        made.font = bold
    sheet.append(header)
    for index in result.by_priority():
        values = table_row(result.row(index))
        sheet.append([cell(values[0], red.get(str(values[0]))), *(cell(value) for value in values[1:])])
    book.save(path)
