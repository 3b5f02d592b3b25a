"""Review on both databases: any sequence of acts keeps the rules, undoing restores, one of two officers wins."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from letters import LETTERS, LIGHTS, submissions
from office import OFFICER
from sqlalchemy import func, select, text

from pipeline.match import Near
from pipeline.records import Submission
from pipeline.triage import Triage
from service.accounts.actor import PERMISSIONS, Actor
from service.desk import acts, audit, issues, review
from service.desk.dossier import dossier
from service.desk.errors import ConflictError, NotFoundError, RuleError
from service.desk.intake import Arrival, Intake
from service.desk.queue import Filters, Queue
from service.desk.rejudge import rejudge
from service.desk.review import Seen
from service.desk.statistics import Statistics
from service.neighbours import texts
from service.store import DecisionRow, Issue, Review, RulingRow, Standing, Store

OTHER = Actor("user", "wang", PERMISSIONS["officer"], "officer", id=2)
PLAIN = {
    "accept": review.accept, "junk": review.junk, "reopen": review.reopen, "split": issues.split,
    "confirm_link": issues.confirm_link, "reject_link": issues.reject_link,
}  # fmt: skip
CHANGES: list[dict[str, Any]] = [
    {"priority": "urgent"},
    {"level1": "交通运输", "level2": "客货运输"},
    {"intent": "suggestion", "due": "2026-12-01"},
    {"place": "柳川县"},
    {"level2": None, "sector": "经济"},
]


@pytest.fixture
def intake(store: Store, triage: Triage) -> Intake:
    made = Intake(store, triage)
    made.receive([Arrival(each) for each in submissions()], OFFICER)
    return made


def snapshot(store: Store) -> dict[int, dict[str, Any]]:
    """Return all standings, without what must change."""
    with store.reading() as session:
        rows = session.execute(select(Standing.__table__)).mappings().all()
    return {row["number"]: {k: v for k, v in row.items() if k not in ("version", "changed_at")} for row in rows}


class Office(RuleBasedStateMachine):
    """Two officers who do anything with eight letters."""

    def __init__(self, store: Store, intake: Intake) -> None:
        super().__init__()
        self.store, self.intake = store, intake
        self.reviews = self._count(Review)
        self.versions = dict.fromkeys(range(1, 9), 0) | self._versions()

    def _count(self, table: type) -> int:
        with self.store.reading() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def _versions(self) -> dict[int, int]:
        with self.store.reading() as session:
            return dict(session.execute(select(Standing.number, Standing.version)).all())

    def _act(self, function: Any, number: int, *rest: Any) -> None:
        """Do an act, then take it back, then do it again: in between all is as it was."""
        before = snapshot(self.store)
        with contextlib.suppress(RuleError), self.store.writing() as session:
            function(session, OFFICER, Seen(number, self.versions[number]), *rest)
        after = snapshot(self.store)
        if after != before:
            versions = self._versions()
            assert {versions[n] - self.versions[n] for n in versions} <= {0, 1}
            with self.store.writing() as session:
                acts.undo(session, OTHER, number, versions[number])
            assert snapshot(self.store) == before
            self.versions = self._versions()
            with self.store.writing() as session:
                function(session, OFFICER, Seen(number, self.versions[number]), *rest)

    @rule(name=st.sampled_from(sorted(PLAIN)), number=st.integers(1, 8))
    def plain(self, name: str, number: int) -> None:
        self._act(PLAIN[name], number)

    @rule(number=st.integers(1, 8), changes=st.sampled_from(CHANGES))
    def correct(self, number: int, changes: dict[str, Any]) -> None:
        self._act(review.correct, number, changes, self.intake.triage.router)

    @rule(number=st.integers(1, 8), other=st.integers(1, 8))
    def merge(self, number: int, other: int) -> None:
        with self.store.reading() as session:
            into = session.get_one(Standing, other).issue
        self._act(issues.merge, number, into)

    @rule(number=st.integers(1, 8), other=st.integers(1, 8))
    def merge_issues(self, number: int, other: int) -> None:
        with self.store.reading() as session:
            one, two = session.get_one(Standing, number).issue, session.get_one(Standing, other).issue
            version = session.get_one(Issue, one).version
        with contextlib.suppress(RuleError), self.store.writing() as session:
            issues.merge_issues(session, OFFICER, one, version, two)

    @rule(number=st.integers(1, 8))
    def undo(self, number: int) -> None:
        with contextlib.suppress(RuleError, ConflictError), self.store.writing() as session:
            acts.undo(session, OFFICER, number, self.versions[number])

    @invariant()
    def rules_hold(self) -> None:
        with self.store.reading() as session:
            standings = {each.number: each for each in session.scalars(select(Standing))}
            assert len(standings) == len(LETTERS)
            for number, own in standings.items():
                made = session.scalar(select(func.count()).where(Review.number == number))
                assert own.version == 1 + (made or 0), "a version grows by one with each review"
                assert own.kind == "unique" or own.repeats
            home = dict(session.execute(select(texts.c.id, texts.c.issue)).all())
            assert home == {str(number): own.issue for number, own in standings.items()}
            held = {own.issue for own in standings.values()}
            for issue in session.scalars(select(Issue)):
                assert (issue.merged_into is None) == (issue.id in held)
            pairs = session.execute(select(RulingRow.one, RulingRow.other)).all()
            assert len(set(pairs)) == len(pairs)
            assert audit.verify(session)[1] is None
        count = self._count(Review)
        assert count >= self.reviews, "reviews are only ever added"
        self.reviews, self.versions = count, self._versions()


def test_any_sequence_of_acts_keeps_the_rules(store: Store, intake: Intake) -> None:
    run_state_machine_as_test(
        lambda: Office(store, intake),
        settings=settings(
            max_examples=8, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_one_of_two_officers_wins(store: Store, intake: Intake) -> None:
    told: list[str] = []
    ready = threading.Barrier(2)

    def act(actor: Actor, name: str) -> None:
        ready.wait()
        try:
            with store.writing() as session:
                PLAIN[name](session, actor, Seen(1, version))
            told.append("done")
        except ConflictError as error:
            told.append(f"late: {error.changed['version'] - version} {error.changed['reviews'][0]['actor'][:5]}")

    for round_ in range(5):
        with store.reading() as session:
            version = session.get_one(Standing, 1).version
        names = ("accept", "junk") if round_ % 2 == 0 else ("reopen", "reopen")
        both = [threading.Thread(target=act, args=each) for each in zip((OFFICER, OTHER), names, strict=True)]
        for each in both:
            each.start()
        for each in both:
            each.join()
    assert sorted(told) == ["done"] * 5 + ["late: 1 user:"] * 5


def test_an_old_undo_takes_nobody_elses_act_back(store: Store, intake: Intake) -> None:
    with store.writing() as session:
        review.accept(session, OFFICER, Seen(1, 1))
        old = session.scalars(select(Review.act).where(Review.number == 1)).one()
        review.reopen(session, OTHER, Seen(1, 2))
        review.accept(session, OTHER, Seen(1, 3))
    with pytest.raises(ConflictError), store.writing() as session:
        acts.undo_act(session, OFFICER, old)
    with store.writing() as session:
        review.accept(session, OFFICER, Seen(6, 1))
        [fresh] = session.scalars(select(Review.act).where(Review.number == 6))
        issues.merge(session, OTHER, Seen(6, 2), "issue-8")
        assert len(acts.undo_act(session, OFFICER, fresh)[0]) == 1, "where it belongs is another matter"
        assert (session.get_one(Standing, 6).review, session.get_one(Standing, 6).issue) == ("pending", "issue-8")


def test_later_arrivals_join_where_officers_put_the_matter(store: Store, intake: Intake) -> None:
    with store.writing() as session:
        version = session.get_one(Issue, "issue-1").version
        issues.merge_issues(session, OFFICER, "issue-1", version, "issue-5")
    [late] = intake.receive([Arrival(Submission("", LIGHTS[1] + "请重视。", submitter="后来人"))], OFFICER)
    with store.reading() as session:
        assert session.get_one(Standing, late.number).issue == "issue-5"
    with store.writing() as session:
        issues.unmerge(session, OFFICER, "issue-1", session.get_one(Issue, "issue-1").version)
        assert session.get_one(Standing, 1).issue == "issue-1"
        assert session.get_one(Standing, late.number).issue == "issue-5", "it was not in the issue that was merged"


def test_the_first_text_is_split_off(store: Store, intake: Intake) -> None:
    with store.writing() as session:
        own = issues.split(session, OFFICER, Seen(1, 1))
        assert own.issue == "issue-1-2"
        assert session.scalars(select(Standing.number).where(Standing.issue == "issue-1")).all() == [2, 3, 4]
        ruled = session.execute(select(RulingRow.one, RulingRow.other, RulingRow.together)).all()
        assert ruled == [(1, 2, False)]
    [late] = intake.receive([Arrival(Submission("", LIGHTS[2].replace("孩子", "小孙子"), submitter="后来人"))], OFFICER)
    with store.reading() as session:
        joined = session.get_one(Standing, late.number)
        assert joined.issue == "issue-1"
        assert joined.repeats != 1


def test_correcting_routes_anew_and_a_wrong_value_is_told(store: Store, intake: Intake) -> None:
    router = intake.triage.router
    with store.writing() as session:
        own = review.correct(session, OFFICER, Seen(5, 1), {"level1": "卫生计生", "level2": "公共卫生"}, router)
        assert (own.sector, own.review, own.needs_review) == ("医药卫生", "corrected", False)
        was = own.score
        own = review.correct(session, OFFICER, Seen(5, 2), {"priority": "urgent", "sector": "经济"}, router)
        assert own.sector == "经济"
        assert own.score > was
    for changes, field in (
        ({"level1": "鞋"}, "level1"), ({"level2": "旅游管理"}, "level2"), ({"priority": "now"}, "priority"),
        ({"due": "2026-02-31"}, "due"), ({"owner": "x"}, "owner"), ({}, "changes"),
    ):  # fmt: skip
        with pytest.raises(RuleError) as told, store.writing() as session:
            review.correct(session, OFFICER, Seen(5, 3), changes, router)
        assert told.value.field == field


def test_judging_again_keeps_what_people_decided(store: Store, intake: Intake) -> None:
    router = intake.triage.router
    with store.writing() as session:
        review.correct(session, OFFICER, Seen(5, 1), {"level1": "卫生计生", "level2": "公共卫生"}, router)
        review.accept(session, OFFICER, Seen(6, 1))
        review.correct(session, OFFICER, Seen(7, 1), {"intent": "suggestion"}, router)
        review.reopen(session, OFFICER, Seen(7, 2))
        for number in (5, 6, 7, 8):  # as an earlier model would have said
            session.get_one(Standing, number).level1 = "商贸旅游"
    before = snapshot(store)
    assert rejudge(store, intake.triage, list(range(1, 9)), OFFICER) == 2
    after = snapshot(store)
    assert after[8]["level1"] == "农村农业"
    assert (after[7]["level1"], after[7]["intent"]) == ("教育文体", "suggestion")
    assert after[5] == before[5]
    assert after[6] == before[6]
    with store.reading() as session:
        rows = session.execute(
            select(DecisionRow.number, func.count(), func.max(DecisionRow.id)).group_by(DecisionRow.number)
        ).all()
        assert {count for _, count, _ in rows} == {2}
        shadows = session.scalars(select(DecisionRow.number).where(DecisionRow.shadow)).all()
        assert sorted(shadows) == [5, 6]
        assert session.get_one(Standing, 8).version == 2


@pytest.mark.parametrize(
    "asked",
    ['"', "'", "路灯\"", "路 AND 灯", "NOT", "OR", "*", "路*", "a:b", "(", "-路灯", "NEAR(路 灯)", "\\", "%", "_", "灯",
     "，。！", "路灯 OR 工资", "{x}", "^路灯", "&", "|", "!路灯", "<->", ":*", "é" * 3000, "路" * 500, "𫠠", "☂"],
)  # fmt: skip
def test_no_question_fails(store: Store, triage: Triage, asked: str) -> None:
    with store.reading() as session:
        Queue(triage.router.places, triage.segmenter).page(session, OFFICER, Filters(text=asked))


def test_both_databases_find_the_same(store: Store, intake: Intake, triage: Triage) -> None:
    queue = Queue(triage.router.places, triage.segmenter)
    expected = {
        "路灯": [1, 2, 3, 4], "云栖花园 膝盖": [3], "“工资”": [6], "農民工": [], "饮用水发黄": [8], "南门": [1, 2, 4],
        "，": [], "工地噪声 路灯": [], "路灯 OR 工资": [],
    }  # fmt: skip
    with store.reading() as session:
        found = {
            asked: sorted(each.standing.number for each in queue.page(session, OFFICER, Filters(text=asked)).items)
            for asked in expected
        }
        whole = session.execute(text("SELECT count(*) FROM search")).scalar()
    assert found == expected
    assert whole == 8


def test_a_cursor_keeps_its_place(store: Store, intake: Intake, triage: Triage) -> None:
    queue = Queue(triage.router.places, triage.segmenter)
    pending = Filters(review=("pending",))
    with store.reading() as session:
        whole = [each.standing.number for each in queue.page(session, OFFICER, pending).items]
        first = queue.page(session, OFFICER, pending, most=3)
    for each in first.items:
        with store.writing() as session:
            review.accept(session, OFFICER, Seen(each.standing.number, 1))
    with store.reading() as session:
        second = queue.page(session, OFFICER, pending, most=10, cursor=first.cursor)
        assert [each.standing.number for each in second.items] == whole[3:]
        with pytest.raises(RuleError):
            queue.page(session, OFFICER, Filters(), cursor=first.cursor)
        newest = queue.page(session, OFFICER, Filters(), order="newest", most=2)
        assert [each.standing.number for each in newest.items] == [8, 7]


def test_figures(store: Store, intake: Intake, triage: Triage) -> None:
    router = intake.triage.router
    with store.writing() as session:
        review.correct(session, OFFICER, Seen(5, 1), {"level1": "城乡建设", "level2": None}, router)
        review.accept(session, OFFICER, Seen(6, 1))
        review.correct(session, OFFICER, Seen(7, 1), {"level1": "民政", "level2": None}, router)
        acts.undo(session, OFFICER, 7, 2)
    with store.reading() as session:
        told = Statistics(session, OFFICER, Queue(router.places, triage.segmenter), Filters())
        assert {(each.decided, each.officer): each.count for each in told.confusion()} == {
            ("环境保护", "城乡建设"): 1,
            ("劳动和社会保障", "劳动和社会保障"): 1,
        }
        funnel = told.funnel()
        assert (funnel.received, funnel.triaged, funnel.issues, funnel.assigned) == (8, 8, 5, 0)
        assert sum(told.by("level1").values()) == 8


def test_a_dossier_shows_what_is_near(store: Store, intake: Intake) -> None:
    with store.reading() as session:
        near = intake.near(2)
        assert all(isinstance(each, Near) for each in near)
        found = dossier(session, OFFICER, 2, near)
        assert {each.number for each in found.neighbours if each.same_issue} >= {1}
        assert all(each.number != 2 for each in found.neighbours)
        [first] = [each for each in found.neighbours if each.number == 1]
        assert first.shared
        with pytest.raises(NotFoundError):
            dossier(session, OFFICER, 99, [])


def test_what_teaches_most_comes_first(store: Store, intake: Intake, triage: Triage) -> None:
    queue = Queue(triage.router.places, triage.segmenter, triage.classifier.vocabulary)
    with store.reading() as session:
        page = queue.page(session, OFFICER, Filters(), order="teach", most=5)
        every = [each.standing for each in queue.page(session, OFFICER, Filters(), order="teach").items]
        around = [queue.beside(session, OFFICER, Filters(), each, order="teach") for each in every[:2]]
        none = queue.page(session, OFFICER, Filters(level1=("没有",)), order="teach").items
    assert page.cursor is None
    assert [each.standing.number for each in page.items] == [each.number for each in every[:5]]
    assert len(every) == 8
    assert every[0].confidence < sum(each.confidence for each in every) / 8
    assert around == [(None, every[1].number), (every[0].number, every[2].number)]
    assert none == []
    with store.writing() as session:
        review.accept(session, OFFICER, Seen(every[0].number, 1))
    with store.reading() as session:  # it waits no more: the list goes on with its first
        own = session.get_one(Standing, every[0].number)
        assert queue.beside(session, OFFICER, Filters(), own, order="teach")[1] is not None
        assert own.number not in [
            each.standing.number for each in queue.page(session, OFFICER, Filters(), order="teach").items
        ]
