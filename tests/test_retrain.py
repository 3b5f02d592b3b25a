"""Retraining from outside and inside: labels in, a judged candidate out; a killed job leaves no trace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from desk import COMMAND, Desk
from tiny import examples, train_tiny

from pipeline import artefact, labelled, labels, registry
from pipeline.errors import InputError
from pipeline.evaluate import verdicts
from pipeline.features import batch
from pipeline.labels import Label
from pipeline.retrain import retrain
from pipeline.shadow import moves, shadow
from pipeline.train.folds import near
from pipeline.train.held import text_ids
from service.commands import loop

KNOWN = [each for each in examples() if each.topic]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let corpora/ give only the texts of tests/cases/tiny.json, and keep models in a new folder; return it."""
    monkeypatch.setattr(labelled, "read_written", lambda paths: [replace(each, hand="first") for each in examples()])
    monkeypatch.setattr(labelled, "read_knowledge", list)
    monkeypatch.setenv("MINYI_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def reviews(count: int = 4, **more: Any) -> list[Label]:
    """Return labels of the texts of tests/cases/tiny.json, each with some copies that differ."""
    found = []
    for copy in range(count):
        for at, each in enumerate(KNOWN):
            topic, _, second = str(each.topic).partition("/")
            text = f"{each.text}{'甲乙丙丁'[copy]}号楼也一样。"
            when = f"2026-0{1 + copy}-{1 + at % 28:02}"
            found.append(Label(text, f"{copy}-{at}", topic, second, reviewed_at=when, **more))
    return found


def as_rows(given: list[Label]) -> list[dict[str, str]]:
    return [{"id": each.id, "text": each.text, "topic": each.topic, "level2": each.level2} for each in given]


def put(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def test_a_candidate_is_judged_and_written(small: Path) -> None:
    outcome = retrain(reviews(2), small / "春季", sources={"标.jsonl": "0123"}, current="base")
    assert outcome.crossed is not None
    assert outcome.crossed["rows"] == len(KNOWN) * 2
    assert outcome.late is None  # all of the later matters began earlier
    assert outcome.verdict.kind in ("better", "worse", "equal")
    assert sum(outcome.counts().values()) == len(outcome.changes) <= outcome.recent == len(KNOWN) * 2
    _, meta = registry.load("春季")
    assert meta["retrained"] == outcome.told()
    assert meta["sources"]["标.jsonl"] == "0123"
    assert outcome.verdict.lines[0] in (small / "春季" / "card.md").read_text(encoding="utf-8")
    assert registry.seen("春季").tolist() == text_ids([each.text for each in reviews(2)]).tolist()
    assert [each.name for each in small.iterdir()] == ["春季"]


def test_rows_that_the_working_model_has_seen_do_not_count(small: Path) -> None:
    retrain(reviews(1), small / "春季", sources={}, current="base")
    again = retrain(reviews(1), small / "夏季", sources={}, current="春季")
    assert again.crossed is None
    assert again.verdict.kind == "unknown"
    more = retrain(reviews(2), small / "秋季", sources={}, current="春季")
    assert more.crossed is None  # the second copies repeat what it has seen


def test_a_matter_that_the_working_model_has_seen_does_not_count(small: Path) -> None:
    rows = reviews(3)
    matters = near(batch([each.text for each in rows]), registry.load("base")[0].vocabulary)
    first = [at for at in range(len(KNOWN)) if matters[at] in np.unique(matters)[::2]]
    retrain([rows[at] for at in first], small / "春季", sources={}, current="base")
    more = retrain(rows, small / "夏季", sources={}, current="春季")
    assert more.crossed is not None
    assert more.crossed["rows"] == len(rows) - np.isin(matters, matters[first]).sum() < len(rows) - len(first)


def test_an_office_s_own_topic_is_learned(small: Path) -> None:
    own = [Label(f"村口的功德碑第{at}块字掉了，请补刻。", f"b{at}", "乡贤事务") for at in range(12)]
    with pytest.raises(InputError, match="不是自带的，只有 4 条"):
        retrain([*reviews(2), *own[:4]], small / "春季", sources={}, current="base")
    assert not small.exists()
    outcome = retrain([*reviews(2), *own], small / "春季", sources={}, current="base")
    classifier, meta = registry.load("春季")
    assert "乡贤事务" in classifier.level1
    assert meta["texts"]["乡贤事务"] == 12
    assert verdicts(classifier, ["村口的功德碑倒了，请扶正补刻。"])[0].topic.level1 == "乡贤事务"
    assert outcome.meta["borders"]  # what offices draw either way stays


def test_labels_of_priority_alone_leave_topics_as_they_are(small: Path) -> None:
    rows = [Label(each.text, each.id, priority="high" if at % 2 else "low") for at, each in enumerate(reviews(2))]
    assert retrain(rows, small / "春季", sources={}, current="base").verdict.kind == "unknown"
    texts = [each.text for each in KNOWN]
    now, then = (verdicts(registry.load(name)[0], texts) for name in ("base", "春季"))
    assert [each.topic.level1 for each in now] == [each.topic.level1 for each in then]


def test_a_glance_is_no_truth(small: Path) -> None:
    assert retrain(reviews(1, weight=0.2), small / "春季", sources={}, current="base").verdict.kind == "unknown"


def test_no_promise_rests_on_glances(small: Path) -> None:
    rows = [each if each.id.startswith("0-") else replace(each, weight=0.2) for each in reviews(3)]
    meta = retrain(rows, small / "春季", sources={}, current="base").meta
    assert (meta["report"]["own"], meta["report"]["rows"]) == (True, len(KNOWN))
    intents = [str(each.intent) for each in KNOWN] * 3
    few = [replace(each, intent=intents[at], weight=0.2 if at % 2 else each.weight) for at, each in enumerate(rows)]
    meta, base = retrain(few, small / "夏季", sources={}, current="base").meta, registry.load("base")[1]
    assert (meta["report"], meta["dials"]) == (base["report"], base["dials"])
    assert registry.worse_by_card(meta, base) == []
    assert {head["sharpness"] for head in meta["heads"] if head["name"] in ("topic", "intent")} == {1.0}


def test_nothing_to_train_on(small: Path) -> None:
    with pytest.raises(InputError, match="handed_back"):
        retrain(reviews(1, weight=0.0), small / "春季", sources={})
    assert not small.exists()


def test_the_command(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = tmp_path / "标.jsonl", tmp_path / "果.json"
    phone = "请打13812345678找我。"
    rows = [{**row, "text": row["text"] + phone} for row in as_rows(reviews(2))]
    put(data, rows)
    assert loop.run_retrain("春季", [data], labels.Reading(), "base", out) == 0
    told = capsys.readouterr().err
    assert all(word in told for word in ("结论：", "下一步：", "逐份轮流检验", "最近"))
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["verdict"]["kind"] in ("better", "worse", "equal")
    assert "13812345678" not in told + out.read_text(encoding="utf-8")
    with pytest.raises(InputError, match="自带模型的名字"):
        loop.run_retrain("base", [data], labels.Reading(), None, None)


def test_check_and_next(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "标.jsonl"
    rows = [{**row, "reviewer": "甲"} for row in as_rows(reviews(2))]
    rows[5]["topic"], rows[5]["level2"] = rows[60]["topic"], rows[60]["level2"]
    rows += [{**row, "reviewer": "乙"} for row in rows[:20]]
    back = {"source": "handed_back", "reason": "权属不清", "said": "民政"}
    rows.append({"id": "x", "text": "说不清的事", "topic": "民政", **back})
    put(data, rows)
    assert loop.run_check([data], labels.Reading(), 10, tmp_path / "疑.csv") == 0
    told = capsys.readouterr().err
    assert all(word in told for word in ("条存疑", "kappa 1.00", "退回 1 件（权属不清）"))
    header = (tmp_path / "疑.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert header == "id,text,topic,source,label,other,own,better"
    few = tmp_path / "少.jsonl"
    put(few, rows[:1])
    with pytest.raises(InputError, match="至少要 50 条"):
        loop.run_check([few], labels.Reading(), 10, None)


def test_what_to_label_next(minyi: Desk) -> None:
    answer = minyi("labels", "next", "信.csv", "-n", "1", "-o", "标.csv", code=0)
    assert "2 件中挑出 1 件" in answer.err
    [header, row] = (minyi.folder / "标.csv").read_text(encoding="utf-8-sig").splitlines()
    assert header.startswith("id,text,topic,said,confidence,model")
    assert row.split(",")[2] == ""  # for the officer to fill in
    assert "2 件中挑出 2 件" in minyi("labels", "next", "信.csv", code=0).err


def test_shadow(minyi: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINYI_MODELS", str(tmp_path / "模型"))
    train_tiny(tmp_path / "模型" / "tiny")
    before = minyi.files()
    answer = minyi("models", "shadow", "tiny", "信.csv", code=0)
    assert minyi.files() == before
    lines = [json.loads(line) for line in answer.out.splitlines()]
    assert all(line["about"] and line["candidate_model"].startswith("tiny@") for line in lines)
    assert "没有改动任何研判" in answer.err
    tiny, base = registry.load("tiny")[0], registry.load("base")[0]
    texts = [each.text for each in KNOWN]
    assert shadow(tiny, tiny, texts) == []
    found = shadow(base, tiny, texts)
    moved = [row for row, (a, b) in enumerate(zip(verdicts(base, texts), verdicts(tiny, texts), strict=True))
             if a.topic.level1 != b.topic.level1]  # fmt: skip
    assert [each.row for each in found if "level1" in each.about] == moved
    assert sum(rows for *_, rows in moves(found)) == len(moved)


def test_drift(minyi: Desk) -> None:
    rows = [f"{at},{each.text.replace(chr(10), '，')},2026-01-{1 + at % 28:02}" for at, each in enumerate(KNOWN)]
    minyi.put("前.csv", "\n".join(["编号,内容,时间", *rows]))
    new = [f"{at},量子大道以旧换新补贴一直没有发，{at}号店说要等。,2026-02-03" for at in range(40)]
    minyi.put("后.csv", "\n".join(["编号,内容,时间", *new]))
    minyi.put("标.csv", "内容,topic,said,reviewed_at\n路灯不亮,城乡建设,交通运输,2026-02-03\n")
    answer = minyi("drift", "后.csv", "--against", "前.csv", "--labels", "标.csv", "-o", "变.json", code=0)
    assert all(word in answer.err for word in ("警报：", "新词", "每周改判：2026-02-02 100.0%", "词典"))
    found = json.loads((minyi.folder / "变.json").read_text(encoding="utf-8"))
    assert found["weeks"][0]["strange"]["value"] > found["weeks"][0]["strange"]["limit"]
    assert any("大道" in term for term in found["dictionary"])
    assert "至少要 30 件" in minyi("drift", "后.csv", "--against", "信.csv", code=2).err


@pytest.mark.parametrize("seconds", [0.7, 1.5])
def test_a_killed_job_leaves_no_trace(minyi: Desk, seconds: float) -> None:
    rows = [json.dumps({"text": each.text, "topic": each.topic}, ensure_ascii=False) for each in reviews()]
    minyi.put("标.jsonl", "\n".join(rows))
    (minyi.folder / "模型").mkdir()
    before = minyi.files()
    environment = {**os.environ, "MINYI_MODELS": str(minyi.folder / "模型"), "PYTHONUTF8": "1"}
    arguments = [*COMMAND, "retrain", "--data", "标.jsonl", "--name", "春季"]
    job = subprocess.Popen(arguments, cwd=minyi.folder, env=environment, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    assert job.poll() is None, "too fast to be killed"
    job.send_signal(signal.SIGKILL)
    job.wait()
    assert minyi.files() == before
    assert list((minyi.folder / "模型").iterdir()) == []


def test_a_job_killed_while_it_writes_is_done_again(tmp_path: Path) -> None:
    half = tmp_path / ".tiny.new"
    half.mkdir()
    (half / "meta.json").write_text("{", encoding="utf-8")
    train_tiny(tmp_path / "tiny")
    assert [each.name for each in tmp_path.iterdir()] == ["tiny"]
    assert artefact.load(tmp_path / "tiny")[0]["name"] == "tiny"
