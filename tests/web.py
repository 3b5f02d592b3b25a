"""The service as browsers and programs see it: somebody of each role, and things of one's own and of others."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from office import ME, OFFICE
from sqlalchemy import update

from pipeline.records import Submission
from service.accounts import keys, passwords, users
from service.api.app import create_app
from service.desk import assign, tables
from service.desk.intake import Arrival
from service.settings import Settings
from service.store import Standing, Store, User, now, upgrade

PASSWORD = "春江水暖鸭先知2026"
LAMP = "桥头镇中心街的路灯坏了三天，晚上走路看不见，请尽快修。"
PERSONAL = "我叫沈一，电话13800000000。桥头镇中心街的路灯坏了，请尽快修。"
ROLES = ("officer", "clerk", "member", "analyst", "administrator", "intake", "anonymous")


@dataclass
class Web:
    """The running service of a small office.

    clients : by role. The member is m1 of `office`; intake is the key of the site 表单.
    """

    app: FastAPI
    store: Store
    hash: str
    clients: dict[str, TestClient] = field(default_factory=dict)
    _count: Iterator[int] = field(default_factory=itertools.count)

    def client(self, **headers: str) -> TestClient:
        """Return somebody nobody knows, perhaps with headers."""
        return TestClient(self.app, headers=headers, raise_server_exceptions=False)

    def key(self, *scopes: str, site: str | None = None) -> TestClient:
        """Return a program with a key."""
        _, token = keys.add(self.store, ME, keys.Wish("程序", scopes, site))
        return self.client(Authorization=f"Bearer {token}")

    def user(self, role: str = "clerk", name: str = "") -> User:
        """Add a user whose password is PASSWORD."""
        user = User(
            name=name or f"u{next(self._count)}", shown="某人", role=role, password=self.hash,
            member="m1" if role == "member" else None, active=True, version=1, created_at=now(), seen_at=None,
        )  # fmt: skip
        with self.store.writing() as session:
            session.add(user)
        return user

    def signed_in(self, role: str) -> TestClient:
        """Return the browser of a new user who signed in and sends the CSRF token with each write."""
        client = self.client()
        answer = client.post("/api/v1/session", json={"name": self.user(role).name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client

    def submission(self, text: str = LAMP, *, restricted: bool = False) -> int:
        """Receive a submission; return its number."""
        arrival = Arrival(Submission("", text, submitter="沈一"), contact="13800000000")
        [receipt] = self.app.state.context.intake.receive([arrival], ME)
        if restricted:
            with self.store.writing() as session:
                session.execute(
                    update(Standing).where(Standing.number == receipt.number).values(restricted=True, version=2)
                )
        return receipt.number

    def assignment(self, member: str) -> Any:
        """Assign a new submission to a member."""
        number = self.submission()
        with self.store.writing() as session:
            [row] = assign.assign(session, ME, number, 1, [(member, "lead")])
        return row


@contextmanager
def running(folder: Path, url: str, **settings: Any) -> Iterator[Web]:
    """Run the service on an empty database, with the small office's tables."""
    store = Store.open(url)
    upgrade(store)
    tables.put(store, OFFICE, {}, ME)
    told = Settings(data=folder, database_url=url, **settings)
    app = create_app(told)
    with TestClient(app):
        web = Web(app, store, passwords.hashed(PASSWORD, "nobody"))
        yield web
    store.close()


def everybody(web: Web) -> dict[str, TestClient]:
    """Return somebody of each role."""
    found = {role: web.signed_in(role) for role in ROLES[:5]}
    return found | {"intake": web.key("submit", site="表单"), "anonymous": web.client()}


def add(web: Web, role: str) -> User:
    """Add a user by the front door."""
    return users.add(web.store, ME, users.Newcomer(f"u{next(web._count)}", role, PASSWORD))
