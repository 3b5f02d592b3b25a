"""The pages as an application of their own, mounted beside the API: its errors are pages, not problems."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from starlette.staticfiles import StaticFiles

from service.web import admin, entry, imports, inbox, issues, item, mine, page, say, statistics

ROUTES: tuple[APIRouter, ...] = tuple(
    each.router for each in (entry, inbox, item, issues, mine, say, imports, statistics, admin)
)


def create_pages(service: FastAPI) -> FastAPI:
    """Return the pages of a service; they share what it opened."""
    app = FastAPI(openapi_url=None)
    app.state = service.state
    page.install(app)
    for router in ROUTES:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=page.STATIC))
    return app
