"""Bring the tables of a store to a version, by Alembic; the versions are in migrations/versions."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from pipeline.errors import InputError
from service.store.engine import Store

_FOLDER = Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


def newest() -> str:
    """Return the version that this software needs."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def current(store: Store) -> str | None:
    """Return the version of the tables, None where there are none yet."""
    with store.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(store: Store, version: str = "head") -> None:
    """Bring the tables to a version, the newest by default. All or nothing, one process at a time."""
    _run(store, command.upgrade, version)


def downgrade(store: Store, version: str) -> None:
    """Take the tables back to an earlier version; "base" takes all away."""
    _run(store, command.downgrade, version)


def check(store: Store) -> None:
    """Refuse to work on tables of another version.

    Raises
    ------
    InputError
        It names both versions and the next step.
    """
    found, needed = current(store), newest()
    if found != needed:
        raise InputError(f"数据库的版本是 {found or '（空）'}，软件需要 {needed}。请先运行 minyi db upgrade。")


def _run(store: Store, step: object, version: str) -> None:
    config = _config()
    with store.writing() as session:
        config.attributes["connection"] = session.connection()
        step(config, version)  # type: ignore[operator]
