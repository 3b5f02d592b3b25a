"""How far a training is: each step is told before it begins, so that who waits sees it, and may end it by an error."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]
"""Takes the name of the step that begins, in Chinese."""


def silent(step: str) -> None:
    """Tell nobody."""


def of(what: str, tell: Tell) -> Tell:
    """Return how the steps of a part are told."""
    return lambda step: tell(f"{what}：{step}")
