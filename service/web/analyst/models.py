"""Models (模型): which there are, which one works, who looks on, and the way to another."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from pipeline import artefact, onlooker, registry
from pipeline.errors import ModelError
from service.desk import audit, labels
from service.desk.errors import RuleError
from service.jobs.retrain import expected
from service.store import now
from service.web.analyst.frame import ROOT, jobs_of, share, show
from service.web.page import Page, SignedIn
from service.web.telling import moment

router = APIRouter(prefix=ROOT)
Why = Annotated[str, Form(min_length=1, max_length=200)]
KINDS = {"better": "更好", "worse": "更差", "equal": "分不出高下", "unknown": "还比不出来"}
SOURCES = {
    "glance": "成批采纳", "accepted": "采纳", "merged": "并入事项", "reprioritised": "改紧急程度", "split": "拆出",
    "corrected": "更正", "second": "第二人判读", "handed_back": "权属退回",
}  # fmt: skip
"""What the sources of labels are called on pages."""


@router.get("")
def show_models(page: SignedIn) -> Response:
    """List the models, which one works, who looks on; and what a retraining would do."""
    page.need("models_read")
    return _list(page)


def _list(page: Page, refused: dict[str, Any] | None = None) -> Response:
    assert page.actor
    working, looks_on = registry.working(), onlooker.current()
    models = [_model(name, meta, working, looks_on) for name, meta in registry.names()]
    with page.here.store.reading() as session:
        tally = labels.tally(session)
    return show(
        page, "analyst_models", models=models, steps=registry.history()[::-1], refused=refused, working=working,
        back=len(registry.stack()) > 1, onlooker=looks_on, name=_fresh_name({each["name"] for each in models}),
        tally=[(SOURCES[name], count) for name, count in tally.items()], rows=sum(tally.values()),
        minutes=expected(sum(tally.values())), jobs=[_job(each) for each in jobs_of(page, "retrain", 5)],
    )  # fmt: skip


def _job(job: Any) -> dict[str, Any]:
    verdict = (job.result or {}).get("verdict")
    return {
        "id": job.id, "name": job.what.get("name", ""), "at": moment(job.made_at), "state": job.state,
        "verdict": KINDS[verdict["kind"]] if verdict else "",
    }  # fmt: skip


def _fresh_name(taken: set[str]) -> str:
    """Return a name for a new model that no other has: the month, and a letter where that is not enough."""
    month = f"{now().astimezone():%Y-%m}"
    return str(next(name for letter in ["", *"bcdefghijklmnopqrstuvwxyz"] if (name := month + letter) not in taken))


def _model(
    name: str, meta: dict[str, Any] | ModelError, working: str, looks_on: onlooker.Onlooker | None
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": name, "working": name == working, "broken": isinstance(meta, ModelError),
        "looks_on": looks_on is not None and looks_on.model == name, "verdict": "",
    }  # fmt: skip
    if isinstance(meta, ModelError):
        return told | {"wrong": str(meta), "texts": "", "accuracy": "", "f1": "", "own": False}
    found, judged = meta["report"], meta.get("retrained")
    return told | {
        "wrong": "", "texts": meta.get("examples", ""), "accuracy": share(found["accuracy"]),
        "f1": share(found["macro_f1"]), "own": found["own"],
        "verdict": f"比 {judged['against'].partition('@')[0]} {KINDS[judged['verdict']['kind']]}" if judged else "",
    }  # fmt: skip


@router.post("/{name}/promote")
def promote(page: SignedIn, name: str, why: Why, force: Annotated[str, Form()] = "") -> Response:
    """Let another model work. One that something speaks against is refused, unless it is forced; both are recorded."""
    actor = page.need("models_write")
    against = _against(name)
    if against and not force:
        return _list(page, {"name": name, "against": against, "why": why})
    step = registry.promote(name, who=str(actor), when=_moment(), why=why, against=against, force=bool(force))
    _record(page, "model.promote", name, why, {"model": step.id, "before": step.before, "overruled": against})
    return page.go(ROOT, f"{name} 已启用，几秒后新来的件由它研判；要退回，请按“退回上一个”")


def _against(name: str) -> list[str]:
    """Return what speaks against a model in the place of the one that works now."""
    _, meta = registry.load(name)
    try:
        _, now = registry.load()
    except ModelError as error:
        return [f"正在使用的 {registry.working()} 读不出来，无从比较（{error}）"]
    if artefact.model_id(now) == artefact.model_id(meta):
        raise RuleError(f"{name} 已经在使用。", "name")
    return registry.objections(meta, now) + registry.worse(meta, now)


@router.post("/rollback")
def rollback(page: SignedIn, why: Why) -> Response:
    """Go back to the model before."""
    actor = page.need("models_write")
    step = registry.rollback(who=str(actor), when=_moment(), why=why)
    _record(page, "model.rollback", step.model, why, {"model": step.id, "before": step.before})
    return page.go(ROOT, f"已退回 {step.model}")


@router.post("/{name}/trial")
def look_on(page: SignedIn, name: str, on: Annotated[str, Form()] = "") -> Response:
    """Let a candidate look on, or end that."""
    actor = page.need("models_write")
    if not on:
        if not onlooker.end(name):
            raise RuleError(f"{name} 没有在旁观。请刷新页面，看现在是哪个模型。", "name")
        _record(page, "model.trial_end", name, "", {})
        return page.go(ROOT, f"{name} 不再旁观；已记下的还在")
    found = onlooker.begin(name, who=str(actor), when=_moment())
    _record(page, "model.trial", name, "", {"model": found.id})
    return page.go(f"{ROOT}/trial", f"{name} 开始旁观：新来的件它也判，只记不改")


def _record(page: Page, action: str, name: str, why: str, after: dict[str, Any]) -> None:
    assert page.actor
    with page.here.store.writing() as session:
        audit.record(session, page.actor, action, f"model:{name}", after=after, reason=why)


def _moment() -> str:
    return now().astimezone().isoformat(timespec="seconds")
