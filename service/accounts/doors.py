"""The doors: who is behind a request, by a key in its header or a session in its cookie."""

from __future__ import annotations

import hmac
from datetime import timedelta

from starlette.requests import Request

from service.accounts import keys, sessions
from service.accounts.actor import Actor
from service.accounts.limits import Meter
from service.desk.errors import ForbiddenError, StaleError, UnauthorizedError
from service.settings import Settings
from service.store import Store

_HARMLESS = ("GET", "HEAD", "OPTIONS")


class Doors:
    """Admits requests; it counts the calls of each key and user.

    Parameters
    ----------
    settings : for how long sessions last, and how many calls may come in a minute.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings
        self.meter = Meter()

    @property
    def cookie(self) -> str:
        """The name of the cookie; over HTTPS one that no neighbouring site can set."""
        return "__Host-minyi" if self.settings.secure_cookies else "minyi"

    def admit(self, request: Request, csrf: str) -> Actor:
        """Return who is behind a request. A key goes before a cookie.

        Parameters
        ----------
        csrf : what was sent to prove that a write comes from our own pages; a request with a key needs none.

        Raises
        ------
        UnauthorizedError
            Where there is neither a valid key nor a session.
        ForbiddenError
            Where a write by session does not prove where it comes from.
        TooManyError
            Where too many came.
        """
        header, cookie = request.headers.get("authorization"), request.cookies.get(self.cookie)
        if header is not None:
            scheme, _, token = header.partition(" ")
            if scheme.lower() != "bearer" or not token:
                raise UnauthorizedError("Authorization 请求头读不懂。应写成 Authorization: Bearer 密钥。")
            actor = keys.holder(self.store, token.strip())
        elif cookie:
            signed_in, actor = sessions.resume(self.store, cookie, timedelta(minutes=self.settings.session_idle))
            if request.method not in _HARMLESS and not hmac.compare_digest(csrf.encode(), signed_in.csrf.encode()):
                if csrf:  # such as in a second tab, after somebody signed in again in the first
                    raise StaleError("CSRF 令牌（X-CSRF-Token）是另一次登录的。请刷新页面，或重新取令牌，再试一次。")
                raise ForbiddenError("请求里没有有效的 CSRF 令牌（X-CSRF-Token），可能来自别的网站。请刷新页面后重试。")
            request.state.csrf = signed_in.csrf
        else:
            raise UnauthorizedError("没有登录。请登录，或在请求头里带上 Authorization: Bearer 密钥。")
        limit = self.settings.rate_intake if actor.site else self.settings.rate
        self.meter.pass_or_raise(str(actor), limit)
        return actor


def address(request: Request) -> str:
    """Return where a request comes from."""
    return request.client.host if request.client else ""
