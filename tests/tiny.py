"""A tiny model of 60 invented texts, trained in a second: what learning can be tested on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support import read

from pipeline.train import Example, train

NAME = "tiny"


def examples() -> list[Example]:
    """Return the 60 examples: six topics with nine texts each, six pieces of junk."""
    content = read("tiny")
    found = []
    for shift, (topic, things) in enumerate(content["topics"].items()):
        for at in range(9):
            frame, intent, priority = content["frames"][(at + 3 * shift) % len(content["frames"])]
            found.append(Example(frame.format(things[at % 3]), topic, intent, priority))
    found += [Example(text, junk=True) for text in content["junk"]]
    return found


def train_tiny(folder: Path) -> dict[str, Any]:
    """Train it into a folder; return its meta."""
    return train(examples(), folder, sources={"tests/cases/tiny.json": "invented"})
