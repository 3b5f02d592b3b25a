"""The two dials: what passes without review, and what is flagged as urgent; each with what it means for this office."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from service.desk import dials, tables
from service.desk.errors import RuleError
from service.jobs import queue
from service.web.admin.columns import told
from service.web.admin.frame import show, undo
from service.web.page import SignedIn
from service.web.telling import moment, who

router = APIRouter(prefix="/admin")
_PRIORITY = {0.05: "多报：宁可多看", 0.1: "常用", 0.2: "少报一些", 0.3: "少报", 0.5: "只报很有把握的"}


@router.get("/dials")
def show_dials(page: SignedIn) -> Response:
    """Show where the dials stand, and what each setting would let pass and flag of what the office received."""
    actor = page.need("tables_read")
    triage = page.here.intake.triage
    with page.here.store.reading() as session:
        history = tables.history(session, "dials")
        now_is = dials.read(history[0].content if history else "", page.here.settings.precision)
        listed = [
            {"version": each.version, "editor": who(session, each.editor), "at": moment(each.at), "note": each.note,
             "told": _told(dials.read(each.content, page.here.settings.precision))}
            for each in history
        ]  # fmt: skip
        passing = dials.passing(session, triage.classifier.dials)
        settings = sorted({*_PRIORITY, now_is.priority})
        counts, of = dials.flagged(session, triage, settings)
    priorities = [
        {"value": value, "name": _PRIORITY.get(value, "现在的"), "count": count, "chosen": value == now_is.priority}
        for value, count in zip(settings, counts, strict=True)
    ]
    return show(
        page, "admin_dials", passing=passing, precision=now_is.precision, priorities=priorities, of=of,
        version=history[0].version if history else 0, history=listed, can_write="tables_write" in actor.may,
    )  # fmt: skip


def _told(set_to: dials.Dials) -> str:
    return f"免复核 {set_to.precision:.0%}，紧急程度 {set_to.priority:g}"


@router.post("/dials")
def set_dials(
    page: SignedIn,
    version: Annotated[int, Form()],
    precision: Annotated[float, Form()],
    priority: Annotated[float, Form()],
    note: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Turn the dials; what comes from now on is judged with them."""
    actor = page.need("tables_write")
    wanted = dials.Dials(precision, priority)
    try:
        [found] = tables.put(page.here.store, {"dials": wanted.content}, {"dials": version}, actor, note)
    except RuleError as error:
        raise RuleError("".join(told(str(error))), error.field) from error
    return page.go("/admin/dials", f"已设为：{_told(wanted)}。新来的件就按它", undo=undo(found))


@router.post("/rejudge")
def rejudge(page: SignedIn) -> Response:
    """Judge all that waits for review again, by the tables and dials of now."""
    actor = page.need("tables_write")
    what: dict[str, Any] = {"name": "重新研判待研判的来件"}
    with page.here.store.writing() as session:
        job = queue.put(session, actor, "rejudge", what)
    return page.go(f"/jobs/{job.id}")
