"""The pages as an application of their own, mounted beside the API: its errors are pages, not problems."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from service.web import admin, analyst, entry, imports, inbox, issues, item, mine, page, say, statistics

ROUTES: tuple[APIRouter, ...] = tuple(
    each.router for each in (entry, inbox, item, issues, mine, say, imports, statistics, analyst, admin)
)


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
    page.install(app)
    for router in ROUTES:
        app.include_router(router)
    app.mount("/static", _Lasting(directory=page.STATIC))
    return app
