"""`minyi serve`: the service in one process, or in several on PostgreSQL."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import Any

import uvicorn

from pipeline.errors import InputError
from service import logs
from service.api.app import create_app
from service.jobs.worker import alongside
from service.settings import Settings
from service.store import Store, upgrade
from service.store.upgrade import check

_PATIENCE = 30
"""Seconds for which requests under way may go on once the service is told to stop."""


def run_serve(host: str | None, port: int | None, workers: int, *, upgrade: bool) -> int:
    """Run until told to stop; see `service.cli.operation.serve`."""
    settings = Settings.read()
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = settings.model_copy(update=given)
    settings.prepare()
    _check(settings, workers, bring=upgrade)
    logs.configure()
    told: dict[str, Any] = {
        "host": settings.host, "port": settings.port, "loop": "auto", "http": "auto", "log_config": None,
        "access_log": False, "server_header": False, "timeout_graceful_shutdown": _PATIENCE,
    }  # fmt: skip
    if workers == 1:
        server = uvicorn.Server(uvicorn.Config(create_app(settings), **told))
        signal.signal(signal.SIGTERM, lambda *_: None)  # the server raises it once more when it has stopped
        with suppress(KeyboardInterrupt), alongside(settings):
            server.run()
        return 0 if server.started else 2
    os.environ["MINYI_DATA"] = str(settings.data)
    with alongside(settings):
        uvicorn.run("service.api.app:served", factory=True, workers=workers, **told)
    return 0


def _check(settings: Settings, workers: int, *, bring: bool) -> None:
    """Refuse before anything is bound: a wrong database, its version, too many processes for it."""
    store = Store.open(settings.url)
    try:
        if workers > 1 and not store.is_postgresql:
            raise InputError(f"--workers {workers}：几个进程须用 PostgreSQL。请设 MINYI_DATABASE_URL，或用一个进程。")
        if bring:
            upgrade(store)
        check(store)
    finally:
        store.close()
    if settings.host not in ("127.0.0.1", "::1", "localhost"):
        sys.stderr.write(
            f"minyi: 监听 {settings.host}，别的机器也能连上。请放在 HTTPS 反向代理之后，并打开 secure_cookies。\n"
        )
