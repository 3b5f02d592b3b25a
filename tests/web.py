"""The service as browsers and programs see it: somebody of each role, and things of one's own and of others."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from office import ME, OFFICE
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pipeline.records import Submission
from service.accounts import keys, passwords, users
from service.accounts.actor import Actor
from service.api.app import create_app
from service.desk import assign, issues, tables, webhooks
from service.desk.intake import Arrival
from service.desk.life import Said
from service.desk.review import Seen
from service.jobs import queue
from service.settings import Settings
from service.store import Issue, Job, Review, Standing, Store, User, now, upgrade

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
    actors: dict[str, Actor] = field(default_factory=dict)
    count: Iterator[int] = field(default_factory=itertools.count)

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
            name=name or f"u{next(self.count)}", shown="某人", role=role, password=self.hash,
            member="m1" if role == "member" else None, active=True, version=1, created_at=now(), seen_at=None,
        )  # fmt: skip
        with self.store.writing() as session:
            session.add(user)
        return user

    def signed_in(self, role: str) -> TestClient:
        """Return the browser of a new user who signed in and sends the CSRF token with each write."""
        client, user = self.client(), self.user(role)
        self.actors.setdefault(role, users.actor_of(user))
        answer = client.post("/api/v1/session", json={"name": user.name, "password": PASSWORD})
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

    def read(self, ask: Callable[[Session], Any]) -> Any:
        """Return what somebody reads in the store."""
        with self.store.reading() as session:
            return ask(session)

    def acted(self, act: Any) -> tuple[int, str]:
        """Let an officer act on a new submission; return its number and the act."""
        number = self.submission()
        with self.store.writing() as session:
            act(session, ME, Seen(number, 1), "")
            return number, str(session.scalar(select(Review.act).where(Review.number == number)))

    def joined(self) -> int:
        """Receive a submission twice; return the second, which is suggested to repeat the first."""
        text = f"{LAMP}在{next(self.count)}号楼下。"
        self.submission(text)
        return self.submission(text)

    def issue(self) -> str:
        """Receive a submission about something else; return its issue, which nobody has changed."""
        number = self.submission(f"建议第{next(self.count)}中学的食堂公开菜价，让家长放心。")
        issue = f"issue-{number}"
        with self.store.writing() as session:
            session.merge(Issue(id=issue, name="食堂", version=1, opened_at=now()))
            session.get_one(Standing, number).issue = issue
        return issue

    def merged_issue(self) -> str:
        """Return an issue that was merged into another."""
        one, other = self.issue(), self.issue()
        with self.store.writing() as session:
            issues.merge_issues(session, ME, one, 1, other, "")
        return one

    def answered(self) -> Any:
        """Return an assignment of m1 that was answered."""
        row = self.assignment("m1")
        with self.store.writing() as session:
            return assign.act(session, ME, row.id, "answer", 1, Said(text="已修好。"))

    def job(self, actor: Actor, state: str = "waiting") -> int:
        """Return a job of somebody."""
        with self.store.writing() as session:
            job = queue.put(session, actor, "nothing", {})
            job.state = state
            session.flush()
            return job.id

    def model(self) -> str:
        """Return a name to train a model under, when no other training goes on."""
        with self.store.writing() as session:
            session.execute(update(Job).where(Job.kind == "retrain").values(state="cancelled", ended_at=now()))
        return "spring"

    def webhook(self) -> int:
        """Return a webhook."""
        with self.store.writing() as session:
            return webhooks.add(session, ME, "https://example.org/hook", []).id


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
