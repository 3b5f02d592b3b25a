"""The application: `create_app(settings)`. Nothing is opened at import; the lifespan opens and closes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from pipeline import __version__
from pipeline.triage import Triage
from service.api import errors
from service.api.context import Context
from service.api.routes import changes, export, jobs, submissions
from service.desk.intake import Intake
from service.settings import Settings
from service.store import Store
from service.store.upgrade import check

ROUTES: tuple[APIRouter, ...] = (submissions.router, jobs.router, export.router, changes.router)


def create_app(settings: Settings) -> FastAPI:
    """Return the service of an office.

    Raises
    ------
    InputError
        At start, where the tables are of another version.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store = Store.open(settings.url)
        check(store)
        triage = Triage.load(model=settings.model, precision=settings.precision)
        app.state.context = Context(settings, store, Intake(store, triage))
        yield
        store.close()

    app = FastAPI(title="民意 minyi", version=__version__, lifespan=lifespan, openapi_url="/api/v1/openapi.json")
    errors.install(app)
    for router in ROUTES:
        app.include_router(router, prefix="/api/v1")
    return app
