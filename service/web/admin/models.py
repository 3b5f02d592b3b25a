"""Models: which there are, which one works, and the way to another."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from pipeline import registry
from pipeline.errors import ModelError
from service.desk import audit
from service.store import now
from service.web.admin.frame import show
from service.web.page import Page, SignedIn

router = APIRouter(prefix="/admin/models")


@router.get("")
def show_models(page: SignedIn) -> Response:
    """List the models, and which one works."""
    page.need("models_read")
    working = registry.working()
    models = [_model(name, meta, working) for name, meta in registry.names()]
    return show(page, "admin_models", models=models, steps=registry.history()[::-1])


def _model(name: str, meta: dict[str, Any] | ModelError, working: str) -> dict[str, Any]:
    told: dict[str, Any] = {"name": name, "working": name == working, "broken": isinstance(meta, ModelError)}
    if isinstance(meta, ModelError):
        return told | {"state": str(meta), "texts": "", "accuracy": "", "f1": ""}
    scores = meta.get("scores", {})
    return told | {
        "state": "正在使用" if name == working else "", "texts": meta.get("examples", ""),
        "accuracy": _percent(scores.get("accuracy")), "f1": _percent(scores.get("macro_f1")),
    }  # fmt: skip


def _percent(share: object) -> str:
    return f"{share:.1%}" if isinstance(share, float) else ""


@router.post("/{name}/promote")
def promote(page: SignedIn, name: str, why: Annotated[str, Form(min_length=1, max_length=200)]) -> Response:
    """Let another model work; a worse one is refused."""
    actor = page.need("models_write")
    found = dict(registry.names())
    meta, current = found.get(name), found.get(registry.working())
    worse = registry.worse_by_card(meta, current) if isinstance(meta, dict) and isinstance(current, dict) else []
    registry.promote(name, who=str(actor), when=_moment(), why=why, against=worse, force=False)
    _record(page, "model.promote", name, why)
    return page.go("/admin/models", f"{name} 已启用")


@router.post("/rollback")
def rollback(page: SignedIn, why: Annotated[str, Form(min_length=1, max_length=200)]) -> Response:
    """Go back to the model before."""
    actor = page.need("models_write")
    step = registry.rollback(who=str(actor), when=_moment(), why=why)
    _record(page, "model.rollback", step.model, why)
    return page.go("/admin/models", f"已退回 {step.model}")


def _record(page: Page, action: str, name: str, why: str) -> None:
    assert page.actor
    with page.here.store.writing() as session:
        audit.record(session, page.actor, action, f"model:{name}", reason=why)


def _moment() -> str:
    return now().astimezone().isoformat(timespec="seconds")
