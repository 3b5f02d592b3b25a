"""One submission: what came, what was decided and why, what is near it, and every act that an officer has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Form
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.accounts import sight
from service.api.values import Number
from service.desk import acts, assign, audit, dossier, review
from service.desk.dossier import Dossier, Neighbour
from service.desk.life import ROLES, UNDER_WAY
from service.export.document import sheet
from service.export.labels import EDIT, REVIEWED, title_and_body
from service.masking import spans_of
from service.store import DecisionRow, Issue, Review, Standing, User
from service.web import marks
from service.web.filters import Asked
from service.web.inbox import blotted_texts, names_of, queue_of
from service.web.page import WORDS, Page, SignedIn

router = APIRouter(prefix="/submissions/{number}")
_BELOW = 6
"""So many second levels tell what a first level is about."""
_NEAR = 0.05
"""Neighbours that are less sure than this are noise to an officer."""
_JOINS = 0.3
"""The first neighbour of another issue that is as sure as this is joined by a key."""

_NAMES = {
    "level1": "主题", "level2": "二级主题", "priority": "紧急程度", "intent": "诉求", "place": "地点", "sector": "界别",
    "issue": "事项", "due": "期限", "owner": "承办",
}  # fmt: skip


@router.get("")
def show(page: SignedIn, number: Number) -> Response:
    """Show a submission, personal data hidden."""
    page.need("read")
    return _show(page, number, Asked.of(page.request.query_params))


@router.post("/personal")
def show_personal(page: SignedIn, number: Number, queue: Annotated[str, Form()] = "") -> Response:
    """Show a submission with who sent it and all personal data; who looked is written down."""
    actor = page.need("read_personal")
    with page.here.store.writing() as session:
        acts.standing(session, actor, number)
        audit.record(session, actor, "submission.personal", f"submission:{number}")
    return _show(page, number, Asked.parse(queue), personal=True)


def _show(page: Page, number: int, asked: Asked, *, personal: bool = False) -> Response:
    actor = page.actor
    assert actor
    queue = queue_of(page)
    near = page.here.intake.near(number)
    with page.here.store.reading() as session:
        told = dossier.dossier(session, actor, number, near)
        whole = told.decision["clean"]["text"]
        own = whole if personal else sight.blotted(whole, spans_of(told.decision))
        before, after = queue.beside(session, actor, asked.filters, told.standing, order=asked.order)
        texts = blotted_texts(session, [each.number for each in told.neighbours])
        values = _issue(session, told) | _people(session, told, names_of(page))
    decision = told.decision
    link = f"/submissions/{{}}?{asked.query}"
    return page.show(
        "item", title=title_and_body(own)[0], item=told.standing, query=asked.query, names=names_of(page),
        back=f"/inbox?{asked.query}&at={number}", before=link.format(before) if before else "",
        after=link.format(after) if after else "", can_review="review" in actor.may,
        can_assign="assign" in actor.may and assign.is_assignable(told.standing), may_assign="assign" in actor.may,
        assignments=told.assignments,
        answers=told.answers, received=_time(told.arrival["received_at"]), model=decision["provenance"]["model"],
        neighbours=[_near(each, told.standing, own, texts[each.number]) for each in told.neighbours
                    if each.score >= _NEAR],
        joins=next((each.number for each in told.neighbours if not each.same_issue and each.score >= _JOINS), 0),
        **_text(told, decision, personal), **_topics(told, decision), **_why(told, decision), **values,
    )  # fmt: skip


def _text(told: Dossier, decision: dict[str, Any], personal: bool) -> dict[str, Any]:
    """Return the texts: the clean one with what decided, the raw one with what was mended."""
    clean, edits = decision["clean"]["text"], decision["clean"]["edits"]
    spans = spans_of(decision)
    arrival = told.arrival
    raw = arrival.get("text", "")
    shown = clean
    if not personal:
        shown = sight.blotted(clean, spans)
        raw, edits = marks.hidden(raw, edits, spans) if raw else (raw, edits)
    found = marks.marked(shown, [*marks.reasons(decision), *marks.personal(decision)])
    return {
        "text": found, "clean": shown, "raw": marks.mended(raw, edits, EDIT) if raw else [], "edits": edits,
        "edit_counts": Counter(EDIT[edit["kind"]] for edit in edits).most_common(),
        "hides": len(spans) + bool(arrival["submitter"]) + bool(arrival["contact"]) if raw else 0,
        "personal": arrival if personal else None,
        "parts": [part | {"text": shown[part["start"] : part["end"]]} for part in decision.get("parts", ())],
    }  # fmt: skip


def _topics(told: Dossier, decision: dict[str, Any]) -> dict[str, Any]:
    own = told.standing
    best = sorted(decision["topic"]["scores"].items(), key=lambda pair: -pair[1])[:3]
    groups: dict[str, list[tuple[str, str]]] = {}
    for first, second in sorted(review.topics()):
        groups.setdefault(first, []).append((f"{first}/{second}", second))
    chosen = f"{own.level1 or ''}/{own.level2 or ''}"
    if (own.level1, own.level2) not in review.topics():  # nothing else may be chosen by itself
        groups = {"现在": [(chosen, f"{own.level1 or '（无）'}（二级未定）")]} | groups
    return {
        "top": [{"name": name, "probability": share, "definition": _definition(name)} for name, share in best],
        "topic_groups": list(groups.items()),
        "chosen_topic": chosen,
    }


def _definition(level1: str) -> str:
    """Return what belongs to a first-level topic, told by its second levels."""
    below = [second for first, second in sorted(review.topics()) if first == level1 and second != "其他"]
    return "、".join(below[:_BELOW]) + (" 等" if len(below) > _BELOW else "")


def _why(told: Dossier, decision: dict[str, Any]) -> dict[str, Any]:
    route = decision["route"]
    have = {each.member for each in told.assignments if each.state in UNDER_WAY}
    members = [
        each | {"reasons": [marks.plain(reason) for reason in each["reasons"]]}
        for each in route["members"]
        if each["id"] not in have and not told.standing.restricted
    ]
    together = [each for each in members if each["role"] in ROLES]
    return {
        "reasons": [each["text"] for each in decision["priority"]["reasons"]],
        "route_reasons": route["reasons"],
        "members": members,
        "together": together if len(together) > 1 and not have else [],
    }


def _near(near: Neighbour, own: Standing, ours: str, text: str) -> dict[str, Any]:
    """Return a neighbour with what differs put side by side; its title and terms only as its shown text has them."""
    names = {"place": "地点", "day": "日期"}
    return asdict(near) | {
        "text": text, "title": title_and_body(text)[0],
        "differs": [(names[name], getattr(own, name), getattr(near, name)) for name in near.differs],
        "shared": _in(ours, _in(text, near.shared)),
        "only_there": _in(text, near.only_there),
    }  # fmt: skip


def _in(text: str, terms: Iterable[str]) -> list[str]:
    return [term for term in terms if term.lower() in text.lower()]


def _issue(session: Session, told: Dossier) -> dict[str, Any]:
    count = session.scalar(select(func.count()).where(Standing.issue == told.standing.issue))
    return {"issue": {"name": told.issue.name, "texts": count or 0}}


def _people(session: Session, told: Dossier, members: dict[str, str]) -> dict[str, Any]:
    """Return the history as a person reads it, the latest first."""
    shown = {f"user:{name}": shown for name, shown in session.execute(select(User.name, User.shown))}
    moved = {each.before.get("issue") for each in told.reviews} | {each.after.get("issue") for each in told.reviews}
    issues = dict(session.execute(select(Issue.id, Issue.name).where(Issue.id.in_(filter(None, moved)))).all())
    words = {"priority": WORDS["PRIORITY"], "intent": WORDS["INTENT"], "owner": members, "issue": issues}
    return {"history": [_step(each, shown, members, words) for each in reversed(told.reviews)]}


def _step(
    each: Review, shown: dict[str, str], members: dict[str, str], words: dict[str, dict[str, str]]
) -> dict[str, str]:
    to = [sent["id"] for sent in each.after.get("members", ())] or filter(None, [each.after.get("member")])
    changes = [members.get(name, name) for name in to]
    changes += [
        f"{_NAMES[name]} "
        + (f"{_word(words, name, each.before[name])} → " if name in each.before else "")
        + _word(words, name, value)
        for name, value in each.after.items()
        if name in _NAMES
    ]
    what = REVIEWED.get(each.action, each.action) + (f"（{'；'.join(changes)}）" if changes else "")
    return {"at": _time(each.at), "actor": shown.get(each.actor, each.actor), "told": what, "reason": each.reason}


def _word(words: dict[str, dict[str, str]], name: str, value: object) -> str:
    return words.get(name, {}).get(str(value)) or str(value or "无")


def _time(at: Any) -> str:
    return str(at.astimezone().strftime("%Y-%m-%d %H:%M"))


@router.get("/sheet.docx")
def document(page: SignedIn, number: Number) -> Response:
    """Give the sheet of a submission as a Word document, without personal data."""
    actor = page.need("read")
    with page.here.store.reading() as session:
        own = acts.standing(session, actor, number)
        decision = orjson.loads(session.get_one(DecisionRow, own.decision).content)
    now_holds = {
        "topic": decision["topic"] | {"level1": own.level1, "level2": own.level2}, "intent": own.intent,
        "priority": decision["priority"] | {"level": own.priority},
        "route": decision["route"] | {name: getattr(own, name) for name in ("place", "owner", "due")},
    }  # fmt: skip
    text = sight.blotted(decision["clean"]["text"], spans_of(decision))
    made = sheet(decision | now_holds, number=str(number), sender="（保密）", day=own.day, text=text)
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    name = quote(f"社情民意信息-{number}.docx")
    return Response(made, media_type=kind, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"})
