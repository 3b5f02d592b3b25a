"""The card of a model as one self-contained page, with its reliability diagram drawn as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.train.report import percent


def write_card(meta: Mapping[str, Any], model: str, path: Path) -> None:
    """Write the card of a model.

    Parameters
    ----------
    meta : of its folder.
    model : its name and hash.
    """
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    environment.filters["percent"] = percent
    template = environment.get_template("card.html.j2")
    path.write_text(template.render(meta=meta, model=model), encoding="utf-8")
