"""Files of every format for the tests that read them, and what came of reading."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

from pipeline.ingest import Intake
from pipeline.records import Rejected, Source, Submission


@dataclass
class Outcome:
    """What came of reading some files."""

    submissions: list[Submission]
    rejected: list[Rejected]
    sources: list[Source]
    renamed: list[tuple[str, int, str]]

    @property
    def texts(self) -> list[str]:
        return [each.text.strip() for each in self.submissions]

    @property
    def lines(self) -> list[int]:
        return [each.line for each in self.rejected]


def read(*paths: Path, **wanted: str) -> Outcome:
    rejected: list[Rejected] = []
    intake = Intake(paths, wanted=wanted, rejected=rejected.append)
    return Outcome(list(intake), rejected, intake.sources, intake.renamed)


def put(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def workbook(path: Path, *sheets: list[list[object]]) -> Path:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def document(path: Path, *paragraphs: str) -> Path:
    import docx

    made = docx.Document()
    for paragraph in paragraphs:
        made.add_paragraph(paragraph)
    made.save(path)
    return path


LAMP, LID = "桂香里三号楼前的路灯灭了一个星期", "菜场后门的井盖翘起来，老人绊倒过两回"


def same_letters(path: Path) -> Path:
    """Write the two texts above into a file of the format that the ending names."""
    table = [["编号", "内容"], ["甲1", LAMP], ["甲2", LID]]
    ending = path.suffix
    if ending == ".xlsx":
        return workbook(path, table)
    if ending == ".docx":
        return document(path, LAMP, LID)
    if ending == ".jsonl":
        rows = [{"编号": name, "内容": text} for name, text in table[1:]]
        return put(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    if ending == ".txt":
        return put(path, f"{LAMP}\n\n\n{LID}\n")
    sign = "\t" if ending == ".tsv" else ","
    return put(path, "".join(sign.join(row) + "\n" for row in table))


def damaged(path: Path, part: str, content: bytes) -> Path:
    """Replace one part inside an .xlsx or .docx."""
    whole = path.with_name(f"whole-{path.name}")
    shutil.move(path, whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    return path
