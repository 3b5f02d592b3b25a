"""The application: `create_app(settings)`. Nothing is opened at import; the lifespan opens and closes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.routing import Match, Mount
from starlette.types import Scope

from pipeline import __version__
from service.api import errors, pages
from service.api.context import Context
from service.api.envelope import PREFIX, Envelope
from service.api.guard import Guard
from service.api.metrics import Metrics
from service.api.routes import (
    accounts,
    assignments,
    audit,
    changes,
    export,
    health,
    issues,
    jobs,
    reviews,
    session,
    statistics,
    submissions,
    tables,
)
from service.desk import atwork
from service.desk.intake import Intake
from service.settings import Settings
from service.store import Store
from service.store.upgrade import check
from service.web.app import create_pages

ROUTES: tuple[APIRouter, ...] = (
    session.router, submissions.router, reviews.router, issues.router, statistics.router, assignments.router,
    tables.router, accounts.router, audit.router, jobs.router, export.router, changes.router,
)  # fmt: skip


class Pages(Mount):
    """The pages, beside the API: an address of the API that there is not, or a wrong method, is answered by the API."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Leave the API's addresses alone."""
        return (Match.NONE, {}) if scope.get("path", "").startswith(PREFIX) else super().matches(scope)


def create_app(settings: Settings) -> FastAPI:
    """Return the service of an office.

    Raises
    ------
    InputError
        At start, where the tables are of another version.
    """
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store = Store.open(settings.url)
        check(store)
        signs = atwork.signs(store)
        intake = Intake(store, atwork.load(store, settings))
        watch = atwork.Watch(store, settings, intake, signs)
        metrics.watch(store)
        app.state.context = Context(settings, store, intake, watch, metrics)
        watch.start()
        yield
        watch.stop()
        store.close()

    app = FastAPI(
        title="民意 minyi",
        version=__version__,
        lifespan=lifespan,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(Guard, most=settings.max_body, seconds=settings.body_seconds)
    app.add_middleware(Envelope, settings=settings, metrics=metrics)  # the outermost: it goes around refusals, too
    errors.install(app)
    pages.install(app)
    app.include_router(health.router)
    for router in ROUTES:
        app.include_router(router, prefix=PREFIX, responses=errors.PROBLEMS)
    app.router.routes.append(Pages("/", create_pages(app)))
    return app


def served() -> FastAPI:
    """Return the service as the environment sets it; what each of several processes calls."""
    return create_app(Settings.read())
