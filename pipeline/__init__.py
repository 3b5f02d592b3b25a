"""minyi: the first pass over submissions of the public, with reasons. See `pipeline.triage.Triage`."""

__version__ = "0.1.0"
