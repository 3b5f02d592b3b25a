"""The table of character bigrams that the repair of lost bytes judges by."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import artefact
from pipeline.clean.language import STEP
from pipeline.clean.script import simplified
from pipeline.train.examples import written_files

_LEAST_PAIR = 2
_WORD_WEIGHT = 0.02


def train_language(folder: Path) -> None:
    """Count bigrams in the written texts and in jieba's dictionary, and write the table."""
    pairs: Counter[str] = Counter()
    for path in written_files():  # as they stand: cleaning them would need this table
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            text = f"\n{row['title']}\n{row['body']}\n"
            pairs.update(text[at : at + 2] for at in range(len(text) - 1))
    for word, count in _dictionary():
        for at in range(len(word) - 1):
            pairs[word[at : at + 2]] += math.ceil(count * _WORD_WEIGHT)
    singles: Counter[str] = Counter()
    firsts: Counter[str] = Counter()
    for pair, count in pairs.items():
        singles[pair[1]] += count
        firsts[pair[0]] += count
    total = sum(singles.values())
    table = {"\0" + char: math.log(count / total) for char, count in singles.items() if count >= _LEAST_PAIR}
    for pair, count in pairs.items():
        if count >= _LEAST_PAIR and ord(max(pair)) < 1 << 16:
            table[pair] = math.log(count / firsts[pair[0]])
    names = sorted(name for name in table if ord(max(name)) < 1 << 16)
    odd = [char for char in _ideographs() if "\0" + simplified(char) not in table]
    arrays: dict[str, Any] = {
        "odd": np.frombuffer("".join(odd).encode("utf-16-le"), "<u2"),
        "keys": np.frombuffer("".join(names).encode("utf-16-le"), "<u4"),
        "scores": np.array([min(255, round(-table[name] / STEP)) for name in names], np.uint8),
    }
    card = f"# {folder.name}\n\nBigrams of characters from corpora/written and jieba's dictionary: {len(names)}.\n"
    artefact.save(folder, {"name": folder.name}, arrays, card)


def _ideographs() -> list[str]:
    """Return the ideographs that GB18030 writes in two bytes."""
    chars = map(chr, range(0x3400, 0xA000))
    return [char for char in chars if len(char.encode("gb18030", "ignore")) == 2]


def _dictionary() -> list[tuple[str, int]]:
    from importlib.resources import files

    lines = (files("jieba") / "dict.txt").read_text(encoding="utf-8").splitlines()
    return [(word, int(count)) for word, count, _ in (line.split(" ") for line in lines)]
