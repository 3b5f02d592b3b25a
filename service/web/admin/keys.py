"""Keys for programs, and the sites of public forms (收件点)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from service.accounts import keys
from service.accounts.actor import SCOPES
from service.web.admin.frame import show
from service.web.page import Page, SignedIn

router = APIRouter(prefix="/admin/keys")
Text = Annotated[str, Form()]


@router.get("")
def show_keys(page: SignedIn) -> Response:
    """List the keys and sites."""
    page.need("keys")
    return _keys(page)


def _keys(page: Page, token: str = "") -> Response:
    with page.here.store.reading() as session:
        every = keys.every(session)
    return show(page, "admin_keys", keys=every, scopes=sorted(SCOPES), token=token)


@router.post("")
def add_key(
    page: SignedIn, name: Text, site: Text = "", scopes: Annotated[list[str] | None, Form()] = None
) -> Response:
    """Make a key, told once; that of a site's form is not a secret."""
    actor = page.need("keys")
    _, token = keys.add(page.here.store, actor, keys.Wish(name, scopes or (), site.strip() or None))
    return _keys(page, "" if site.strip() else token)


@router.post("/{prefix}/revoke")
def revoke_key(page: SignedIn, prefix: str) -> Response:
    """Make a key useless."""
    actor = page.need("keys")
    keys.revoke(page.here.store, actor, prefix)
    return page.go("/admin/keys", f"密钥 {prefix} 已停用")
