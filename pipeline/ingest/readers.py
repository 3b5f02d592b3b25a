"""One reader for each file format: each yields `(line, values or RowError, raw content)`."""

from __future__ import annotations

import csv
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import orjson

from pipeline.errors import InputError, RowError
from pipeline.ingest import archive, columns
from pipeline.ingest.encoding import BROKEN, decode_lines, detect
from pipeline.records import Source

Row = tuple[int, dict[str, Any] | RowError, str]
Reader = Callable[[BinaryIO, Source, Mapping[str, str]], Iterator[Row]]

_HEADER_ROWS = 10
"""How many rows may stand above the header (a title, a date line)."""
_RECORD_LINES = 2_000
"""A quoted cell of more lines than this is taken for a quote that was never closed."""

csv.field_size_limit(sys.maxsize)


def read_jsonl(stream: BinaryIO, source: Source, wanted: Mapping[str, str]) -> Iterator[Row]:
    """One JSON object a line."""
    source.encoding = detect(stream)
    for number, line in enumerate(decode_lines(stream, source.encoding), 1):
        content = line.strip()
        if not content:
            continue
        if BROKEN in content:
            yield number, RowError("这一行有无法解码的字节：请用 UTF-8 重新导出。"), content
            continue
        try:
            values = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            yield number, RowError(f"不是有效的 JSON（{error}）：每行应是一个 {{…}} 对象。"), content
            continue
        if not isinstance(values, dict):
            yield number, RowError('这一行不是 JSON 对象：应为 {"id": …, "title": …, "body": …}。'), content
            continue
        source.columns = columns.mapping(values, wanted)
        yield number, values, content


def _records(lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str] | RowError, str]]:
    """Split delimited lines into cells; a quote that never closes costs its own line only."""
    number = 0
    pending: list[str] = []

    def feed(again: list[str], taken: list[str]) -> Iterator[str]:
        for line in itertools.chain(again, lines):
            taken.append(line)
            if len(taken) > _RECORD_LINES:
                return
            yield line

    while True:
        taken: list[str] = []
        reader = csv.reader(feed(pending, taken), delimiter=delimiter, strict=True)
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            pending = taken[1:] + pending[len(taken) :]
            number += 1
            yield number, RowError(f"引号不配对（{error}）：请检查这一行的双引号。"), taken[0].rstrip("\r\n")
            continue
        pending = pending[len(taken) :]
        first, number = number + 1, number + len(taken)
        yield first, cells, "".join(taken).rstrip("\r\n")


def _read_delimited(lines: Iterator[str], source: Source, wanted: Mapping[str, str], delimiter: str) -> Iterator[Row]:
    header: list[str] | None = None
    seen: list[list[str]] = []
    for number, cells, content in _records(lines, delimiter):
        if header is None:
            cells = [] if isinstance(cells, RowError) else cells
            if columns.has_text(columns.mapping(cells, wanted)):
                header = cells
                source.columns = columns.header(header, wanted)
            elif any(cell.strip() for cell in cells):
                seen.append(cells)
                if len(seen) >= _HEADER_ROWS:
                    break
        elif isinstance(cells, RowError):
            yield number, cells, content
        elif not any(cell.strip() for cell in cells):
            continue
        elif len(cells) != len(header):
            yield number, RowError(f"这一行有 {len(cells)} 列，表头有 {len(header)} 列：请检查分隔符和引号。"), content
        else:
            yield number, dict(zip(header, cells, strict=True)), content
    if header is None:
        raise columns.no_text_column(seen)


def _fields(line: str, delimiter: str, wanted: Mapping[str, str]) -> int:
    """Return how many columns a line would name as a header, 0 where none of them holds text."""
    cells = next(csv.reader([line], delimiter=delimiter), [])
    found = columns.mapping(cells, wanted)
    return len(found) if columns.has_text(found) else 0


def read_csv(stream: BinaryIO, source: Source, wanted: Mapping[str, str]) -> Iterator[Row]:
    """Cells separated by comma, semicolon or tab, whichever makes a header of one of the first lines."""
    source.encoding = detect(stream)
    lines = decode_lines(stream, source.encoding)
    head = list(itertools.islice(lines, _HEADER_ROWS + 1))
    delimiter = max(",;\t", key=lambda sign: max((_fields(line, sign, wanted) for line in head), default=0))
    return _read_delimited(itertools.chain(head, lines), source, wanted, delimiter)


def read_tsv(stream: BinaryIO, source: Source, wanted: Mapping[str, str]) -> Iterator[Row]:
    """Cells separated by tabs."""
    source.encoding = detect(stream)
    return _read_delimited(decode_lines(stream, source.encoding), source, wanted, "\t")


def read_txt(stream: BinaryIO, source: Source, wanted: Mapping[str, str]) -> Iterator[Row]:
    """Submissions separated by blank lines."""
    del wanted
    source.encoding = detect(stream)
    source.columns = {"text": "text"}
    block: list[str] = []
    start = 1
    for number, line in enumerate(itertools.chain(decode_lines(stream, source.encoding), [""]), 1):
        if line.strip():
            start = start if block else number
            block.append(line)
        elif block:
            text = "".join(block).strip("\r\n")
            yield start, {"text": text}, text
            block = []


def read_xlsx(stream: BinaryIO, source: Source, wanted: Mapping[str, str]) -> Iterator[Row]:
    """Every sheet that has a column of text; the header may stand below a title."""
    try:
        yield from _read_sheets(stream, source, wanted)
    except InputError:
        raise
    except Exception as error:  # what a torn archive or its XML raises is of many kinds, and told nowhere
        raise InputError(f"不是有效的 .xlsx 文件（{error}）：请在表格软件中另存为 .xlsx 后再试。") from error


def _read_sheets(stream: BinaryIO, source: Source, wanted: Mapping[str, str]) -> Iterator[Row]:
    import openpyxl

    archive.check(stream)
    book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
    source.encoding = "xlsx"
    seen: list[list[str]] = []
    found = False
    for sheet in book.worksheets:
        sheet.reset_dimensions()
        header: list[str] | None = None
        above = 0
        for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            if header is None:
                names = ["" if cell is None else str(cell) for cell in cells]
                if columns.has_text(columns.mapping(names, wanted)):
                    header, found = names, True
                    source.columns = columns.header(header, wanted)
                elif any(names):
                    seen.append(names)
                    above += 1
                    if above >= _HEADER_ROWS:
                        break
            elif any(cell is not None and str(cell).strip() for cell in cells):
                values = {name: cell for name, cell in zip(header, cells, strict=False) if name}
                yield number, values, "\t".join("" if cell is None else str(cell) for cell in cells)
    if not found:
        raise columns.no_text_column(seen)


def read_docx(stream: BinaryIO, source: Source, wanted: Mapping[str, str]) -> Iterator[Row]:
    """Take the whole document as one submission: its paragraphs and the cells of its tables, in order."""
    del wanted
    source.encoding = "docx"
    source.columns = {"text": "text"}
    try:
        text = _document_text(stream)
    except InputError:
        raise
    except Exception as error:  # as for .xlsx
        raise InputError(f"不是有效的 .docx 文件（{error}）：请另存为 .docx 后再试。") from error
    yield 1, {"text": text}, text


def _document_text(stream: BinaryIO) -> str:
    import docx
    from docx.table import Table

    archive.check(stream)
    document = docx.Document(stream)
    parts: list[str] = []
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            for row in block.rows:
                parts.append(" ".join(dict.fromkeys(cell.text.strip() for cell in row.cells if cell.text.strip())))
        else:
            parts.append(block.text.strip())
    return "\n".join(part for part in parts if part)
