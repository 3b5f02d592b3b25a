"""What goes around every request: a number of its own, headers that protect, a line in the log, a count.

Plain ASGI: bodies pass untouched, streams stay streams.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.errors import respond
from service.api.metrics import Metrics
from service.settings import Settings

PREFIX = "/api/v1"

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""No script and no style stands inside a page: what somebody wrote into a text cannot become one."""
PROTECTION = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
ID = "X-Request-ID"
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_PRIVATE = "no-store"
"""Answers hold what people wrote: nobody on the way keeps them."""

_log = logging.getLogger("minyi.request")


class Envelope:
    """The middleware."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics
        self.headers = dict(PROTECTION)
        if settings.hsts:
            self.headers["Strict-Transport-Security"] = f"max-age={settings.hsts}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(ID, "")
        name = given if _ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["number"] = name  # an error page tells it
        began, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[ID] = name
                headers.setdefault("Cache-Control", _PRIVATE)
                for header, value in self.headers.items():
                    headers.setdefault(header, value)
            await send(message)

        self.metrics.under_way.inc()
        try:
            await self.app(scope, receive, sending)
        except Exception:
            _log.exception("failed", extra={"request": name, "route": route_of(scope)})
            if not status:
                detail = f"系统内部出错，这次没有成功。请稍后再试；仍不行，请把请求号 {name} 告诉管理员。"
                await respond(500, detail)(scope, receive, sending)
        finally:
            self.metrics.under_way.dec()
            self._count(scope, status, time.perf_counter() - began, name)

    def _count(self, scope: Scope, status: int, seconds: float, name: str) -> None:
        method, route = scope["method"], route_of(scope)
        self.metrics.requests.labels(method, route, status).inc()
        self.metrics.seconds.labels(method, route).observe(seconds)
        told: dict[str, Any] = {"method": method, "route": route, "status": status, "ms": round(1000 * seconds, 1)}
        _log.info("answered", extra=told | {"request": name})


def route_of(scope: Scope) -> str:
    """Return the template of the route that answers, such as /api/v1/submissions/{number}; never the path itself."""
    template = getattr(scope.get("route"), "path", None)
    if template is None:
        return "other"
    inside = scope["path"].startswith(PREFIX) and not template.startswith(PREFIX)  # a route knows its own router only
    return PREFIX + template if inside else str(template)
