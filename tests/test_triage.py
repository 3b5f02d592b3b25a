"""End to end on the sample county: the contract, the same result however it is run, and what was planted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from support import ROOT, SAMPLES, assert_replays, cases

from pipeline import batch
from pipeline.ingest import Intake
from pipeline.priority import aggravate
from pipeline.records import Decision, Rejected, Route, Status, Submission
from pipeline.triage import Triage, chunks

FILES = ("messages.xlsx", "hotline.csv", "notes.txt", "letter.docx", "forwarded.jsonl")
ODD = [
    Submission("odd-1", "？？？"),
    Submission("odd-2", "\u200b \u3000"),
    Submission("odd-3", "好"),
    Submission("odd-4", "12345"),
    Submission("odd-5", "加微信低价代开各类票据，先票后款，量大从优"),
    Submission("odd-6", "槐荫路路灯不亮\n" + "请派人来看看。" * 400),
    Submission("odd-7", "\x00\x07路灯\r\n\r\n不亮\u2028", place="不存在的地方"),
]


@pytest.fixture(scope="module")
def county() -> Triage:
    return Triage.load(**{name: SAMPLES / f"{name}.csv" for name in ("places", "members", "stations")})


@pytest.fixture(scope="module")
def rejected() -> list[Rejected]:
    return []


@pytest.fixture(scope="module")
def submissions(rejected: list[Rejected]) -> list[Submission]:
    return [*Intake([SAMPLES / name for name in FILES], rejected=rejected.append), *ODD]


@pytest.fixture(scope="module")
def decisions(county: Triage, submissions: list[Submission]) -> list[Decision]:
    return county.run(submissions)


@pytest.fixture(scope="module")
def lines(decisions: list[Decision]) -> list[bytes]:
    return [orjson.dumps(decision) for decision in decisions]


@pytest.fixture(scope="module")
def by_id(decisions: list[Decision]) -> dict[str, Decision]:
    return {decision.id: decision for decision in decisions}


def test_every_decision_keeps_the_contract(lines: list[bytes]) -> None:
    schema = json.loads((ROOT / "pipeline" / "decision.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for line in lines:
        validator.validate(json.loads(line))


def test_every_row_comes_back_in_its_place(
    submissions: list[Submission], decisions: list[Decision], rejected: list[Rejected]
) -> None:
    assert [decision.id for decision in decisions] == [submission.id for submission in submissions]
    assert len({decision.id for decision in decisions}) == len(decisions)
    assert len(submissions) - len(ODD) + len(rejected) == 70 + 40 + 15 + 1 + 12
    assert [row.file.rpartition("/")[2] for row in rejected] == ["hotline.csv", "hotline.csv"]


def test_edits_replay(submissions: list[Submission], decisions: list[Decision]) -> None:
    for submission, decision in zip(submissions, decisions, strict=True):
        assert_replays(submission.text, decision.clean.edits, decision.clean.text)


def test_explanations_stand_in_the_text(decisions: list[Decision]) -> None:
    for decision in decisions:
        text = decision.clean.text
        assert all(word in text for word in decision.keywords)
        assert all(each.term in text for each in decision.topic.evidence)
        assert all(0 <= reason.start <= reason.end <= len(text) for reason in decision.priority.reasons)
        assert decision.route.reasons


def test_shared_terms_tie_to_the_other_text(decisions: list[Decision], by_id: dict[str, Decision]) -> None:
    for decision in decisions:
        if decision.duplicate.of is not None:
            texts = decision.clean.text + by_id[decision.duplicate.of].clean.text
            assert all(texts.count(word) >= 2 for word in decision.duplicate.shared)
        else:
            assert decision.duplicate.shared == ()


def test_issues_partition_the_input(decisions: list[Decision], by_id: dict[str, Decision]) -> None:
    seen: set[str] = set()
    for decision in decisions:
        duplicate = decision.duplicate
        anchor = by_id[duplicate.issue.removeprefix("issue-")]
        assert anchor.duplicate.kind == "unique"
        assert duplicate.of is None or duplicate.of in seen
        seen.add(decision.id)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("odd-1", Status.UNREADABLE),
        ("odd-2", Status.UNREADABLE),
        ("odd-3", Status.UNREADABLE),
        ("odd-4", Status.UNREADABLE),
        ("odd-5", Status.JUNK),
        ("odd-6", Status.TRIAGED),
        ("odd-7", Status.TRIAGED),
    ],
)
def test_unreadable_and_junk_rows_keep_their_row(name: str, status: Status, by_id: dict[str, Decision]) -> None:
    decision = by_id[name]
    assert decision.status == status
    if status != Status.TRIAGED:
        assert decision.intent == "other"
    if status == Status.UNREADABLE:
        assert (decision.topic.level1, decision.topic.level2, decision.route.sector) == (None, None, None)
        assert decision.topic.needs_review


def by_batch(triage: Triage, submissions: Iterable[Submission], processes: int) -> list[bytes]:
    with batch.run(triage, submissions, processes=processes) as result:
        assert result.summary.rows == len(result.ids)
        return list(result.lines())


@pytest.mark.parametrize("processes", [1, 2])
def test_memory_and_batch_give_the_same(
    processes: int, county: Triage, submissions: list[Submission], lines: list[bytes]
) -> None:
    assert by_batch(county, iter(submissions), processes) == lines


@pytest.mark.parametrize(("size", "processes"), [(7, 1), (7, 2), (20, 2), (1000, 2)])
def test_result_does_not_depend_on_chunks_or_processes(
    size: int,
    processes: int,
    county: Triage,
    submissions: list[Submission],
    lines: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sized(stream: Iterable[Submission]) -> Iterator[list[Submission]]:
        return chunks(stream, size)

    monkeypatch.setattr("pipeline.triage.chunks", sized)
    monkeypatch.setattr("pipeline.batch.chunks", sized)
    assert [orjson.dumps(decision) for decision in county.run(submissions)] == lines
    assert by_batch(county, submissions, processes) == lines


def by_itself(route: Route) -> tuple[object, ...]:
    """Return what of a route needs no other submission."""
    return route.sector, route.assist, route.committee, route.place, route.restricted, route.due, route.station


def test_a_judgement_does_not_depend_on_the_others(
    county: Triage, submissions: list[Submission], decisions: list[Decision]
) -> None:
    for submission, decision in zip(submissions, decisions, strict=True):
        (alone,) = county.judge([submission]).judgements
        outside = [reason for reason in decision.priority.reasons if reason.code.startswith("crowd_")]
        assert aggravate(alone.priority, outside) == decision.priority
        assert (alone.parts, alone.intent) == (decision.parts, decision.intent)
        assert by_itself(alone.route) == by_itself(decision.route)
        assert (alone.keywords, alone.clean, alone.status) == (decision.keywords, decision.clean, decision.status)
        assert (alone.topic.level1, alone.topic.level2) == (decision.topic.level1, decision.topic.level2)
        assert alone.topic.evidence == decision.topic.evidence
        assert alone.topic.scores == pytest.approx(decision.topic.scores, abs=1e-5)


def test_scores_do_not_depend_on_the_chunk(county: Triage) -> None:
    path = ROOT / "corpora" / "written" / "urban.jsonl"
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    texts = [Submission(str(at), row["body"]) for at, row in enumerate(rows)]
    together = [judgement for chunk in chunks(texts) for judgement in county.judge(chunk).judgements]
    assert [county.judge([text]).judgements[0] for text in texts] == together


def test_summary(county: Triage, submissions: list[Submission], decisions: list[Decision]) -> None:
    with batch.run(county, submissions) as result:
        summary, rows = result.summary, [result.row(at) for at in range(len(submissions))]
        order = result.by_priority()
    assert summary.rows == len(decisions)
    assert sum(summary.status.values()) == len(decisions)
    assert summary.issues == len({decision.duplicate.issue for decision in decisions})
    assert summary.repeated == sum(decision.duplicate.kind == "duplicate" for decision in decisions)
    assert sorted(order) == list(range(len(decisions)))
    levels = [decisions[at].priority.level for at in order if decisions[at].status == Status.TRIAGED]
    assert levels == sorted(levels, key=["urgent", "high", "normal", "low"].index)
    assert [row["id"] for row in rows] == [submission.id for submission in submissions]


def test_nothing_in_nothing_out(county: Triage) -> None:
    assert county.run([]) == []
    assert by_batch(county, [], 2) == []


def test_provenance_names_everything(decisions: list[Decision]) -> None:
    (provenance,) = {decision.provenance for decision in decisions}
    assert provenance.model.startswith("base@")
    assert provenance.software.startswith("minyi ")
    assert provenance.dictionary.startswith("rjieba ")
    assert len(provenance.rules) == 16


def test_a_failing_stream_leaves_nothing_behind(county: Triage, submissions: list[Submission]) -> None:
    def broken() -> Iterator[Submission]:
        yield from submissions[:3]
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        batch.run(county, broken())
    assert batch._triage is None
    assert len(by_batch(county, submissions[:3], 1)) == 3


@pytest.mark.parametrize("case", cases("samples", "status"))
def test_planted_junk(case: dict[str, Any], by_id: dict[str, Decision]) -> None:
    assert by_id[case["label"]].status == case["expected"]


def test_submissions_are_not_taken_for_junk(by_id: dict[str, Decision]) -> None:
    expected = {case.values[0]["label"] for case in cases("samples", "status")} | {odd.id for odd in ODD}
    assert {name for name, decision in by_id.items() if decision.status == Status.JUNK} <= expected


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("我家楼下搅拌站半夜施工，灰尘很大，电话13912345678，身份证110101199003071234，联系王小明。", Status.TRIAGED),
        ("低息贷款，无抵押，当天放款，电话13912345678，联系王经理", Status.JUNK),
    ],
)
def test_personal_data_makes_no_junk(county: Triage, text: str, status: Status) -> None:
    assert county.run([Submission("1", text)])[0].status == status


@pytest.mark.parametrize("case", cases("samples", "intent"))
def test_planted_intents(case: dict[str, Any], by_id: dict[str, Decision]) -> None:
    assert by_id[case["label"]].intent == case["expected"]


@pytest.mark.parametrize("case", cases("samples", "level"))
def test_planted_levels(case: dict[str, Any], by_id: dict[str, Decision]) -> None:
    assert by_id[case["label"]].priority.level == case["expected"]


@pytest.mark.parametrize("case", cases("samples", "duplicate"))
def test_planted_resends(case: dict[str, Any], by_id: dict[str, Decision]) -> None:
    found = by_id[case["label"]].duplicate
    assert (found.kind, found.of) == ("duplicate" if case["expected"] else "unique", case["expected"])


@pytest.mark.parametrize("case", cases("samples", "issue"))
def test_planted_issues(case: dict[str, Any], by_id: dict[str, Decision]) -> None:
    assert by_id[case["label"]].duplicate.issue == "issue-" + case["expected"]


@pytest.mark.parametrize("case", cases("samples", "place"))
def test_planted_places(case: dict[str, Any], by_id: dict[str, Decision]) -> None:
    assert by_id[case["label"]].route.place == case["expected"]


@pytest.mark.parametrize("case", cases("samples", "stake"))
def test_a_member_with_a_stake_is_not_chosen(case: dict[str, Any], by_id: dict[str, Decision]) -> None:
    assert case["expected"] not in [choice.id for choice in by_id[case["label"]].route.members]


def test_the_planted_accusation_is_restricted(by_id: dict[str, Decision]) -> None:
    route = by_id["LY26100063"].route
    assert route.restricted
    assert route.members == ()
    assert [name for name, decision in by_id.items() if decision.route.restricted] == ["LY26100063"]


def test_cells_that_look_like_code_stay_text(by_id: dict[str, Decision]) -> None:
    assert "=HYPERLINK(" in by_id["LY26100032"].clean.text
    assert "<script>" in by_id["LY26100053"].clean.text


def test_readings_are_gone(by_id: dict[str, Decision]) -> None:
    for name in ("ZF-2026-001", "ZF-2026-003", "ZF-2026-005", "ZF-2026-007", "ZF-2026-009", "ZF-2026-011"):
        assert not set("()（）āáǎàēéěèīíǐìōóǒòūúǔùǜ") & set(by_id[name].clean.text)
