"""What is restricted or personal reaches nobody who may not see it, by whatever way they ask; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from letters import submissions
from office import OFFICER
from sqlalchemy import select, update
from web import LAMP, PERSONAL, Web, running

from pipeline.triage import Triage
from service.accounts.actor import PERMISSIONS, Actor
from service.desk import feed, heat, issues
from service.desk.dossier import dossier
from service.desk.errors import NotFoundError, RuleError
from service.desk.intake import Arrival, Intake
from service.desk.queue import Queue
from service.store import Change, Issue, Standing, Store

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
        assert "只到办公室" not in {each.title for each in heat.hot(session, CLERK)}
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
