"""For who watches: is it alive, can it work, and in what figures. No personal data, no account needed."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy import text

from service.api.context import Here
from service.desk.errors import UnavailableError
from service.store.upgrade import check

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def ready(here: Here) -> dict[str, str]:
    """Say whether submissions can be taken: the database answers, its version fits, a model is loaded."""
    try:
        with here.store.reading() as session:
            session.execute(text("SELECT 1"))
        check(here.store)
    except Exception as error:
        raise UnavailableError("数据库现在用不了。请运行 minyi doctor 查看原因。") from error
    provenance = here.intake.triage.provenance
    behind = "yes" if here.watch.failed else "no"
    return {"status": "ok", "model": provenance.model, "rules": provenance.rules, "behind": behind}


@router.get("/metrics")
def metrics(here: Here) -> Response:
    """Give the figures for Prometheus."""
    return Response(here.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
