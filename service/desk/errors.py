"""What can be wrong with an act: each says what, why, and what to do; `service.api.errors` gives it its HTTP status."""

from __future__ import annotations

from typing import Any

from pipeline.errors import MinyiError


class NotFoundError(MinyiError):
    """There is no such thing, or the actor may not know of it."""


class ForbiddenError(MinyiError):
    """The actor may not do this."""


class UnauthorizedError(MinyiError):
    """Nobody signed in, or with a wrong key."""


class PasswordDueError(ForbiddenError):
    """Who asks has a password for one sign-in only, and has not chosen their own yet."""


class StaleError(ForbiddenError):
    """A page was made for an earlier sign-in of the same browser."""


class ConflictError(MinyiError):
    """Somebody else was faster; `changed` tells what is different now."""

    def __init__(self, message: str, changed: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.changed = changed or {}


class TooManyError(MinyiError):
    """More than is allowed in a time; `retry_after` seconds from now it may go on."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnavailableError(MinyiError):
    """Something that the work needs is away for now."""


class RuleError(MinyiError):
    """A value breaks a rule; `field` names where it stands."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field
