"""Who may do what on the pages of assignments, accounts, views and sites: asked as every role, without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from office import ME
from sqlalchemy import select
from web import ROLES, Web, everybody, running

from service.accounts import keys
from service.desk import assign
from service.desk.errors import NotFoundError
from service.store import Answer, SavedView, Standing

OFFICER, TYPED = "303 403 403 403 403 403 303", "303 403 403 403 403 403 401"
"""Who signed in and may not is refused; a key has the API; nobody is led to the sign-in, or shown what they typed."""
CASES = {
    "GET /submissions/{submission}/assign": "200 403 403 403 403 403 303",
    "POST /submissions/{submission}/assign member=m1": TYPED,
    "POST /assignments/{own}/reassign version=1 member=m2": TYPED,
    "POST /assignments/{own}/withdraw version=1": OFFICER,
    "POST /assignments/{own}/1/take-back": OFFICER,
    "POST /assignments/{answered}/reopen version=2 note=再办": TYPED,
    "POST /submissions/{answered_submission}/close version=3": OFFICER,
    "POST /submissions/{answered_submission}/answers/{answer} version=3 public=yes": TYPED,
    "GET /password": "200 200 200 200 200 403 303",
    "POST /jobs/{job}/retry": "404 404 403 303 303 403 303",
    "GET /say/{site}/poster": "200 200 200 200 200 403 303",
}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("office")
    with running(
        folder, f"sqlite:///{folder / 'minyi.db'}", rate_intake=10**6, public_url="https://example.org/m/"
    ) as w:
        w.clients |= everybody(w)
        yield w


def asked(web: Web, role: str, told: str) -> Any:
    """Ask what a case says, with new things in it."""
    method, path, *sent = told.split()
    assignment = web.answered()
    things = {
        "submission": web.submission(), "own": web.assignment("m1").id, "answered": assignment.id,
        "answered_submission": assignment.number, "job": web.job(ME, "failed"),
        "answer": web.read(lambda s: s.scalar(select(Answer.id).where(Answer.assignment == assignment.id))),
        "site": keys.add(web.store, ME, keys.Wish("桥头", ("submit",), "桥头议事室"))[0].prefix,
    }  # fmt: skip
    client = web.clients[role]
    data = dict(each.split("=") for each in sent)
    data.setdefault("version", "1")
    if "csrf" not in data:
        data["csrf"] = client.headers.get("X-CSRF-Token", "")
    return client.request(
        method, path.format(**things), data=data if method == "POST" else None, follow_redirects=False
    )


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("told", CASES)
def test_each_role_gets_the_pages_that_are_theirs(web: Web, told: str, role: str) -> None:
    answer = asked(web, role, told)
    assert answer.status_code == int(CASES[told].split()[ROLES.index(role)]), answer.text
    if role == "anonymous" and answer.status_code == 303:
        assert answer.headers["location"].startswith("/login")


def test_what_may_not_be_given_is_told_before(web: Web) -> None:
    number = web.submission(restricted=True)
    answer = web.clients["officer"].get(f"/submissions/{number}/assign")
    assert answer.status_code == 422
    assert "不能交办委员" in answer.text


def test_a_code_holds_the_public_address(web: Web) -> None:
    prefix = keys.add(web.store, ME, keys.Wish("桥头", ("submit",), "桥头议事室"))[0].prefix
    assert f"https://example.org/m/say/{prefix}" in web.clients["officer"].get(f"/say/{prefix}/poster").text


def test_a_view_of_somebody_else_is_not_there(web: Web) -> None:
    other = web.user().id
    with web.store.writing() as session:
        view = SavedView(user=other, name="别人的", query={"query": ""})
        session.add(view)
        session.flush()
        which = view.id
    client = web.clients["officer"]
    assert client.post(f"/views/{which}/delete", data={"csrf": client.headers["X-CSRF-Token"]}).status_code == 404


def test_an_answer_is_published_once_and_of_its_own_submission_only(web: Web) -> None:
    row = web.answered()
    with web.store.writing() as session:
        answer = session.scalar(select(Answer).where(Answer.assignment == row.id))
        assert answer
        version = session.get_one(Standing, row.number).version
        assert assign.publish(session, ME, row.number, version, answer.id, public=True).public
        after = session.get_one(Standing, row.number).version
        assign.publish(session, ME, row.number, after, answer.id, public=True)
        assert session.get_one(Standing, row.number).version == after == version + 1
        other = web.answered
    number = other().number
    with web.store.writing() as session, pytest.raises(NotFoundError):
        assign.publish(session, ME, number, session.get_one(Standing, number).version, answer.id, public=True)


def test_only_an_assignment_of_the_text_goes_to_somebody_else(web: Web) -> None:
    row, other = web.assignment("m1"), web.submission()
    assert web.clients["officer"].get(f"/submissions/{row.number}/assign?instead={row.id}").status_code == 200
    told = web.clients["officer"].get(f"/submissions/{other}/assign?instead={row.id}")
    assert told.status_code == 404
    assert f"第 {row.id} 号交办不是第 {other} 号来件的" in told.text
