"""What people read where something went wrong: in their words, with what they typed and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from web import Web, running


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with running(tmp_path, f"sqlite:///{tmp_path}/minyi.db") as found:
        yield found


def test_what_nobody_foresaw_is_a_page_with_a_number_and_the_way_back(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("沈一 13800000000")

    number, officer = web.submission(), web.signed_in("officer")
    monkeypatch.setattr("service.desk.review.accept", broken)
    typed = {"version": "1", "reason": "写了一半的理由"}
    back = {"Referer": f"http://testserver/submissions/{number}"}
    answer = officer.post(f"/submissions/{number}/accept", data=typed, headers=back)
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in answer.text
    for told in ("系统出错了", "写了一半的理由", f'href="/submissions/{number}"', "待研判"):
        assert told in answer.text
    assert "沈一" not in answer.text
    assert answer.headers["content-security-policy"]
