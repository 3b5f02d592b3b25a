"""The matrix: every endpoint, as every role, on things of one's own and of others; a new endpoint needs a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from office import ME, STATIONS
from support import read
from web import LAMP, PASSWORD, ROLES, Web, everybody, running

from service.accounts import keys
from service.api.app import create_app
from service.desk import assign, tables
from service.desk.life import Said
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


def thing(web: Web, name: str) -> Any:
    """Make what a case names, anew for each combination."""
    if name in ("$submission", "$restricted"):
        return web.submission(restricted=name == "$restricted")
    if name in ("$own", "$foreign"):
        return web.assignment("m1" if name == "$own" else "m2").id
    if name in ("$answered", "$answered_submission"):
        row = web.assignment("m1")
        with web.store.writing() as session:
            row = assign.act(session, ME, row.id, "answer", 1, Said(text="已修好。"))
        return row.id if name == "$answered" else row.number
    if name == "$stations_version":
        with web.store.reading() as session:
            return tables.versions(session)["stations"]
    makers = {
        "$user": lambda: web.user().id,
        "$name": lambda: f"new{web.submission()}",
        "$key": lambda: keys.add(web.store, ME, keys.Wish("k", ("read",)))[0].prefix,
        "$password": lambda: PASSWORD,
        "$lamp": lambda: LAMP,
        "$stations": lambda: STATIONS,
    }
    return makers[name]()


def filled(web: Web, told: Any) -> Any:
    if isinstance(told, dict):
        return {name: filled(web, value) for name, value in told.items()}
    return thing(web, told) if isinstance(told, str) and told.startswith("$") else told


@pytest.mark.parametrize(("case", "role", "status"), COMBINATIONS)
def test_each_role_gets_what_is_theirs(web: Web, case: dict[str, Any], role: str, status: int) -> None:
    method, path = case["ask"].split()
    for name, value in filled(web, case.get("path", {})).items():
        path = path.replace(f"{{{name}}}", str(value))
    # who signs out or takes a new password is gone afterwards: a browser of its own
    client = web.signed_in(role) if case.get("own_session") and role in ROLES[:5] else web.clients[role]
    sent: dict[str, Any] = {"params": filled(web, case.get("query", {}))}
    if "body" in case:
        sent["json"] = filled(web, case["body"])
    if "content" in case:
        sent["content"] = filled(web, case["content"]).encode()
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
