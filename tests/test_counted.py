"""What is counted in one question or told anew only where it changed comes to what asking one by one comes to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from letters import submissions
from office import OFFICER

from pipeline.triage import Triage
from service.accounts.actor import PERMISSIONS, Actor
from service.desk import acts, review
from service.desk.heat import Hottest
from service.desk.intake import Arrival, Intake
from service.desk.queue import Filters, Queue
from service.desk.review import Seen
from service.store import Standing, Store

CLERK = Actor("user", "li", PERMISSIONS["clerk"], "clerk", id=3)
SOURCES = ("网站", "热线", None)
FILTERS = (
    Filters(), Filters(review=("pending",), status=("triaged",)), Filters(priority=("normal", "urgent")),
    Filters(source=("热线",)), Filters(source=("热线",), priority=("high",)), Filters(text="路灯"),
)  # fmt: skip


@pytest.fixture
def intake(store: Store, triage: Triage) -> Intake:
    made = Intake(store, triage)
    told = enumerate(submissions())
    made.receive([Arrival(replace(each, source=SOURCES[at % 3])) for at, each in told], OFFICER)
    return made


@pytest.mark.parametrize("actor", [OFFICER, CLERK])
def test_an_overview_is_the_counts_of_its_facets(store: Store, intake: Intake, triage: Triage, actor: Actor) -> None:
    queue = Queue(triage.router.places, triage.segmenter)
    sure = [Standing.review == "pending", Standing.needs_review.is_(False)]
    with store.reading() as session:
        for filters in FILTERS:
            told = queue.overview(session, actor, filters, sure)
            assert told.levels == queue.counts(session, actor, filters, "priority")
            assert told.sources == list(queue.counts(session, actor, filters, "source"))
            both = replace(filters, review=("pending",), needs_review=False)
            assert told.sure == sum(queue.counts(session, actor, both, "restricted").values())


def test_hot_issues_follow_every_change(store: Store, intake: Intake) -> None:
    kept = Hottest()

    def told() -> list[object]:
        with store.reading() as session:
            found = kept.issues(session, OFFICER, days=300)
            assert found == Hottest().issues(session, OFFICER, days=300)
        return list(found)

    before = told()
    with store.writing() as session:
        acts.standing(session, OFFICER, 1)
        review.junk(session, OFFICER, Seen(1, session.get_one(Standing, 1).version), "不是来件")
    junked = told()
    intake.receive([Arrival(replace(each, id="")) for each in submissions()], OFFICER)
    more = told()
    assert before != more
    assert junked != more
