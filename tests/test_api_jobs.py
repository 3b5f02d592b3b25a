"""The API of jobs, exports, changes and webhooks, through the whole application."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from inputs import LAMP, LID
from pydantic import SecretStr

from pipeline.triage import Triage
from service.accounts.actor import command
from service.accounts.keys import Wish, add
from service.api.app import create_app
from service.jobs import queue, worker
from service.settings import Settings
from service.store import Store

As = Callable[..., TestClient]


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", database_url=SecretStr(database))


@pytest.fixture
def holding(settings: Settings, store: Store, triage: Triage, monkeypatch: pytest.MonkeyPatch) -> Iterator[As]:
    """Give a client that holds a key with the permissions asked for."""
    monkeypatch.setattr(Triage, "load", lambda **_: triage)
    monkeypatch.setattr(worker, "load", lambda *_: triage)
    with TestClient(create_app(settings)) as client:

        def hold(*scopes: str) -> TestClient:
            _, token = add(store, command(), Wish("-".join(scopes), scopes))
            client.headers["Authorization"] = f"Bearer {token}"
            return client

        yield hold


def work_off(store: Store, settings: Settings) -> None:
    while held := queue.claim(store, queue.worker_name()):
        worker.run(held, settings, 1)


def send(client: TestClient, name: str, content: str, **form: str) -> Any:
    return client.post("/api/v1/imports", files={"file": (name, content.encode())}, data=form)


def test_a_file_is_sent_and_imported(holding: As, store: Store, settings: Settings) -> None:
    client = holding("import")
    sent = send(client, "../../信.csv", f"号,诉求\n1,{LAMP}\n2,\n", columns='{"body": "诉求", "id": "号"}')
    assert sent.status_code == 202, sent.text
    told = sent.json()
    assert (told["state"], told["name"]) == ("waiting", "信.csv")
    assert [path.parent for path in settings.data.rglob("*.csv")] == [settings.data / "uploads"]
    work_off(store, settings)
    done = client.get(f"/api/v1/jobs/{told['id']}").json()
    assert (done["state"], done["result"]["received"], done["rejected"]) == ("done", 1, 1)
    [bad] = client.get(f"/api/v1/jobs/{told['id']}/rejected").json()
    assert (bad["file"], bad["line"]) == ("信.csv", 3)
    assert client.post(f"/api/v1/jobs/{told['id']}/cancel").status_code == 409
    assert client.post(f"/api/v1/jobs/{told['id']}/retry").status_code == 409


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [("信.exe", "x", {}), ("信", "x", {}), ("", "x", {}), ("信.csv", "x", {"columns": "["}),
     ("信.csv", "x", {"columns": "[]"}), ("信.csv", "x", {"columns": '{"nobody": "x"}'}),
     ("信.csv", "x", {"columns": '{"body": 1}'}), ("信.csv", "x", {"columns": '{"body": "\\u0000"}'}),
     ("信.xlsx", "no workbook", {})],
)  # fmt: skip
def test_what_cannot_be_imported_is_refused(holding: As, name: str, content: str, form: dict[str, str]) -> None:
    answer = send(holding("import"), name, content, **form)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("place", "value"), [(6, 0xFF), (9, 0x08)])  # its version; that its names are UTF-8
def test_a_damaged_workbook_is_refused(holding: As, place: int, value: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        book.writestr("xl/sheet.xml", "")
    told = bytearray(out.getvalue().replace(b"sheet", b"she\xd0\xc5" if place == 9 else b"sheet"))
    begin = told.index(b"PK\x01\x02")
    told[begin + place] = value
    answer = holding("import").post("/api/v1/imports", files={"file": ("信.xlsx", bytes(told))})
    assert answer.status_code == 422
    assert "信.xlsx：文件已损坏" in answer.json()["detail"]


def test_a_job_is_cancelled_and_strangers_see_none(holding: As) -> None:
    job = send(holding("import"), "信.txt", LAMP).json()["id"]
    stranger = holding("import", "read")
    assert stranger.get(f"/api/v1/jobs/{job}").status_code == 404
    assert stranger.post(f"/api/v1/jobs/{job}/cancel").status_code == 404
    assert stranger.get("/api/v1/jobs").json() == []
    boss = holding("jobs")
    assert boss.post(f"/api/v1/jobs/{job}/cancel").json()["state"] == "cancelled"
    assert boss.get(f"/api/v1/jobs/{2**70}").status_code == 422


def test_retraining_waits_in_the_queue(holding: As, store: Store, settings: Settings) -> None:
    client = holding("models_write", "jobs")
    job = client.post("/api/v1/retrainings", json={"name": "spring"}).json()
    assert (job["kind"], job["state"], job["name"]) == ("retrain", "waiting", "spring")
    again = client.post("/api/v1/retrainings", json={"name": "summer"})
    assert (again.status_code, "spring" in again.json()["detail"]) == (409, True)
    assert client.post(f"/api/v1/jobs/{job['id']}/cancel").json()["state"] == "cancelled"
    failed = client.post("/api/v1/retrainings", json={"name": "autumn"}).json()["id"]  # nobody has reviewed anything
    work_off(store, settings)
    assert client.get(f"/api/v1/jobs/{failed}").json()["state"] == "failed"
    assert client.post("/api/v1/retrainings", json={"name": "summer"}).status_code == 202
    assert client.post(f"/api/v1/jobs/{failed}/retry").status_code == 409


@pytest.mark.parametrize(
    ("name", "rule"),
    [("base", "自带模型的名字"), ("language", "自带模型的名字"), ("spring", "已经有了"),
     ("-x", "不以连字符开头"), ("../x", "只能有"), ("", "只能有"), ("长" * 65, "最多 64 个")],
)  # fmt: skip
def test_no_retraining_begins_under_a_name_that_it_cannot_have(
    holding: As, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, rule: str
) -> None:
    monkeypatch.setenv("MINYI_MODELS", str(tmp_path / "models"))
    (tmp_path / "models" / "spring").mkdir(parents=True)
    (tmp_path / "models" / "spring-2").mkdir()
    client = holding("models_write", "jobs")
    answer = client.post("/api/v1/retrainings", json={"name": name})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == "name"
    assert rule in error["rule"]
    assert f"“{name}”" in error["rule"]
    assert name != "spring" or "如“spring-3”" in error["rule"]
    assert client.get("/api/v1/jobs").json() == []
    assert client.post("/api/v1/retrainings", json={"name": "2026年春"}).status_code == 202


def test_changes_and_exports(holding: As) -> None:
    client = holding("submit", "read", "export", "labels")
    for text in (LAMP, LID):
        assert client.post("/api/v1/submissions", json={"text": text, "submitter": "沈某"}).status_code == 201
    assert [each["number"] for each in client.get("/api/v1/changes?after=1").json()] == [2]
    assert client.get("/api/v1/changes?after=2&wait=1").json() == []
    for kind in ("csv", "xlsx", "jsonl"):
        answer = client.get(f"/api/v1/export?format={kind}")
        assert answer.status_code == 200
        assert f'filename="minyi.{kind}"' in answer.headers["content-disposition"]
    lines = answer.text.splitlines()
    assert [orjson.loads(line)["number"] for line in lines] == [1, 2]
    assert "沈某" not in answer.text
    assert client.get("/api/v1/export?topic=%00").status_code == 422
    assert client.get("/api/v1/export?since=gestern").status_code == 422
    assert client.get("/api/v1/labels").text == ""


def test_webhooks_are_the_administrator_s(holding: As) -> None:
    client = holding("webhooks")
    made = client.post("/api/v1/webhooks", json={"url": "http://10.0.0.7/hook"}).json()
    assert made["secret"].startswith("whsec_")
    assert "secret" not in client.get("/api/v1/webhooks").json()[0]
    changed = client.patch(f"/api/v1/webhooks/{made['id']}", json={"active": False, "kinds": ["review.accept"]}).json()
    assert (changed["active"], changed["kinds"], changed["url"]) == (False, ["review.accept"], made["url"])
    assert client.post("/api/v1/webhooks", json={"url": "file:///x"}).status_code == 422
    assert client.delete(f"/api/v1/webhooks/{made['id']}").status_code == 204
    assert client.delete(f"/api/v1/webhooks/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "imports"), ("POST", "retrainings"), ("GET", "export"), ("GET", "labels"), ("GET", "changes"),
     ("GET", "webhooks"), ("POST", "webhooks"), ("PATCH", "webhooks/1"), ("DELETE", "webhooks/1")],
)  # fmt: skip
def test_who_may_not_is_told_so(holding: As, method: str, path: str) -> None:
    body: dict[str, Any] = {"files": {"file": ("a.txt", b"x")}} if path == "imports" else {
        "json": {"name": "x", "url": "http://a/"} if method == "POST" else {}}  # fmt: skip
    if method == "POST" and path != "imports":
        body = {"json": {"name": "x"} if path == "retrainings" else {"url": "http://a/"}}
    assert holding("statistics").request(method, f"/api/v1/{path}", **body).status_code == 403
