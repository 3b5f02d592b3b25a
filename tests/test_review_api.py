"""The queue, review, issues and statistics through the API: shapes, versions, who sees what, asked twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from inputs import LAMP, LID
from letters import LETTERS, LIGHTS
from sqlalchemy import insert

from service.accounts.actor import PERMISSIONS
from service.api.app import create_app
from service.desk import audit
from service.settings import Settings
from service.store import Key, Store, now

_BATCH = [{"text": text, "submitter": f"来信人{at}"} for at, text in enumerate(LETTERS)]
SECRET = "我叫沈青禾，电话13812345678，桂香里垃圾没人清运已经一周了，臭气熏天"


@pytest.fixture
def clients(store: Store, database: str, tmp_path: Path) -> Iterator[dict[str, TestClient]]:
    from service.accounts.sessions import token_hash

    rows = [
        {"name": role, "prefix": role, "hash": token_hash(f"token-{role}-of-the-tests"), "scopes": sorted(scopes),
         "created_by": "t", "created_at": now()}
        for role, scopes in PERMISSIONS.items()
    ]  # fmt: skip
    with store.writing() as session:
        session.execute(insert(Key), rows)
    app = create_app(Settings(data=tmp_path, database_url=database))
    with TestClient(app) as opened:
        yield {role: _as(opened, f"token-{role}-of-the-tests") for role in PERMISSIONS}


def _as(opened: TestClient, token: str) -> Any:
    class Asking:
        def get(self, path: str, **more: Any) -> Any:
            return opened.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"}, **more)

        def post(self, path: str, told: Any = None, **headers: str) -> Any:
            headers = {name.replace("_", "-"): value for name, value in headers.items()}
            return opened.post(f"/api/v1{path}", json=told, headers={"Authorization": f"Bearer {token}"} | headers)

    return Asking()


def test_the_way_of_a_submission(clients: dict[str, Any], store: Store) -> None:
    officer = clients["officer"]
    sent = officer.post("/submissions/batch", {"submissions": _BATCH})
    assert sent.status_code == 201, sent.text
    numbers = [each["number"] for each in sent.json()["receipts"]]
    page = officer.get("/submissions", params={"most": 5}).json()
    rest = officer.get("/submissions", params={"most": 5, "cursor": page["cursor"]}).json()
    assert sorted(each["number"] for each in page["items"] + rest["items"]) == numbers
    assert rest["cursor"] is None
    assert officer.get("/submissions/counts", params={"by": ["review", "level1"]}).json()["review"] == {"pending": 8}

    one = officer.get(f"/submissions/{numbers[0]}", params={"personal": True}).json()
    assert one["arrival"]["text"] == LIGHTS[0]
    assert {each["number"] for each in one["neighbours"]} >= {numbers[1]}
    done = officer.post(
        f"/submissions/{numbers[0]}/correct", {"version": 1, "priority": "urgent", "reason": "有人摔伤"}
    )
    assert (done.status_code, done.json()["version"], done.json()["priority"]) == (200, 2, "urgent")
    late = officer.post(f"/submissions/{numbers[0]}/accept", {"version": 1})
    assert late.status_code == 409
    assert late.json()["changed"]["reviews"][0]["after"]["priority"] == "urgent"
    assert "更正" in late.json()["detail"]
    back = officer.post(f"/submissions/{numbers[0]}/undo", {"version": 2})
    assert back.status_code == 200, back.text
    assert officer.get(f"/submissions/{numbers[0]}").json()["priority"] == one["priority"]

    hot = officer.get("/hot").json()
    assert [each["rows"] for each in hot] == [4]
    issue = officer.get(f"/issues/{hot[0]['issue']}").json()
    assert issue["count"] == 4
    named = officer.post(f"/issues/{issue['id']}/rename", {"version": issue["version"], "name": "桂香里路灯"})
    assert named.json()["name"] == "桂香里路灯"
    assert officer.post(f"/issues/{issue['id']}/theme", {"version": 1, "theme": "亮灯工程"}).status_code == 409
    themed = officer.post(f"/issues/{issue['id']}/theme", {"version": 2, "theme": "亮灯工程"})
    assert themed.json()["theme"] == 1
    assert officer.get("/statistics/funnel").json()["issues"] == 5
    assert officer.get("/statistics/counts/level1").status_code == 200
    assert officer.get("/statistics/counts/shoes").status_code == 422
    with store.reading() as session:
        assert audit.verify(session)[1] is None


def test_merging_through_the_api(clients: dict[str, Any]) -> None:
    officer = clients["officer"]
    first, other = (officer.post("/submissions", {"text": text}).json()["number"] for text in (LAMP, LID))
    assert officer.post(f"/submissions/{other}/merge", {"version": 1}).status_code == 404
    merged = officer.post(f"/submissions/{other}/merge", {"version": 1, "number": first}).json()
    assert (merged["issue"], merged["link"], merged["version"]) == (f"issue-{first}", "confirmed", 2)
    assert officer.get(f"/issues/issue-{other}").json()["merged_into"] == f"issue-{first}"
    apart = officer.post(f"/submissions/{other}/split", {"version": 2}).json()
    assert (apart["issue"], apart["link"]) == (f"issue-{other}", "rejected")
    whole = officer.get(f"/issues/issue-{other}").json()
    joined = officer.post(f"/issues/issue-{other}/merge", {"version": whole["version"], "into": f"issue-{first}"})
    assert joined.status_code == 200, joined.text
    whole = officer.get(f"/issues/issue-{other}").json()
    assert whole["count"] == 0
    parted = officer.post(f"/issues/issue-{other}/unmerge", {"version": whole["version"]})
    assert parted.status_code == 200, parted.text
    assert officer.get(f"/submissions/{other}").json()["issue"] == f"issue-{other}"


def test_accepting_at_a_glance_and_back(clients: dict[str, Any]) -> None:
    officer = clients["officer"]
    officer.post("/submissions/batch", {"submissions": _BATCH})
    seen = officer.get("/submissions").json()["items"]
    sure = [each for each in seen if not each["needs_review"]]
    assert sure
    items = [{"number": each["number"], "version": each["version"]} for each in seen]
    done = officer.post("/reviews/accept", {"items": [*items, {"number": 99, "version": 1}]}).json()
    assert len(done["reviews"]) == len(sure)
    assert 99 in done["left"]
    assert all(each["glance"] for each in done["reviews"])
    changed = done["reviews"][0]["number"]
    officer.post(f"/submissions/{changed}/junk", {"version": 2})
    back = officer.post(f"/reviews/{done['act']}/undo").json()
    assert back["left"] == [changed]
    states = {each["number"]: each["review"] for each in officer.get("/submissions").json()["items"]}
    assert states.pop(changed) == "junked"
    assert set(states.values()) == {"pending"}


def test_asked_twice(clients: dict[str, Any]) -> None:
    officer, clerk = clients["officer"], clients["clerk"]
    once = officer.post("/submissions", {"text": LAMP}, Idempotency_Key="k1")
    again = officer.post("/submissions", {"text": LAMP}, Idempotency_Key="k1")
    assert (once.status_code, once.json()) == (again.status_code, again.json())
    other = officer.post("/submissions", {"text": LID}, Idempotency_Key="k1")
    assert other.status_code == 422
    assert "Idempotency-Key" in other.json()["detail"]
    assert clerk.post("/submissions", {"text": LID}, Idempotency_Key="k1").json()["number"] == 2
    batch = {"submissions": [{"text": LAMP}, {"text": LAMP}]}
    first = officer.post("/submissions/batch", batch, Idempotency_Key="k2").json()["receipts"]
    second = officer.post("/submissions/batch", batch, Idempotency_Key="k2").json()["receipts"]
    assert [each["number"] for each in first] == [each["number"] for each in second] == [3, 4]
    assert officer.get("/submissions").json()["cursor"] is None


def test_who_sees_what(clients: dict[str, Any]) -> None:
    officer, clerk = clients["officer"], clients["clerk"]
    number = clerk.post("/submissions", {"text": SECRET, "submitter": "沈青禾", "contact": "13812345678"}).json()[
        "number"
    ]
    whole, masked = (each.get(f"/submissions/{number}", params={"personal": True}) for each in (officer, clerk))
    assert "13812345678" in whole.text
    assert whole.json()["arrival"]["submitter"] == "沈青禾"
    for secret in ("13812345678", "沈青禾"):
        assert secret not in masked.text
        assert secret not in clerk.get("/submissions").text
        assert clerk.get("/submissions", params={"text": secret}).json()["items"] == []
    assert [each["number"] for each in officer.get("/submissions", params={"text": "13812345678"}).json()["items"]] == [
        number
    ]
    assert len(clerk.get("/submissions", params={"text": "垃圾"}).json()["items"]) == 1
    assert clients["member"].get("/submissions").status_code == 403
    assert clerk.post(f"/submissions/{number}/accept", {"version": 1}).status_code == 403


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/submissions", {"cursor": "x"}),
        ("/submissions", {"cursor": "WzEsMiwzLDRd"}),
        ("/submissions", {"most": 0}),
        ("/submissions", {"priority": "now"}),
        ("/submissions", {"text": "a\x00b"}),
        ("/submissions", {"shoes": "1"}),
        ("/submissions/counts", {"by": "text"}),
        ("/issues/a%00b", {}),
    ],
)
def test_what_is_wrong_is_told(clients: dict[str, Any], path: str, params: dict[str, Any]) -> None:
    answer = clients["officer"].get(path, params=params)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_not_there_is_told(clients: dict[str, Any]) -> None:
    officer = clients["officer"]
    for path in ("/submissions/7", "/issues/issue-7"):
        assert officer.get(path).status_code == 404
    for path in ("/submissions/7/accept", "/issues/issue-7/rename"):
        assert (
            officer.post(path, {"version": 1, "name": "甲"} if "issues" in path else {"version": 1}).status_code == 404
        )
    assert officer.post("/reviews/nothing/undo").status_code == 404
