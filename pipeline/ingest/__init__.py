"""Rows of any of the usual files become `Submission` records; a bad row is reported, never lost."""

from pipeline.ingest.intake import FORMATS, Intake

__all__ = ["FORMATS", "Intake"]
