"""The manifest of corpora/: what each file is, where it comes from, and the hash that it must have."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from pipeline.errors import CorpusError
from pipeline.knowledge import CORPORA, digest, table

MANIFEST = CORPORA / "manifest.csv"
_ENDINGS = (".csv", ".jsonl", ".txt")
_ORIGINS = {
    "written": "written for this project",
    "pairs": "written for this project",
    "samples": "invented for this project",
    "lexicon": "compiled for this project",
    "": "compiled for this project; names of topics, sectors and committees are public",
}


def _files() -> list[Path]:
    paths = (path for path in CORPORA.rglob("*") if path.suffix in _ENDINGS and path != MANIFEST)
    return sorted(path for path in paths if path.is_file() and "samples" not in path.parts[len(CORPORA.parts) : -1])


def _rows(path: Path) -> int:
    return sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def seal() -> None:
    """Write the manifest for corpora/ as it stands."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["file", "lines", "hash", "origin"])
    for path in _files():
        name = path.relative_to(CORPORA)
        folder = name.parts[0] if len(name.parts) > 1 else ""
        writer.writerow([name.as_posix(), _rows(path), digest(path), _ORIGINS[folder]])
    MANIFEST.write_text(stream.getvalue(), encoding="utf-8")


def check() -> int:
    """Return how many files the manifest holds, all of them as it says.

    Raises
    ------
    CorpusError
        Where a file is missing, new or changed.
    """
    listed = {row["file"]: row["hash"] for _, row in table(MANIFEST, "file", "lines", "hash", "origin")}
    there = {path.relative_to(CORPORA).as_posix(): digest(path) for path in _files()}
    again = "改动是有意的话，请运行 make seal 更新清单。"
    for name in sorted(listed.keys() | there.keys()):
        if name not in there:
            raise CorpusError(f"corpora/{name}：清单里有，文件不在。{again}")
        if name not in listed:
            raise CorpusError(f"corpora/{name}：清单里没有这个文件。{again}")
        if listed[name] != there[name]:
            raise CorpusError(f"corpora/{name}：内容与清单不符。{again}")
    return len(there)
