"""Run by Alembic: migrates on the connection that `service.store.upgrade` gives it."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

import service.neighbours
from service.store.base import Base, Moment, Text

assert service.neighbours.texts.metadata is Base.metadata  # the tables of matching are of the same store


def _rendered(kind: str, thing: Any, _: object) -> str | Literal[False]:
    """Write our types as the plain ones that they are in the tables: a version must not change with our code."""
    plain = {Moment: "sa.DateTime()", Text: "sa.Text()"}
    return plain.get(type(thing), False) if kind == "type" else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_item=_rendered,
    render_as_batch=True,  # SQLite changes a table by copying it
    transactional_ddl=False,  # the transaction is the caller's
)
context.run_migrations()
