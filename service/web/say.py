"""The public form of a site (码上议), its QR code, and the page that tells how far a submission has come."""

from __future__ import annotations

import hashlib
import io
import re
import secrets
from collections.abc import Sequence
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.records import Submission
from service.accounts.actor import Actor
from service.accounts.doors import address
from service.api.errors import status_of
from service.desk.errors import NotFoundError, RuleError, TooManyError
from service.desk.intake import Arrival
from service.store import Answer, Key, Standing, SubmissionRow, now
from service.web.page import Anybody, Page, SignedIn

router = APIRouter()
_CHANNEL = "码上议"
_ONCE = "minyi_once"
_SAME = 15 * 60
"""Seconds for which the form is the same for a browser."""
_ASKED = ("text", "place", "submitter", "contact")
_PER_MINUTE = 30
"""Submissions from one address, a sixth of them at once: a whole building may share it."""
_LOOKS_PER_MINUTE = 60
_REFERENCE = re.compile(r"[2-9A-HJ-NP-Z]{10}")
_STEPS = (
    ("received", "收到", "已经存下，不会丢"), ("reviewed", "研判", "信息员看过，定下是哪方面的事、急不急"),
    ("assigned", "交办", "请委员跟进"), ("answered", "答复", "委员已经答复"),
)  # fmt: skip


def _site(page: Page, prefix: str) -> tuple[Key, Actor]:
    """Return the key of a site and who acts by it: the form needs no secret, it may only submit."""
    with page.here.store.reading() as session:
        key = session.scalar(select(Key).where(Key.prefix == prefix, Key.site.is_not(None)))
    if key is None or key.revoked_at or (key.expires_at and key.expires_at <= now()) or "submit" not in key.scopes:
        raise NotFoundError("这个收件点不存在或已停用。请向张贴二维码的单位核实。")
    return key, Actor("key", key.prefix, frozenset({"submit"}), id=key.id, site=key.site, shown=key.name)


@router.get("/say/{prefix}")
def form(request: Request, page: Anybody, prefix: str) -> HTMLResponse:
    """Show the form of a site. Whoever goes back to it has the same form, so that the same text is stored once."""
    key, _ = _site(page, prefix)
    once = request.cookies.get(_ONCE, "")
    once = once if re.fullmatch(r"[0-9a-f]{32}", once) else secrets.token_hex(16)
    shown = page.show("say", title="码上议", site=key.site, kept=dict.fromkeys(_ASKED, ""), once=once)
    shown.set_cookie(_ONCE, once, max_age=_SAME, path=f"/say/{prefix}", httponly=True, samesite="lax")
    return shown


@router.post("/say/{prefix}")
def send(
    request: Request,
    page: Anybody,
    prefix: str,
    text: Annotated[str, Form()] = "",
    place: Annotated[str, Form()] = "",
    submitter: Annotated[str, Form()] = "",
    contact: Annotated[str, Form()] = "",
    website: Annotated[str, Form()] = "",
    once: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Take a submission; what somebody wrote comes back with whatever is wrong with it.

    The same form with the same content, sent again, is stored once and answered the same.
    """
    key, actor = _site(page, prefix)
    kept = {"text": text, "place": place, "submitter": submitter, "contact": contact}
    try:
        arrival = _arrival(kept, str(key.site), trap=website, once=f"{prefix}:{once or secrets.token_hex(16)}")
        page.here.doors.meter.pass_or_raise(f"say:{address(request)}", _PER_MINUTE)
    except (RuleError, TooManyError) as error:
        return page.show("say", status_of(error), title="码上议", site=key.site, kept=kept, wrong=str(error),
                         once=once)  # fmt: skip
    [receipt] = page.here.intake.receive([arrival], actor)
    return RedirectResponse(f"/said?reference={receipt.reference}", 303)


@router.get("/said")
def said(page: Anybody, reference: str = "") -> Response:
    """Tell the number to ask by; the page can be loaded again and nothing is sent twice."""
    if not _REFERENCE.fullmatch(reference):
        raise NotFoundError("没有这个查询号。")
    return page.show("said", title="收到了", reference=reference)


def _arrival(told: dict[str, str], site: str, trap: str, once: str) -> Arrival:
    values = {name: value.replace("\r\n", "\n").replace("\x00", "").strip() for name, value in told.items()}
    if trap:
        raise RuleError("请把最后一栏留空。", "website")
    if not values["text"]:
        raise RuleError("还没有写什么事。请写一写再提交。", "text")
    limits = {"text": 5000, "place": 100, "submitter": 50, "contact": 100}
    for name, most in limits.items():
        if len(values[name]) > most:
            raise RuleError(f"太长了：最多 {most} 个字，现在 {len(values[name])} 个。请精简后再提交。", name)
    submission = Submission(
        "", values["text"], submitted_at=now().astimezone().strftime("%Y-%m-%d %H:%M"),
        submitter=values["submitter"] or None, place=values["place"] or None, source=site, channel=_CHANNEL,
    )  # fmt: skip
    same = hashlib.sha256("\x00".join((once, *values.values())).encode("utf-8", "surrogatepass")).hexdigest()
    return Arrival(submission, same, contact=values["contact"] or None)


def _address(page: Page, prefix: str) -> str:
    """Return where the public opens the form of a site: this goes on paper, so it is the address that is set."""
    base = page.here.settings.public_url or str(page.request.base_url)
    return f"{base.rstrip('/')}/say/{prefix}"


@router.get("/say/{prefix}/code.svg")
def code(page: SignedIn, prefix: str) -> Response:
    """Give the QR code of a site's form, for print."""
    _site(page, prefix)
    out = io.BytesIO()
    segno.make(_address(page, prefix), error="m").save(out, kind="svg", scale=8, border=4)
    return Response(out.getvalue(), media_type="image/svg+xml")


@router.get("/say/{prefix}/poster")
def poster(page: SignedIn, prefix: str) -> HTMLResponse:
    """Show what to print and put up at a site: one page A4 with its code."""
    key, _ = _site(page, prefix)
    where, own = _address(page, prefix), not page.here.settings.public_url
    return page.show(
        "poster", title=f"海报：{key.site}", site=key.site, code=f"/say/{prefix}/code.svg", where=where, unset=own
    )


@router.get("/status")
def status(request: Request, page: Anybody, reference: str = "") -> HTMLResponse:
    """Tell how far a submission has come: its steps, and its answer where that is public. Nothing of what it says."""
    wrong, found = "", None
    reference = reference.strip().upper()
    if reference:
        page.here.doors.meter.pass_or_raise(f"status:{address(request)}", _LOOKS_PER_MINUTE)
        found = _found(page, reference)
        wrong = "" if found else "没有这个查询号。请核对，字母 O、I 和数字 0、1 不会出现。"
    steps, answer = found or ([], "")
    return page.show("status", title="办理进度", reference=reference, steps=steps, answer=answer, wrong=wrong)


def _found(page: Page, reference: str) -> tuple[list[tuple[str, str, str]], str] | None:
    query = (
        select(SubmissionRow, Standing)
        .join(Standing, Standing.number == SubmissionRow.number)
        .where(SubmissionRow.reference == reference)
    )
    with page.here.store.reading() as session:
        row = session.execute(query).first()
        if row is None:
            return None
        arrived, own = row
        public = select(Answer).where(Answer.number == own.number, Answer.public).order_by(Answer.id.desc()).limit(1)
        answer = session.scalar(public)
    done: dict[str, Any] = {
        "received": arrived.received_at.astimezone().strftime("%Y-%m-%d"),
        "reviewed": "✓" if own.review != "pending" or own.delivery != "none" else "",  # who gave it to members saw it
        "assigned": "✓" if own.delivery not in ("none", "handed_back") else "",
        "answered": "✓" if own.delivery in ("answered", "closed") else "",
    }
    return [(name, what, done[step]) for step, name, what in _STEPS], answer.text if answer else ""


def sites(session: Session) -> Sequence[Key]:
    """Return the keys of the sites whose forms are open."""
    query = select(Key).where(Key.site.is_not(None), Key.revoked_at.is_(None)).order_by(Key.site)
    return [key for key in session.scalars(query) if not key.expires_at or key.expires_at > now()]
