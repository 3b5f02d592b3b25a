"""Training a model folder from labelled texts."""

from pipeline.train.borders import read_borders
from pipeline.train.examples import (
    Example,
    corpora_sources,
    read_knowledge,
    read_written,
    topics,
    written_files,
)
from pipeline.train.held import Judged, Trained, sharpness
from pipeline.train.language import train_language
from pipeline.train.model import cross_validate, fit_model, train

__all__ = [
    "Example",
    "Judged",
    "Trained",
    "corpora_sources",
    "cross_validate",
    "fit_model",
    "read_borders",
    "read_knowledge",
    "read_written",
    "sharpness",
    "topics",
    "train",
    "train_language",
    "written_files",
]
