"""Trial (旁观): where a candidate that looks on says something else than the working model."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from pipeline import onlooker
from service.desk import trial
from service.web.analyst.frame import ROOT, show
from service.web.page import SignedIn

router = APIRouter(prefix=f"{ROOT}/trial")


@router.get("")
def show_trial(page: SignedIn) -> Response:
    """Show where the two differ: how often, from which topic to which, with examples."""
    actor = page.need("models_read")
    looks_on = onlooker.current()
    with page.here.store.reading() as session:
        found = trial.differences(session, actor, looks_on.id) if looks_on else None
    return show(page, "analyst_trial", looks_on=looks_on, found=found)
