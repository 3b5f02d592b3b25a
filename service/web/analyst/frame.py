"""What the analysts' pages share: the row of sections, shares as people read them, jobs."""

from __future__ import annotations

from typing import Any

from fastapi.responses import Response

from service.jobs import queue
from service.store import Job
from service.web.page import Page

ROOT = "/admin/models"
_SECTIONS = (
    (ROOT, "模型", "models_read"), (f"{ROOT}/labels", "标签", "labels"), (f"{ROOT}/trial", "旁观", "models_read"),
    (f"{ROOT}/drift", "来件变化", "models_read"),
)  # fmt: skip


def show(page: Page, template: str, **values: Any) -> Response:
    """Return an analysts' page, with the sections that somebody may open."""
    assert page.actor
    sections = [(path, name) for path, name, permission in _SECTIONS if permission in page.actor.may]
    return page.show(template, sections=sections, **{"title": "模型"} | values)


def share(value: object) -> str:
    """Return a share as people read it, "" for none.

    >>> share(0.8812), share(None)
    ('88.1%', '')
    """
    return f"{value:.1%}" if isinstance(value, float) else ""


def jobs_of(page: Page, kind: str, most: int = 10) -> list[Job]:
    """Return the latest jobs of a kind that somebody may see."""
    assert page.actor
    with page.here.store.reading() as session:
        return [job for job in queue.seen(session, page.actor, 200) if job.kind == kind][:most]
