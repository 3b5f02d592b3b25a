"""The matrix: every endpoint, as every role, on things of one's own and of others; a new endpoint needs a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from office import ME, STATIONS
from support import read
from web import LAMP, PASSWORD, ROLES, Web, everybody, running

from service.accounts import keys
from service.api.app import create_app
from service.desk import review, tables
from service.settings import Settings

MATRIX = read("matrix")
COMBINATIONS = [
    pytest.param(case, role, int(status), id=f"{case['ask']} {case.get('object', '')} {role}")
    for case in MATRIX["asks"]
    for role, status in zip(ROLES, case["expected"].split(), strict=True)
]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("office")
    with running(folder, f"sqlite:///{folder / 'minyi.db'}", rate_intake=10**6) as opened:
        opened.clients |= everybody(opened)
        yield opened


def thing(web: Web, name: str, role: str) -> Any:
    """Make what a case names, anew for each combination."""
    things: dict[str, Callable[[], Any]] = {
        "password": lambda: PASSWORD,
        "lamp": lambda: LAMP,
        "stations": lambda: STATIONS,
        "stations_version": lambda: web.read(tables.versions)["stations"],
        "user": lambda: web.user().id,
        "name": lambda: f"new{web.submission()}",
        "key": lambda: keys.add(web.store, ME, keys.Wish("k", ("read",)))[0].prefix,
        "submission": web.submission,
        "restricted": lambda: web.submission(restricted=True),
        "junked": lambda: web.acted(review.junk)[0],
        "act": lambda: web.acted(review.junk)[1],
        "joined": lambda: web.joined(),
        "alone": lambda: web.submission(f"建议在第{next(web.count)}中学门口装一个信号灯，孩子过马路不安全。"),
        "issue": lambda: web.issue(),
        "merged_issue": lambda: web.merged_issue(),
        "own": lambda: web.assignment("m1").id,
        "foreign": lambda: web.assignment("m2").id,
        "answered": lambda: web.answered().id,
        "answered_submission": lambda: web.answered().number,
        "job": lambda: web.job(ME),
        "own_job": lambda: web.job(web.actors[role]) if role in web.actors else web.job(ME),
        "failed_job": lambda: web.job(ME, "failed"),
        "webhook": lambda: web.webhook(),
        "model": lambda: web.model(),
    }
    return things[name]()


def filled(web: Web, told: Any, role: str) -> Any:
    if isinstance(told, dict):
        return {name: filled(web, value, role) for name, value in told.items()}
    if isinstance(told, list):
        return [filled(web, value, role) for value in told]
    return thing(web, told[1:], role) if isinstance(told, str) and told.startswith("$") else told


@pytest.mark.parametrize(("case", "role", "status"), COMBINATIONS)
def test_each_role_gets_what_is_theirs(web: Web, case: dict[str, Any], role: str, status: int) -> None:
    method, path = case["ask"].split()
    for name, value in filled(web, case.get("path", {}), role).items():
        path = path.replace(f"{{{name}}}", str(value))
    # who signs out or takes a new password is gone afterwards: a browser of its own
    client = web.signed_in(role) if case.get("own_session") and role in ROLES[:5] else web.clients[role]
    sent: dict[str, Any] = {"params": filled(web, case.get("query", {}), role)}
    if "body" in case:
        sent["json"] = filled(web, case["body"], role)
    if "content" in case:
        sent["content"] = filled(web, case["content"], role).encode()
    if "file" in case:
        sent["files"] = {"file": ("信.csv", case["file"].encode(), "text/csv")}
    answer = client.request(method, path, **sent)
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert re.search(r"[\u4e00-\u9fff]", answer.json()["detail"])


def test_every_endpoint_is_in_the_matrix() -> None:
    app = create_app(Settings())
    found = {
        f"{method} {route.path}"
        for route in iter_route_contexts(app.routes)
        for method in (route.methods or ())
        if method not in ("HEAD", "OPTIONS")
    }
    assert found == {case["ask"] for case in MATRIX["asks"]}


def test_the_roles_of_the_matrix_are_the_roles() -> None:
    assert tuple(MATRIX["roles"].split()) == ROLES
