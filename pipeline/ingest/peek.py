"""A look into a file: its headers and first rows, for somebody to say what its columns mean."""

from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path

import orjson

from pipeline.errors import InputError
from pipeline.ingest.columns import plain
from pipeline.ingest.encoding import decode_lines, detect


def peek(path: Path, most: int) -> tuple[list[str], list[list[str]]]:
    """Return the headers of a file and its first rows, as text; no headers where its format has no columns.

    Raises
    ------
    InputError
        Where a workbook is damaged.
    """
    ending = path.suffix.lower()
    if ending == ".xlsx":
        rows = _sheet(path, most + 1)
    elif ending in (".csv", ".tsv"):
        with path.open("rb") as stream:
            lines = decode_lines(stream, detect(stream))
            rows = list(islice(csv.reader(lines, delimiter="\t" if ending == ".tsv" else ","), most + 1))
    elif ending == ".jsonl":
        return _records(path, most)
    else:
        return [], []
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    return (rows[0], rows[1:]) if rows else ([], [])


def _sheet(path: Path, most: int) -> list[list[str]]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        return [[plain(cell) for cell in row] for row in islice(book.worksheets[0].iter_rows(values_only=True), most)]
    except Exception as error:  # openpyxl lets many kinds of errors through
        raise InputError(f"{path.name}：工作簿打不开。请用 Excel 另存为 .xlsx 再试。") from error


def _records(path: Path, most: int) -> tuple[list[str], list[list[str]]]:
    """Return the keys of the first rows of JSON lines; a line that is none is left for the import to tell."""
    found = []
    with path.open("rb") as stream:
        for line in islice(stream, most):
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if isinstance(row, dict):
                found.append(row)
    headers = list(dict.fromkeys(key for row in found for key in row))
    return headers, [[plain(row.get(key)) for key in headers] for row in found]
