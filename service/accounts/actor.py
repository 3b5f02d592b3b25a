"""Who acts: a user who signed in, a key, or the command line; and what each role may do."""

from __future__ import annotations

from dataclasses import dataclass, field

_EVERYBODY_INSIDE = {"read", "statistics"}

PERMISSIONS: dict[str, frozenset[str]] = {
    "officer": frozenset(
        {
            "submit",
            "read_personal",
            "read_restricted",
            "review",
            "assign",
            "issues",
            "import",
            "export",
            "tables_read",
            "models_read",
        }
        | _EVERYBODY_INSIDE
    ),
    "clerk": frozenset({"submit", "import"} | _EVERYBODY_INSIDE),
    "member": frozenset({"own"}),
    "analyst": frozenset({"export", "labels", "jobs", "models_read", "models_write"} | _EVERYBODY_INSIDE),
    "administrator": frozenset(
        {"tables_read", "tables_write", "models_read", "models_write", "users", "keys", "jobs", "audit", "webhooks"}
        | _EVERYBODY_INSIDE
    ),
}
"""What each role may do. Whoever is not named here for something may not do it."""

EVERYTHING: frozenset[str] = frozenset().union(*PERMISSIONS.values())
SCOPES: frozenset[str] = EVERYTHING - {"own", "users", "keys"}
"""What a key may be made for, one by one: not for what is a member's own, nor for making accounts."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something.

    kind : user, key, or command for who works at the machine itself.
    name : of the user or the key.
    may : the permissions.
    member : the id in the roster, of a member's account.
    id : of the user or the key, in their tables.
    site : the site of an intake key.
    must_change : whether the password serves for one sign-in only: nothing else is open before they chose their own.
    """

    kind: str
    name: str
    may: frozenset[str]
    role: str = ""
    member: str | None = None
    id: int = 0
    site: str | None = None
    shown: str = field(default="", compare=False)
    must_change: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        """Return how the actor is written into tables, such as user:li."""
        return f"{self.kind}:{self.name}"


def command(name: str = "minyi") -> Actor:
    """Return the actor of the command line, who may do everything: who holds the file holds the office."""
    return Actor("command", name, EVERYTHING, "administrator")
