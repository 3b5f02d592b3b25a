"""What every request finds ready: the context of the application, a session, and who is asking."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from service.accounts.actor import Actor
from service.accounts.doors import Doors
from service.api.metrics import Metrics
from service.desk.atwork import Watch
from service.desk.audit import Cast
from service.desk.errors import ForbiddenError, PasswordDueError
from service.desk.gather import Gatherer
from service.desk.heat import Hottest
from service.desk.intake import Intake
from service.settings import Settings
from service.store import Store


@dataclass(slots=True)
class Context:
    """What the application works with; made once, in its lifespan."""

    settings: Settings
    store: Store
    intake: Intake
    watch: Watch
    metrics: Metrics
    doors: Doors = field(init=False)
    gatherer: Gatherer = field(init=False)
    hottest: Hottest = field(init=False)
    cast: Cast = field(init=False)

    def __post_init__(self) -> None:
        """Make the doors, and what waits behind them."""
        self.doors = Doors(self.store, self.settings)
        self.gatherer = Gatherer(self.intake)
        self.hottest = Hottest()
        self.cast = Cast()


async def context(request: Request) -> Context:
    """Return the context of the application. What waits for nothing is `async`: it needs no thread."""
    return cast(Context, request.app.state.context)


Here = Annotated[Context, Depends(context)]


def reading(here: Here) -> Iterator[Session]:
    """Give a session that only reads."""
    with here.store.reading() as session:
        yield session


Reading = Annotated[Session, Depends(reading)]


_BEFORE = ("/password", "/logout", "/api/v1/me", "/api/v1/session")
"""What is open before somebody changed the password that was made for them."""
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def csrf_sent(request: Request, here: Here) -> str:
    """Return what was sent as CSRF token: the header X-CSRF-Token, or the field csrf of a form of our pages."""
    sent = request.headers.get("x-csrf-token", "")
    if not sent and here.doors.cookie in request.cookies:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind in _FORMS:
            sent = str((await request.form()).get("csrf", ""))
    return sent


def acting(request: Request, here: Here, csrf: Annotated[str, Depends(csrf_sent)]) -> Actor:
    """Return who is asking, by session or key; see `service.accounts.doors`.

    Raises
    ------
    PasswordDueError
        Where their password serves for one sign-in only, and they ask for anything but a new one.
    """
    actor = here.doors.admit(request, csrf)
    if actor.must_change and not request.url.path.startswith(_BEFORE):
        raise PasswordDueError("这个口令只能用一次。请先换成自己的口令，再做别的。")
    return actor


Acting = Annotated[Actor, Depends(acting)]


def may(permission: str) -> Callable[[Actor], Awaitable[Actor]]:
    """Return a dependency that lets pass who has a permission, and gives the actor."""

    async def allowed(actor: Acting) -> Actor:
        if permission not in actor.may:
            raise ForbiddenError(f"“{actor.shown or actor.name}”没有“{permission}”权限。需要的话，请找管理员。")
        return actor

    return allowed
