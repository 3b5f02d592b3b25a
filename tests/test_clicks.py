"""What a click does, told by the service without a browser: each case is what somebody met at work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from web import Web, everybody, running

from service.desk import mine
from service.store import Assignment, Standing


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("office")
    with running(folder, f"sqlite:///{folder / 'minyi.db'}", rate_intake=10**6) as opened:
        opened.clients |= everybody(opened)
        yield opened


def press(web: Web, path: str, role: str = "officer", **fields: Any) -> Any:
    """Send a form as somebody; return the page that follows."""
    client = web.clients[role]
    return client.post(path, data={"csrf": client.headers.get("X-CSRF-Token", ""), **fields})


def standing(web: Web, number: int) -> Standing:
    found: Standing = web.read(lambda s: s.get_one(Standing, number))
    return found


@pytest.mark.parametrize("act", ["junk", "correct"])
def test_what_members_may_no_longer_see_is_withdrawn(web: Web, act: str) -> None:
    row = web.assignment("m1")
    path = f"/submissions/{row.number}"
    now = standing(web, row.number)
    fields = {"priority": now.priority, "intent": now.intent, "place": now.place} if act == "correct" else {}
    answer = press(web, f"{path}/{act}", version=now.version, topic="纪检监察/", **fields)
    assert answer.url.path == path
    assert "已交办的委员看不到它了" in answer.text
    assert f"/assignments/{row.id}/withdraw" in answer.text
    assert "改派" not in answer.text
    assert web.read(lambda s: mine.of_member(s, "m1", after=row.id - 1)) == []
    assert "已从甲一撤回" in press(web, f"/assignments/{row.id}/withdraw", version=row.version).text
    assert standing(web, row.number).delivery == "none"
    assert web.read(lambda s: s.get_one(Assignment, row.id)).state == "withdrawn"
