"""Retraining (再训练): begun with one button, followed, stopped, and its result as a page, the verdict first."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from pipeline import artefact, onlooker, registry
from pipeline.errors import MinyiError
from pipeline.knowledge import model_folder
from service.api.values import Which
from service.desk import reading
from service.desk.errors import NotFoundError
from service.jobs import queue, retrain
from service.web.analyst.frame import ROOT, show
from service.web.analyst.models import KINDS, SOURCES
from service.web.page import SignedIn
from service.web.telling import moment

router = APIRouter(prefix=f"{ROOT}/retrainings")
NEXT = {
    "better": "可以先让它旁观几天，看它与现用模型哪里不同，再启用；也可以直接启用。",
    "worse": "不要启用。请先看存疑的标签，改正错标后再训练。",
    "equal": "不必启用。再多研判一些来件（收件页的“建议先标”挑得最准），以后再训练。",
    "unknown": "先不要启用。请再逐件研判一些来件（成批采纳的不算），够 50 件后再训练。",
}
EFFECTS = {"fixed": "改对了", "broken": "改错了", "other": "都不对"}


@router.post("")
def begin(page: SignedIn, name: Annotated[str, Form(max_length=64)]) -> Response:
    """Put a retraining into the queue; what works stays as it is."""
    actor = page.need("models_write")
    with page.here.store.writing() as session:
        job = retrain.begin(session, actor, name)
    return page.go(f"{ROOT}/retrainings/{job.id}")


@router.get("/{which}")
def result(page: SignedIn, which: Which) -> Response:
    """Show how far a retraining is, or what came of it."""
    actor = page.need("models_read")
    with page.here.store.reading() as session:
        job = queue.get(session, actor, which)
        told = job.result or {}
        changes = reading.excerpts(session, actor, told.get("changes", []))
    if job.kind != "retrain":
        raise NotFoundError(f"没有编号为 {which} 的训练。")
    name, ended = str(job.what.get("name", "")), "verdict" in told
    return show(
        page, "analyst_retraining", title=f"训练 {name}", name=name, state=job.state, which=which, error=job.error,
        step=told.get("step", ""), done=job.done, total=job.total or 1, made_at=moment(job.made_at), ended=ended,
        cancel=job.cancel, outcome=_told(told, changes) if ended else {}, there=_state(name),
    )  # fmt: skip


def _state(name: str) -> dict[str, bool]:
    """Return whether a model is there, works, and looks on."""
    looks_on = onlooker.current()
    try:
        meta, _ = artefact.load(model_folder(name))
    except MinyiError:
        return {"is": False, "works": False, "looks_on": False, "own": False}
    return {
        "is": True, "works": registry.working() == name, "looks_on": bool(looks_on and looks_on.model == name),
        "own": "retrained" in meta,
    }  # fmt: skip


def _told(result: dict[str, Any], changes: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a result in the words of the page."""
    verdict = result["verdict"]
    return result | {
        "kind": verdict["kind"], "short": KINDS[verdict["kind"]], "sentence": verdict["lines"][0],
        "next": NEXT[verdict["kind"]], "against_name": result["against"].partition("@")[0],
        "sources": [(SOURCES[name], count) for name, count in result["of"].items()],
        "tests": [(title, found) for title, found in (
            ("逐份轮流检验：每条标签都由没见过它的模型来判", result["crossed"]),
            ("按时间检验：用较早的标签训练，判最近的来件", result["late"])) if found],
        "groups": [(EFFECTS[effect], result["recent"][effect], [each for each in changes if each["effect"] == effect])
                   for effect in EFFECTS],
        "minutes": max(1, round(result["seconds"] / 60)),
    }  # fmt: skip


@router.post("/{which}/cancel")
def cancel(page: SignedIn, which: Which) -> Response:
    """End a retraining; nothing of it is kept."""
    actor = page.need("models_write")
    with page.here.store.writing() as session:
        queue.cancel(session, actor, which)
    return page.go(f"{ROOT}/retrainings/{which}", "正在停下；什么也不会留下，正在使用的模型不受影响")
