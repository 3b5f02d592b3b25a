"""What all pages of administration (管理) share: the row of sections."""

from __future__ import annotations

from typing import Any

from fastapi.responses import Response

from service.desk.sheets import Difference
from service.web.page import Page

_SECTIONS = (
    ("/admin/tables", "表", "tables_read"), ("/admin/dials", "档位", "tables_read"), ("/admin/users", "用户", "users"),
    ("/admin/keys", "密钥与收件点", "keys"), ("/admin/models", "模型", "models_read"), ("/jobs", "任务", "jobs"),
    ("/admin/audit", "审计", "audit"),
)  # fmt: skip


def show(page: Page, template: str, status: int = 200, **values: Any) -> Response:
    """Return a page of administration, with the sections that somebody may open."""
    assert page.actor
    sections = [(path, name) for path, name, permission in _SECTIONS if permission in page.actor.may]
    return page.show(template, status, sections=sections, **{"title": "管理"} | values)


def undo(found: Difference) -> str:
    """Return where a change of a table is taken back, "" where nothing changed."""
    return f"/admin/tables/{found.kind}/undo/{found.version + 1}" if found else ""
