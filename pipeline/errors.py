"""What can go wrong, as few classes: the message names the value, the rule and the next step."""

from __future__ import annotations


class MinyiError(Exception):
    """Base of all errors that are meant for a person; the command line turns them into exit code 2."""


class InputError(MinyiError):
    """A file, table or option that cannot be used at all."""


class RowError(MinyiError):
    """One row that cannot be used; the rest of its file goes on."""


class ModelError(MinyiError):
    """A model folder that is damaged, foreign or does not fit this installation."""


class CorpusError(MinyiError):
    """A file of corpora/ that breaks its own rules."""
