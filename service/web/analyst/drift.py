"""Drift (来件变化): the weeks with their alarms, and the new terms to take over into dictionary and lexicon."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from service.api.values import Which
from service.desk.days import day
from service.desk.errors import NotFoundError
from service.export.sheet import disarm
from service.jobs import drift, queue
from service.store import Job
from service.web.analyst.frame import ROOT, jobs_of, show
from service.web.page import SignedIn
from service.web.telling import moment

router = APIRouter(prefix=f"{ROOT}/drift")
MEASURES = {"mix": "主题构成", "strange": "没见过的词", "doubt": "把握不足"}
ADVICE = {
    "mix": "来件的主题与以前不同。请看增加最多的主题，优先研判这些来件，再训练一次。",
    "strange": "来件里有许多以前没有的词。请看下面的新词，核对后收入词典和词库，再训练一次。",
    "doubt": "模型比以前更拿不准。请用收件页的“建议先标”研判一些，再训练一次。",
}


@router.get("")
def show_drift(page: SignedIn, job: int = 0) -> Response:
    """Show the latest comparison, or the one asked for."""
    page.need("models_read")
    every = jobs_of(page, drift.KIND, 20)
    going = [each for each in every if each.state in ("waiting", "running")]
    ended = [each for each in every if each.result and "weeks" in each.result]
    chosen = next((each for each in ended if job in (0, each.id)), None)
    failed = every[0].error if every and every[0].state == "failed" else ""
    return show(
        page, "analyst_drift", going=bool(going), failed=failed, found=_told(chosen) if chosen else None,
        earlier=[(each.id, moment(each.ended_at), len(each.result["alarms"])) for each in ended if each.result],
        measures=MEASURES,
    )  # fmt: skip


def _told(job: Job) -> dict[str, Any]:
    result: dict[str, Any] = job.result or {}
    advice = [(MEASURES[each], ADVICE[each]) for each in result["alarms"]]
    rows = [_week(each) for each in result["weeks"]]
    return result | {"id": job.id, "at": moment(job.ended_at), "advice": advice, "rows": rows}


def _week(week: dict[str, Any]) -> dict[str, Any]:
    grown = [(name, round(100 * change)) for name, change in week["topics"][:2] if change >= 0.005]
    return week | {"grown": "，".join(f"{name} +{points} 个百分点" for name, points in grown)}


@router.post("")
def compare(page: SignedIn, since: Annotated[str, Form(max_length=10)] = "") -> Response:
    """Compare what came from a day on with what came before; of the latest weeks where no day is given."""
    actor = page.need("models_write")
    what = {"since": day(since, "since")} if since else {}
    with page.here.store.writing() as session:
        queue.put(session, actor, drift.KIND, what)
    return page.go(f"{ROOT}/drift", "开始比较；一般一分钟以内")


@router.get("/{which}/{name}")
def offered(page: SignedIn, which: Which, name: str) -> Response:
    """Give the new terms: lexicon.csv with their topics, dictionary.txt a word a line, terms.csv all."""
    actor = page.need("models_read")
    with page.here.store.reading() as session:
        job = queue.get(session, actor, which)
    result = job.result or {}
    if job.kind != drift.KIND or "terms" not in result or name not in ("lexicon.csv", "dictionary.txt", "terms.csv"):
        raise NotFoundError("没有这个文件。")
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if name == "dictionary.txt":
        return Response("\n".join([*result["dictionary"], ""]), media_type="text/plain; charset=utf-8", headers=headers)
    columns = ("term", "level1", "level2", "weight") if name == "lexicon.csv" else (
        "term", "texts", "before", "surprise", "level1", "level2", "share", "compound")  # fmt: skip
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in result[name.partition(".")[0]]:
        writer.writerow([disarm(cell) if isinstance(cell := row[column], str) else cell for column in columns])
    return Response("\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)
