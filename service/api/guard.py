"""What stands before every request: no key in the address, no body too long, too slow or with NUL in it."""

from __future__ import annotations

import asyncio
import re

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.accounts.keys import without
from service.api.errors import respond

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""NUL as JSON writes it; a backslash before the backslash makes it a text about NUL."""
_TAIL = 64
"""So many bytes of the part before are looked at again: the sign may lie across."""


class Guard:
    """Middleware as plain ASGI, around the whole application.

    Parameters
    ----------
    most : bytes of a body.
    seconds : in which a body must have arrived.
    """

    def __init__(self, app: ASGIApp, most: int, seconds: float) -> None:
        self.app = app
        self.most = most
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif _scrubbed(scope):
            told = "密钥不能写在网址里：网址会留在日志和浏览记录中。请停用这个密钥，换一个放在 Authorization 请求头里。"
            await respond(400, told)(scope, receive, send)
        else:
            await self.app(scope, _Body(scope, receive, self.most, self.seconds).receive, send)


def _scrubbed(scope: Scope) -> bool:
    """Take keys out of the address, so that no log shows them; return whether there were any."""
    found = False
    for part in ("path", "raw_path", "query_string"):
        value = scope.get(part) or b""
        text, changed = without(value if isinstance(value, str) else value.decode("latin-1"))
        if changed:
            scope[part] = text if isinstance(value, str) else text.encode("ascii", "replace")
            found = True
    return found


class _Body:
    """The body of one request as it comes in."""

    def __init__(self, scope: Scope, receive: Receive, most: int, seconds: float) -> None:
        headers = Headers(scope=scope)
        self._receive, self._most, self._seconds = receive, most, seconds
        length = headers.get("content-length", "")
        self._announced = int(length) if length.isascii() and length.isdigit() else 0
        self._json = "json" in headers.get("content-type", "").lower()
        self._deadline = 0.0
        self._size = 0
        self._tail = b""
        self._whole = False

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        if max(self._announced, self._size) > self._most:
            raise HTTPException(413, f"请求超过 {self._most} 字节。请分成几次发送，或请管理员调大 max_body。")
        clock = asyncio.get_running_loop()
        self._deadline = self._deadline or clock.time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, f"{self._seconds:g} 秒内没有收完请求。请检查网络后重发。") from None
        if message["type"] == "http.request":
            self._look(message.get("body", b""))
            self._whole = not message.get("more_body", False)
        return message

    def _look(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._most:
            raise HTTPException(413, f"请求超过 {self._most} 字节。请分成几次发送，或请管理员调大 max_body。")
        if self._json:
            seen = self._tail + part
            if b"\\u0000" in seen and _NUL.search(seen):
                raise HTTPException(422, "文字里有空字符（\\u0000），数据库存不了，也没有人能读。请去掉后重发。")
            self._tail = seen[-_TAIL:]
