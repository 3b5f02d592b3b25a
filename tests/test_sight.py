"""What is restricted or personal reaches nobody who may not see it, by whatever way they ask; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from letters import submissions
from office import ME, OFFICER
from sqlalchemy import select, update
from web import LAMP, PERSONAL, Web, running

from pipeline.triage import Triage
from service.accounts.actor import PERMISSIONS, Actor
from service.desk import feed, heat, issues, review
from service.desk.dossier import dossier
from service.desk.errors import NotFoundError, RuleError
from service.desk.intake import Arrival, Intake
from service.desk.queue import Queue
from service.desk.review import Seen
from service.store import AuditEntry, Change, Issue, Review, Standing, Store

CLERK = Actor("user", "zhao", PERMISSIONS["clerk"], "clerk", id=3)


@pytest.fixture
def intake(store: Store, triage: Triage) -> Intake:
    made = Intake(store, triage)
    made.receive([Arrival(each) for each in submissions()], OFFICER)
    return made


@pytest.fixture
def web(tmp_path: Path, database: str) -> Iterator[Web]:
    with running(tmp_path, database, rate_intake=10**6) as opened:
        yield opened


def restrict(store: Store, *numbers: int) -> None:
    with store.writing() as session:
        session.execute(update(Standing).where(Standing.number.in_(numbers)).values(restricted=True))


def whole(store: Store, triage: Triage, actor: Actor, name: str) -> Any:
    with store.reading() as session:
        return heat.whole(session, actor, Queue(triage.router.places, triage.segmenter), name)


def test_the_name_of_an_issue_tells_nothing_of_a_hidden_text(store: Store, intake: Intake, triage: Triage) -> None:
    restrict(store, 1)
    with store.writing() as session:
        own = session.get_one(Issue, "issue-1")
        issues.rename(session, OFFICER, "issue-1", own.version, "只到办公室的名称")
    assert whole(store, triage, OFFICER, "issue-1").issue.name == "只到办公室的名称"
    seen = whole(store, triage, CLERK, "issue-1")
    with store.reading() as session:
        assert seen.issue.name == session.get_one(Standing, 2).title == seen.heat.title
        assert "只到办公室" not in {each.title for each in heat.Hottest().issues(session, CLERK)}
        assert dossier(session, CLERK, 2, []).issue.name == seen.issue.name
    restrict(store, 2, 3, 4)
    with pytest.raises(NotFoundError):
        whole(store, triage, CLERK, "issue-1")


def test_the_feed_tells_of_a_hidden_issue_to_nobody(store: Store, intake: Intake) -> None:
    restrict(store, 1)
    with store.writing() as session:
        own = session.get_one(Issue, "issue-1")
        issues.rename(session, OFFICER, "issue-1", own.version, "新名称")
        told = session.scalars(select(Change).where(Change.kind == "issue.rename")).one()
        assert (told.number, "name" in told.content) == (1, False)
        assert not feed.since(session, 0, 100, restricted=False, kinds=["issue.rename"])
        with pytest.raises(RuleError):
            issues.rename(session, OFFICER, "issue-1", own.version, "长" * 201)


def test_who_sends_learns_no_more_than_they_may_read(web: Web) -> None:
    hidden = web.submission(restricted=True)
    clerk, sent = web.signed_in("clerk"), {"text": LAMP, "contact": "13800000000"}
    told = clerk.post("/api/v1/submissions", json=sent).json()
    assert told["decision"]["duplicate"]["of"] is None
    assert not told["decision"]["duplicate"]["shared"]
    read = clerk.get(f"/api/v1/submissions/{told['number']}").json()
    assert read["judged"]["duplicate"]["of"] is None
    officer = web.signed_in("officer").post("/api/v1/submissions", json=sent).json()
    assert officer["decision"]["duplicate"]["of"] == str(hidden)
    personal = clerk.post("/api/v1/submissions", json={"text": PERSONAL}).json()
    assert "沈一" not in str(personal["decision"])
    told = web.key("submit").post("/api/v1/submissions", json={"text": LAMP}).json()
    assert told["number"]
    assert told["decision"] is None


def test_a_member_reads_what_is_in_their_hands_the_open_ones_first(web: Web) -> None:
    client = web.signed_in("member")
    rows = [web.assignment("m1") for _ in range(5)]
    acts: list[tuple[int, str, dict[str, str]]] = [
        (0, "answer", {"text": "已修好。"}),
        (1, "hand_back", {"reason": "属地不符"}),
    ]
    for at, name, said in acts:
        answer = client.post(f"/api/v1/assignments/{rows[at].id}/{name}", json={"version": 1} | said)
        assert answer.status_code == 200, answer.text
    with web.store.writing() as session:
        review.junk(session, ME, Seen(rows[2].number, 2))
    states = ["sent", "answered", "handed_back"]
    asked = {"state": states, "open_first": True}
    found = [each["id"] for each in client.get("/api/v1/mine", params=asked).json()]
    assert found == [rows[3].id, rows[4].id, rows[0].id]
    rest = client.get("/api/v1/mine", params=asked | {"skip": 2}).json()
    assert [each["id"] for each in rest] == [rows[0].id]
    late = client.post(f"/api/v1/assignments/{rows[2].id}/answer", json={"version": 1, "text": "好"})
    assert late.status_code == 404, "an officer called it no submission meanwhile"


def test_a_key_acts_on_nothing_that_it_may_not_know_of(web: Web) -> None:
    hidden, plain = web.submission("县教育局局长收受贿赂，请查处。", restricted=True), web.submission()
    narrow = web.key("review", "assign", "read")
    name = web.read(lambda session: session.get_one(Standing, hidden).issue)
    into = web.read(lambda session: session.get_one(Standing, plain).issue)
    asked: list[tuple[str, dict[str, object]]] = [
        (f"issues/{name}/rename", {"version": 1, "name": "新名称"}),
        (f"issues/{name}/theme", {"version": 1, "theme": "主题"}),
        (f"issues/{name}/merge", {"version": 1, "into": into}),
        (f"issues/{into}/merge", {"version": 1, "into": name}),
        (f"submissions/{plain}/merge", {"version": 1, "into": name}),
        (f"submissions/{hidden}/assignments", {"version": 2, "members": [{"id": "m1"}]}),
        (f"submissions/{hidden}/close", {"version": 2}),
        (f"submissions/{hidden}/accept", {"version": 2}),
    ]
    for path, body in asked:
        answer = narrow.post(f"/api/v1/{path}", json=body)
        assert answer.status_code == 404, (path, answer.text)
    with web.store.writing() as session:
        review.accept(session, ME, Seen(hidden, 2))
        act = session.scalars(select(Review.act).where(Review.number == hidden)).one()
    assert narrow.post(f"/api/v1/reviews/{act}/undo").status_code == 404
    personal = web.submission(PERSONAL)
    told = narrow.post(f"/api/v1/submissions/{personal}/accept", json={"version": 1})
    assert told.status_code == 200
    assert "沈一" not in told.text
    assert web.key("assign").get("/api/v1/assignments").json() == []


def test_who_reads_personal_data_is_written_down(web: Web) -> None:
    officer, number = web.signed_in("officer"), web.submission()
    looked = select(AuditEntry).where(AuditEntry.action == "submission.personal")
    assert "submitter" not in officer.get(f"/api/v1/submissions/{number}").json()["arrival"]
    assert web.read(lambda session: session.scalar(looked)) is None
    told = officer.get(f"/api/v1/submissions/{number}", params={"personal": True}).json()
    assert told["arrival"]["submitter"] == "沈一"
    assert web.read(lambda session: session.scalar(looked)).what == f"submission:{number}"
