"""What every command on the office's store needs: the store opened, and who is at the machine."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from pipeline.errors import InputError
from service.accounts.actor import Actor, command
from service.settings import Settings
from service.store import Store
from service.store.upgrade import check


@contextmanager
def opened() -> Iterator[Store]:
    """Open the store of the settings.

    Raises
    ------
    InputError
        Where there is none, or its tables are of another version.
    """
    settings = Settings.read()
    store = Store.open(settings.url)
    try:
        try:
            check(store)
        except OperationalError as error:
            raise InputError(
                "打不开数据库。请检查 MINYI_DATA、MINYI_DATABASE_URL，先运行 minyi db upgrade。"
            ) from error
        yield store
    finally:
        store.close()


def whoever() -> Actor:
    """Return the actor of the command line: who is signed in at the machine."""
    try:
        return command(getpass.getuser())
    except OSError:  # no such entry, as in a container
        return command()
