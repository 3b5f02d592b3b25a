"""Files that are archives (.xlsx, .docx): how large they are once unpacked is asked before they are."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import InputError

LARGEST = 500_000_000
"""Bytes; Python reads no more of a part than the archive announces."""


def unpacked(file: BinaryIO | Path) -> int:
    """Return how many bytes an archive announces.

    Raises
    ------
    zipfile.BadZipFile
        Where it is no archive, or so damaged that it seems to be of a version or a language that there is not.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return sum(each.file_size for each in archive.infolist())
    except (NotImplementedError, UnicodeDecodeError) as error:
        raise zipfile.BadZipFile(str(error)) from error


def check(file: BinaryIO | Path) -> None:
    """Refuse an archive that would fill the memory (a zip bomb).

    Raises
    ------
    InputError
        Where it is too large.
    zipfile.BadZipFile
        Where it is no archive.
    """
    size = unpacked(file)
    if not isinstance(file, Path):
        file.seek(0)
    if size > LARGEST:
        told = f"解压后有 {size / 1e6:.0f} MB，超过 {LARGEST / 1e6:.0f} MB"
        raise InputError(f"{told}，可能是恶意文件。请分成几个文件，或另存为 .csv。")
