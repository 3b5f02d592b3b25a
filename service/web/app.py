"""The pages as an application of their own, mounted beside the API: its errors are pages, not problems."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from service.web import (
    admin,
    analyst,
    deciding,
    entry,
    exports,
    giving,
    imports,
    inbox,
    issues,
    item,
    jobs,
    mine,
    page,
    say,
    statistics,
    wrong,
)

_PARTS = (
    entry, inbox, item, deciding, giving, issues, mine, say, imports, jobs, statistics, exports, analyst, admin,
)  # fmt: skip
ROUTES: tuple[APIRouter, ...] = tuple(each.router for each in _PARTS)


class _Lasting(StaticFiles):
    """Files of ours that browsers keep: their addresses change with their content; see `page.static`."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def create_pages(service: FastAPI) -> FastAPI:
    """Return the pages of a service; they share what it opened."""
    app = FastAPI(openapi_url=None)
    app.state = service.state
    wrong.install(app)
    for router in ROUTES:
        app.include_router(router)
    app.mount("/static", _Lasting(directory=page.STATIC))
    return app
