"""Assignments: their life by the table of acts, on both databases; whatever the order, the three axes fit together."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from office import LAMPS, ME, OFFICER, furnish, member
from sqlalchemy import func, select

from pipeline.records import Submission
from pipeline.triage import Triage
from service.accounts.actor import PERMISSIONS, Actor
from service.desk import assign, atwork, audit, mine
from service.desk.errors import ConflictError, ForbiddenError, NotFoundError, RuleError
from service.desk.intake import Arrival, Intake
from service.desk.life import ACTS, REASONS, UNDER_WAY, Said, delivery_of
from service.settings import Settings
from service.store import Answer, Assignment, AuditEntry, Change, Review, Standing, Store

OTHER = Actor("user", "analyst", PERMISSIONS["analyst"], "analyst")
SAID = {
    "accept": Said(),
    "hand_back": Said(reason="属地不符", note="在邻县"),
    "answer": Said(text="已派人修好。"),
    "withdraw": Said(),
    "reopen": Said(note="回访说还没修好"),
}


@pytest.fixture
def number(store: Store) -> int:
    """One submission in an office with members."""
    furnish(store)
    text = f"{LAMPS}我叫沈一，电话13800000000。"
    [receipt] = Intake(store, atwork.load(store, Settings())).receive([Arrival(Submission("", text))], ME)
    return receipt.number


def standing(store: Store, number: int) -> Standing:
    with store.reading() as session:
        return session.get_one(Standing, number)


def send(store: Store, number: int, *members: str) -> list[Assignment]:
    version = standing(store, number).version
    with store.writing() as session:
        return assign.assign(session, OFFICER, number, version, [(each, "lead") for each in members])


def do(store: Store, which: int, name: str, actor: Actor, said: Said | None = None) -> Assignment:
    with store.writing() as session:
        row = session.get_one(Assignment, which)
        return assign.act(session, actor, which, name, row.version, said or SAID[name])


def test_the_proposed_members_get_it(store: Store, number: int) -> None:
    sent = send(store, number)
    assert sent[0].role == "lead"
    assert {each.state for each in sent} == {"sent"}
    after = standing(store, number)
    assert (after.delivery, after.version, after.review, after.link) == ("sent", 2, "pending", "none")
    assert sent[0].due == after.due


def test_the_whole_way(store: Store, number: int) -> None:
    [first] = send(store, number, "m1")
    do(store, first.id, "accept", member("m1"))
    do(store, first.id, "hand_back", member("m1"))
    assert standing(store, number).delivery == "handed_back"
    with store.writing() as session:
        second = assign.reassign(session, OFFICER, first.id, 3, "m2", note="请您看看")
    assert standing(store, number).delivery == "sent"
    do(store, second.id, "answer", member("m2"))
    do(store, second.id, "answer", member("m2"), Said(text="补充：整条街都查了。"))
    with store.writing() as session:
        assign.close(session, OFFICER, number, standing(store, number).version)
    assert standing(store, number).delivery == "closed"
    do(store, second.id, "reopen", OFFICER)
    assert standing(store, number).delivery == "accepted"
    with store.reading() as session:
        assert session.get_one(Assignment, first.id).reason == "属地不符"
        assert [each.text for each in mine.answers(session, [number])] == ["已派人修好。", "补充：整条街都查了。"]
        actions = session.scalars(select(Review.action).order_by(Review.id)).all()
        assert actions == ["assign", "take", "hand_back", "reassign", "answer", "answer", "close", "return"]
        told = session.scalars(select(Change.kind).where(Change.kind.like("assignment.%")).order_by(Change.seq)).all()
        assert told == [f"assignment.{action}" for action in actions]
        assert audit.verify(session)[1] is None
        assert "修好" not in "".join(session.scalars(select(AuditEntry.after)))


@pytest.mark.parametrize(("state", "name"), list(itertools.product([*UNDER_WAY, "handed_back", "closed"], ACTS)))
def test_each_act_in_each_state(triage: Triage, tmp_path: object, state: str, name: str) -> None:
    from service.store import upgrade

    store = Store.open(f"sqlite:///{tmp_path}/minyi.db")
    upgrade(store)
    furnish(store)
    [receipt] = Intake(store, triage).receive([Arrival(Submission("", LAMPS))], ME)
    [row] = send(store, receipt.number, "m1")
    with store.writing() as session:
        session.get_one(Assignment, row.id).state = state
    actor = OFFICER if ACTS[name].by == "officer" else member("m1")
    if state in ACTS[name].states:
        assert do(store, row.id, name, actor).state == ACTS[name].to
    else:
        with pytest.raises(ConflictError):
            do(store, row.id, name, actor)
    store.close()


def test_who_may_not(store: Store, number: int) -> None:
    [row] = send(store, number, "m1")
    for actor in (member("m2"), OTHER):
        with pytest.raises(NotFoundError):
            do(store, row.id, "accept", actor)
    with pytest.raises(ForbiddenError):
        do(store, row.id, "withdraw", member("m1"))
    assert standing(store, number).delivery == "sent"


@pytest.mark.parametrize(
    ("name", "said", "field"),
    [
        ("hand_back", Said(), "reason"),
        ("hand_back", Said(reason="太忙"), "reason"),
        ("answer", Said(text=" \n"), "text"),
        ("answer", Said(text="长" * 20_001), "text"),
    ],
)
def test_what_must_be_said(store: Store, number: int, name: str, said: Said, field: str) -> None:
    [row] = send(store, number, "m1")
    with pytest.raises(RuleError) as told:
        do(store, row.id, name, member("m1"), said)
    assert told.value.field == field


@pytest.mark.parametrize("chosen", [["m9"], ["m1", "m1"], ["m2", "nobody"]])
def test_who_cannot_get_it(store: Store, number: int, chosen: list[str]) -> None:
    with pytest.raises(RuleError):
        send(store, number, *chosen)
    assert standing(store, number).delivery == "none"
    send(store, number, "m1")
    with pytest.raises(RuleError, match="已经接到"):
        send(store, number, "m1")


def test_restricted_matters_stay_at_the_desk(store: Store, number: int) -> None:
    [row] = send(store, number, "m1")
    with store.writing() as session:
        session.get_one(Standing, number).restricted = True
    with pytest.raises(ForbiddenError):
        send(store, number, "m2")
    with store.reading() as session:
        assert mine.of_member(session, "m1") == []
    with pytest.raises(NotFoundError):
        do(store, row.id, "accept", member("m1"))


def test_two_at_once(store: Store, number: int) -> None:
    [row] = send(store, number, "m1")
    with pytest.raises(ConflictError) as told, store.writing() as session:
        assign.assign(session, OFFICER, number, 1, [("m2", "lead")])
    assert told.value.changed["version"] == 2
    do(store, row.id, "accept", member("m1"))
    with pytest.raises(ConflictError) as told, store.writing() as session:
        assign.act(session, OFFICER, row.id, "withdraw", 1)
    assert told.value.changed["state"] == "accepted"


def test_their_own_list_is_masked(store: Store, number: int) -> None:
    send(store, number, "m1")
    with store.reading() as session:
        [(row, shown)] = mine.of_member(session, "m1")
        assert mine.of_member(session, "m2") == []
    assert "13800000000" not in str(shown)
    assert "submitter" not in shown
    assert shown["id"] == str(row.number)


def test_what_is_overdue(store: Store, number: int) -> None:
    version = standing(store, number).version
    with store.writing() as session:
        [late] = assign.assign(session, OFFICER, number, version, [("m1", "lead")])
        late.due = "2020-01-02"
    send(store, number, "m2")
    with store.reading() as session:
        assert [each.id for each in mine.listed(session, OFFICER, overdue=True)] == [late.id]
        assert len(mine.listed(session, OFFICER, number=number)) == 2
    with pytest.raises(RuleError, match="不是日期"), store.writing() as session:
        assign.assign(session, OFFICER, number, version + 2, [("m3", "lead")], "明天")


class Life(RuleBasedStateMachine):
    """Acts in any order: what is refused changes nothing, and the delivery always follows from the assignments."""

    store: Store
    number: int
    rows = Bundle("rows")

    @rule(target=rows, who=st.sampled_from(["m1", "m2", "m3"]))
    def sends(self, who: str) -> int:
        try:
            return send(self.store, self.number, who)[0].id
        except RuleError:
            return 0

    @rule(which=rows, name=st.sampled_from(sorted(ACTS)), reason=st.sampled_from([*REASONS, ""]))
    def acts(self, which: int, name: str, reason: str) -> None:
        if which:
            said = Said(reason=reason) if name == "hand_back" else SAID[name]
            with contextlib.suppress(ConflictError, RuleError):
                do(self.store, which, name, OFFICER, said)

    @rule(target=rows, which=rows, who=st.sampled_from(["m1", "m2", "m3"]))
    def reassigns(self, which: int, who: str) -> int:
        if not which:
            return 0
        try:
            with self.store.writing() as session:
                row = session.get_one(Assignment, which)
                return assign.reassign(session, OFFICER, which, row.version, who).id
        except (ConflictError, RuleError):
            return 0

    @rule()
    def closes(self) -> None:
        version = standing(self.store, self.number).version
        try:
            with self.store.writing() as session:
                assign.close(session, OFFICER, self.number, version)
        except RuleError:
            pass

    @invariant()
    def fits(self) -> None:
        with self.store.reading() as session:
            rows = assign.of_submission(session, self.number)
            now = session.get_one(Standing, self.number)
            assert now.delivery == delivery_of(each.state for each in rows)
            under_way = [each.member for each in rows if each.state in UNDER_WAY]
            assert len(under_way) == len(set(under_way))
            reviews = session.scalar(select(func.count()).select_from(Review).where(Review.number == self.number)) or 0
            assert now.version == 1 + reviews
            answered = session.scalar(select(func.count()).select_from(Answer).where(Answer.number == self.number))
            assert bool(answered) >= any(each.state in ("answered", "closed") for each in rows)


@pytest.fixture
def receive(store: Store, triage: Triage) -> Intake:
    furnish(store)
    return Intake(store, triage)


def test_any_order_of_acts(store: Store, receive: Intake) -> None:
    class Each(Life):
        def __init__(self) -> None:
            super().__init__()
            self.store = store
            [receipt] = receive.receive([Arrival(Submission("", LAMPS))], ME)
            self.number = receipt.number

    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    told = settings(max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=checks)
    run_state_machine_as_test(Each, settings=told)
    with store.reading() as session:
        assert audit.verify(session)[1] is None
