"""Both databases, empty, for tests; and an office in them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest


def missing(what: str) -> None:
    """Skip, or fail where nothing may be skipped."""
    if os.environ.get("MINYI_REQUIRE_ALL"):
        pytest.fail(f"{what} is missing and MINYI_REQUIRE_ALL is set")
    pytest.skip(f"{what} is missing")


@cache
def programs() -> Path | None:
    """Return the folder of the PostgreSQL server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1].parent if found else None


@pytest.fixture(scope="session")
def server() -> Iterator[Path]:
    """Run a server of our own on a socket in a folder of our own; give the folder."""
    found = programs()
    if not found:
        missing("the PostgreSQL server")
    try:
        import psycopg  # noqa: F401
    except ImportError:
        missing("psycopg")
    assert found
    folder = Path("/tmp") / f"minyi-pg-{os.getpid()}"  # a socket's path must be short
    folder.mkdir()
    as_user: dict[str, Any] = {}
    if os.getuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        as_user = {"user": "postgres", "cwd": folder}
    data = folder / "data"
    try:
        subprocess.run(
            [found / "initdb", "-D", data, "-A", "trust", "-U", "minyi", "--no-sync"],
            check=True, capture_output=True, **as_user,
        )  # fmt: skip
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        start = [found / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **as_user)
        yield folder
    finally:
        subprocess.run(
            [found / "pg_ctl", "-D", data, "-m", "immediate", "stop"], capture_output=True, check=False, **as_user
        )
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql(server: Path) -> str:
    """Give the address of an empty database."""
    import psycopg

    with psycopg.connect(f"host={server} user=minyi dbname=postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS minyi WITH (FORCE)")
        connection.execute("CREATE DATABASE minyi")
    return f"postgresql+psycopg://minyi@/minyi?host={server}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'minyi.db'}"
    return str(request.getfixturevalue("postgresql"))


@pytest.fixture
def store(database: str) -> Iterator[Any]:
    """Give a store with its tables, once in each database."""
    from service.store import Store, upgrade

    opened = Store.open(database)
    upgrade(opened)
    yield opened
    opened.close()
