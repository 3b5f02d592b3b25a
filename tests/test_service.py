"""The service around its routes: headers, numbers, logs, figures, readiness, offline pages, errors of its own."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from office import LAMPS, MEMBERS, OFFICE, PLACES
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError

from service import logs
from service.accounts.actor import SCOPES
from service.accounts.sessions import token_hash
from service.api.app import create_app
from service.settings import Settings
from service.store import Key, Store, now

TOKEN = "a-key-of-the-tests"


@pytest.fixture
def app(store: Store, database: str, tmp_path: Path) -> FastAPI:
    made = Settings(data=tmp_path, database_url=database, hsts=600)
    with store.writing() as session:
        session.execute(
            insert(Key),
            {"name": "k", "prefix": "k", "hash": token_hash(TOKEN), "scopes": sorted(SCOPES), "created_by": "t",
             "created_at": now()},
        )  # fmt: skip
    return create_app(made)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, headers={"Authorization": f"Bearer {TOKEN}"}) as opened:
        yield opened


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:]
    stream = io.StringIO()
    logs.configure(stream)
    yield stream
    root.handlers[:] = before


def test_every_answer_is_protected(client: TestClient) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/nowhere", "/api/v1/docs", "/api/v1/tables"):
        headers = client.get(path).headers
        assert "'unsafe-inline'" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["strict-transport-security"] == "max-age=600"
        assert headers["cache-control"] == "no-store"
        assert re.fullmatch(r"[0-9a-f]{16}", headers["x-request-id"])
    assert client.get("/healthz", headers={"X-Request-ID": "abc-12345"}).headers["x-request-id"] == "abc-12345"
    assert client.get("/healthz", headers={"X-Request-ID": 'x"}{evil'}).headers["x-request-id"] != 'x"}{evil'


def test_it_is_ready_and_tells_figures(client: TestClient) -> None:
    assert client.post("/api/v1/submissions", json={"text": LAMPS}).status_code == 201
    told = client.get("/readyz").json()
    assert told["status"] == "ok"
    assert told["model"].startswith("base")
    text = client.get("/metrics").text
    assert 'minyi_requests_total{method="POST",route="/api/v1/submissions",status="201"} 1.0' in text
    assert 'minyi_submissions{status="triaged"} 1.0' in text
    assert "minyi_queue 1.0" in text


def test_it_is_not_ready_without_its_tables(client: TestClient, store: Store) -> None:
    from service.store import downgrade

    downgrade(store, "base")
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"


def test_logs_hold_nothing_of_people(client: TestClient, lines: io.StringIO) -> None:
    client.post("/api/v1/submissions?key=sesame", json={"text": LAMPS, "submitter": "沈一", "contact": "13800000000"})
    client.get("/api/v1/沈一?text=路灯")
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    answered = [line for line in told if line["message"] == "answered"]
    assert [line["route"] for line in answered] == ["/api/v1/submissions", "other"]
    assert {"at", "level", "status", "ms", "request"} <= answered[0].keys()
    for secret in ("路灯", "沈一", "13800000000", "sesame", TOKEN):
        assert secret not in lines.getvalue()


def test_what_fails_is_told_without_what_people_wrote(app: FastAPI, lines: io.StringIO) -> None:
    @app.get("/api/v1/broken")
    def broken() -> None:
        raise RuntimeError("沈一 13800000000")

    with TestClient(app) as client:
        answer = client.get("/api/v1/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] in answer.json()["detail"]
    assert "沈一" not in lines.getvalue() + answer.text
    [failed] = [json.loads(line) for line in lines.getvalue().splitlines() if '"failed"' in line]
    assert failed["error"] == "RuntimeError"
    assert "broken" in failed["where"][-1]


def test_a_database_that_is_busy_is_told_as_such(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object, **__: object) -> None:
        raise OperationalError("INSERT 沈一", {}, Exception("database is locked"))

    monkeypatch.setattr("service.desk.intake.Intake.receive", locked)
    answer = client.post("/api/v1/submissions", json={"text": LAMPS})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_description_is_read_offline(client: TestClient) -> None:
    page = client.get("/api/v1/docs").text
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sources
    for source in sources:
        assert source.startswith("/api/v1/")
        assert client.get(source).status_code == 200
    assert not re.search(r"<script>|\son\w+=|style=", page)


def test_tables_through_the_api(client: TestClient) -> None:
    put = client.put("/api/v1/tables/places", params={"version": 0, "note": "初次"}, content=PLACES.encode())
    assert put.status_code == 200, put.text
    assert len(put.json()["added"]) == 3
    broken = MEMBERS.replace("甲一,经济,t", "甲一,经济,q")
    refused = client.post("/api/v1/tables/members/preview", content=broken.encode())
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "members"
    assert "第 2 行" in refused.json()["detail"]
    assert client.put("/api/v1/tables/members", params={"version": 0}, content=MEMBERS.encode()).status_code == 200
    late = client.put("/api/v1/tables/members", params={"version": 0}, content=MEMBERS.encode())
    assert (late.status_code, late.json()["changed"]["version"]) == (409, 1)
    assert client.get("/api/v1/tables/members").json()["content"] == MEMBERS
    assert [each["kind"] for each in client.get("/api/v1/tables").json()] == ["places", "members"]
    assert client.get("/api/v1/tables/bribes").status_code == 404
    gone = client.post("/api/v1/tables/members/restore", params={"earlier": 0, "version": 1})
    assert len(gone.json()["removed"]) == 3
    assert [each["kept"] for each in client.get("/api/v1/tables/members/history").json()] == [False, True]


def test_assignments_through_the_api(client: TestClient, app: FastAPI) -> None:
    for kind, content in OFFICE.items():
        assert client.put(f"/api/v1/tables/{kind}", params={"version": 0}, content=content.encode()).status_code == 200
    app.state.context.watch.look()
    number = client.post("/api/v1/submissions", json={"text": LAMPS}).json()["number"]
    sent = client.post(f"/api/v1/submissions/{number}/assignments", json={"version": 1, "members": [{"id": "m1"}]})
    assert sent.status_code == 201, sent.text
    [row] = sent.json()
    assert (row["state"], row["member"], row["version"]) == ("sent", "m1", 1)
    where = f"/api/v1/assignments/{row['id']}"
    assert client.post(f"{where}/hand_back", json={"version": 1}).json()["errors"][0]["field"] == "reason"
    assert client.post(f"{where}/answer", json={"version": 1, "text": "修好了"}).json()["state"] == "answered"
    assert client.post(f"{where}/accept", json={"version": 1}).status_code == 409
    closed = client.post(f"/api/v1/submissions/{number}/close", json={"version": 3})
    assert [each["state"] for each in closed.json()] == ["closed"]
    assert client.get("/api/v1/assignments", params={"number": number}).json()[0]["state"] == "closed"
    assert client.get("/api/v1/assignments", params={"overdue": True}).json() == []
    assert client.get("/api/v1/mine").status_code == 403  # a key is no member
