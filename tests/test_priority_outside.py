"""What comes from outside the text: the crowd, and the officer's dial."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import batch
from pipeline.errors import InputError
from pipeline.evaluate_priority import evaluate_priority
from pipeline.labelled import Reading, gather
from pipeline.priority import DIAL, Voice, aggravate, crowd, per_day, setting, turn, voice
from pipeline.records import LEVELS, Level, Priority, Reason, Submission
from pipeline.triage import Triage
from service.commands.train import run_evaluate_priority

PRIORITY = Reading(label="priority")

OWN = Reason("definite", "具体的投诉或请求，未见紧急情形", 0, 0)


def codes(voices: list[Voice], index: int = 0) -> list[str]:
    return [reason.code for reason in crowd(voices).get(index, ())]


def test_voices_are_people() -> None:
    assert codes([Voice("a", f"p{n}", None) for n in range(4)]) == []
    assert codes([Voice("a", f"p{n}", None) for n in range(5)]) == ["crowd_voices"]
    assert codes([Voice("a", f"p{n}", None) for n in range(10)]) == ["crowd_many"]
    assert codes([Voice("a", "one", None)] * 12) == []
    assert codes([Voice("a", None, None)] * 5) == ["crowd_voices"]
    assert codes([Voice(f"a{n}", f"p{n}", None) for n in range(20)]) == []


def test_growth_is_within_a_week() -> None:
    slow = [Voice("a", f"p{n}", 30 * n) for n in range(6)]
    assert codes(slow) == ["crowd_voices"]
    assert codes([Voice("a", f"p{n}", n) for n in range(6)]) == ["crowd_voices", "crowd_growth"]


def test_one_who_writes_again() -> None:
    voices = [Voice("a", "one", 1), Voice("a", "one", 5), Voice("a", "one", 20), Voice("a", "two", 30)]
    assert [codes(voices, index) for index in range(4)] == [[], [], ["crowd_again"], []]
    assert "19 天" in crowd(voices)[2][0].text


@pytest.mark.parametrize("time", [None, "", "昨天", "2026-13-40", "5月3日"])
def test_a_time_that_is_none(time: str | None) -> None:
    assert voice("a", "", time) == Voice("a", None, None)


@given(st.sampled_from(list(Level)), st.floats(0, 0.99), st.sets(st.sampled_from(["crowd_many", "crowd_again"])))
def test_a_crowd_never_lowers_and_never_makes_urgent(level: Level, part: float, said: set[str]) -> None:
    before = Priority(level, round((LEVELS.index(level) + part) / 4, 4), (OWN,))
    after = aggravate(before, [Reason(code, "群体", 0, 0) for code in sorted(said)])
    assert after.score >= before.score
    assert LEVELS.index(after.level) / 4 <= after.score <= (LEVELS.index(after.level) + 1) / 4
    assert (after.level == level) or (level, after.level) == (Level.NORMAL, Level.HIGH)
    assert after.reasons[0] == OWN
    assert len(after.reasons) == 1 + len(said)


LETTER = "锦绣湾三期推迟交房\n锦绣湾三期原定六月交房，到今天大门还锁着，开发商没有给出说法，请住建局督促。"


def test_a_crowd_is_heard_in_both_ways_to_run(triage: Triage) -> None:
    submissions = [
        Submission(str(n), LETTER + f"我是{n}号楼的。", f"2026-03-{n + 1:02}", f"业主{n}") for n in range(11)
    ]
    submissions.append(Submission("x", "请问老年卡在哪里办"))
    decisions = triage.run(submissions)
    assert [reason.code for reason in decisions[0].priority.reasons][-2:] == ["crowd_many", "crowd_growth"]
    assert decisions[0].priority.level == Level.HIGH
    assert decisions[-1].priority.level == Level.LOW
    with batch.run(triage, submissions, processes=1) as result:
        rows = [json.loads(line) for line in result.lines()]
        assert result.by_priority()[-1] == 11
        assert result.summary.priority["high"] == 11
    assert [row["priority"]["score"] for row in rows] == [each.priority.score for each in decisions]
    assert [len(row["priority"]["reasons"]) for row in rows] == [len(each.priority.reasons) for each in decisions]


chances = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30).filter(
    lambda rows: any(raised for _, raised in rows)
)


@given(chances, st.floats(0.01, 1))
def test_the_dial_finds_what_was_asked_for(rows: list[tuple[float, bool]], recall: float) -> None:
    said, raised = [chance for chance, _ in rows], [truth for _, truth in rows]
    found = turn(said, raised, recall)
    assert found.recall >= round(recall, 4) - 1e-4
    assert found == setting(said, raised, found.dial)


@pytest.mark.parametrize("recall", [0, -1, 1.01])
def test_a_recall_that_is_none(recall: float) -> None:
    with pytest.raises(InputError, match="应在 0 与 1 之间"):
        turn([0.5], [True], recall)


def test_labels_without_any_that_is_high() -> None:
    with pytest.raises(InputError, match="没有紧急或特急"):
        turn([0.5], [False], 0.9)


def test_more_on_a_day() -> None:
    assert per_day([0.5, 0.3, 0.3], [1, 1, 4], 0.2, 0.4) == (0.5, 4)
    assert per_day([0.5], [None], 0.2, 0.4) == (0.0, 0)


def labelled(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text(
        "".join(
            json.dumps({"text": text, "priority": level, "submitted_at": f"2026-01-{n + 1:02}"}, ensure_ascii=False)
            + "\n"
            for n, (text, level) in enumerate(rows)
        ),
        encoding="utf-8",
    )
    return path


ROWS = [
    ("工地四个月工资一分没发，老板失联，四十个工人回不了家", "high"),
    ("楼下仓库现在着火了，浓烟都进屋了，快来人", "特急"),
    ("路灯不亮三天了，报修没有人来", "普通"),
    ("请问老年卡在哪里办，需要什么材料", "低"),
]


def test_levels_are_scored(tmp_path: Path) -> None:
    scores = evaluate_priority([labelled(tmp_path / "rows.jsonl", ROWS)], model="base", reading=PRIORITY, recall=1.0)
    assert scores["rows"] == 4
    assert scores["quadratic_kappa"] == 1.0
    assert scores["high_or_urgent"]["recall"] == 1.0
    assert scores["high_or_urgent"]["dial"] == DIAL
    assert scores["without_reason"] == 0
    assert [sum(row) for row in scores["confusion"]] == [1, 1, 1, 1]
    assert scores["wanted"]["own_rows"] == 4
    assert scores["wanted"]["own_days"] == 4


def test_the_command_tells_the_dial(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = labelled(tmp_path / "rows.jsonl", ROWS), tmp_path / "scores.json"
    assert run_evaluate_priority([data], "base", PRIORITY, out, 0.9, [data]) == 0
    scores = json.loads(out.read_text(encoding="utf-8"))
    assert set(scores["per_label"]) == set(LEVELS)
    assert f"--priority-dial {scores['wanted']['dial']}" in capsys.readouterr().err


def test_a_level_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="紧急程度“加急”不在"):
        evaluate_priority([labelled(tmp_path / "rows.jsonl", [("路灯不亮", "加急")])], model="base", reading=PRIORITY)


def test_corrections_of_priority_alone_feed_training(tmp_path: Path) -> None:
    path = labelled(tmp_path / "rows.jsonl", ROWS)
    examples, sources = gather([path], base="corpora", reading=PRIORITY)
    assert [(each.topic, each.priority) for each in examples[-4:]] == [
        (None, "high"),
        (None, "urgent"),
        (None, "normal"),
        (None, "low"),
    ]
    assert "rows.jsonl" in sources
