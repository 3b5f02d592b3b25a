"""The model: probabilities, levels that do not contradict each other, evidence, and training it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import ROOT
from tiny import NAME, examples, train_tiny

from pipeline import artefact
from pipeline.classify import JUNK, SEPARATOR, Classifier, Verdict
from pipeline.errors import CorpusError, InputError
from pipeline.features import batch
from pipeline.records import INTENTS, LEVELS
from pipeline.segment import Segmenter
from pipeline.terms import terms
from pipeline.train import read_knowledge, read_written, sharpness, topics, train, written_files
from pipeline.triage import Triage

TEXTS = [
    "路灯不亮\n槐荫里门口的路灯不亮三天了，晚上摸黑走路。",
    "请问门诊挂号要带什么材料？",
    "加班工资没有发\n厂里欠我们三个月加班工资，找老板也没用。",
    "养殖场臭气太大，晚上不敢开窗",
    "感谢社区帮忙修好了下水道",
    "低价代开票据，加微信详谈",
    "公交末班车太早了，建议延到九点半",
    "",
    "，。！",
    "abc 123",
    "好" * 3000,
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("models") / NAME
    train_tiny(path)
    return path


@pytest.fixture(scope="module")
def tiny(folder: Path) -> Classifier:
    return Classifier.load(folder)[0]


@pytest.fixture(scope="module", params=["tiny", "base"])
def classifier(request: pytest.FixtureRequest, triage: Triage, tiny: Classifier) -> Classifier:
    return {"tiny": tiny, "base": triage.classifier}[request.param]


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter()


def judge(classifier: Classifier, segmenter: Segmenter, texts: list[str]) -> list[Verdict]:
    parts = batch(texts)
    return classifier.judge(parts, terms(parts, [segmenter.cut(text) for text in texts]))


def test_probabilities_sum_to_one(classifier: Classifier, segmenter: Segmenter) -> None:
    for verdict in judge(classifier, segmenter, TEXTS):
        assert sum(verdict.topic.scores.values()) == pytest.approx(1, abs=0.002)  # each is rounded
        assert sum(verdict.levels) == pytest.approx(1, abs=1e-4)
        assert len(verdict.levels) == len(LEVELS)
        assert all(0 <= score <= 1 for score in (*verdict.topic.scores.values(), *verdict.levels, verdict.junk))
        assert verdict.intent in INTENTS[:4]
        assert 0 < verdict.intent_confidence <= 1


def test_confidence_is_the_highest_score(classifier: Classifier, segmenter: Segmenter) -> None:
    for verdict in judge(classifier, segmenter, TEXTS):
        topic = verdict.topic
        assert topic.level1 is not None
        assert topic.confidence == topic.scores[topic.level1] == max(topic.scores.values())
        assert topic.needs_review == (topic.confidence < classifier.dial)


def test_second_level_lies_under_the_first(classifier: Classifier, segmenter: Segmenter) -> None:
    known = {tuple(topic) for topic in classifier.topics}
    for verdict in judge(classifier, segmenter, TEXTS):
        assert (verdict.topic.level1, verdict.topic.level2) in known


def test_every_head_has_its_columns(classifier: Classifier) -> None:
    heads = list(classifier.heads.values())
    assert [head.name for head in heads] == ["topic", "intent", "junk", "priority"]
    assert [head.start for head in heads] == [0, *(head.columns.stop for head in heads[:-1])]
    assert heads[-1].columns.stop == classifier.weights.shape[1] == len(classifier.bias)
    assert heads[1].labels == INTENTS[:4]
    assert (heads[2].labels, heads[3].labels) == (JUNK, LEVELS)
    assert all(head.sharpness > 0 for head in heads)


def test_the_model_that_ships_knows_all_topics(triage: Triage) -> None:
    assert {tuple(topic) for topic in triage.classifier.topics} == set(topics())


def test_evidence_stands_in_the_text(classifier: Classifier, segmenter: Segmenter) -> None:
    verdicts = judge(classifier, segmenter, TEXTS)
    for text, verdict in zip(TEXTS, verdicts, strict=True):
        found = verdict.topic.evidence
        assert all(each.term in text and each.weight > 0 for each in found)
        assert len(found) <= 5
        assert len({each.term for each in found}) == len(found)
        assert [each.weight for each in found] == sorted((each.weight for each in found), reverse=True)
    assert all(verdict.topic.evidence for verdict in verdicts[:3])


def test_what_was_learned_is_found_again(tiny: Classifier, segmenter: Segmenter) -> None:
    learned = [example for example in examples() if example.topic]
    verdicts = judge(tiny, segmenter, [example.text for example in learned])
    right = [
        SEPARATOR.join((v.topic.level1 or "", v.topic.level2 or "")) == example.topic and v.intent == example.intent
        for v, example in zip(verdicts, learned, strict=True)
    ]
    assert sum(right) >= 0.9 * len(right)


def test_result_does_not_depend_on_the_batch(classifier: Classifier, segmenter: Segmenter) -> None:
    """Up to the last digit of a float32, that is; for the digits that are told see test_triage."""
    together = judge(classifier, segmenter, TEXTS)
    alone = [judge(classifier, segmenter, [text])[0] for text in TEXTS]
    backwards = judge(classifier, segmenter, TEXTS[::-1])[::-1]
    for one, *others in zip(together, alone, backwards, strict=True):
        for other in others:
            assert (other.intent, other.topic.level1, other.topic.level2) == (
                one.intent,
                one.topic.level1,
                one.topic.level2,
            )
            assert other.topic.evidence == one.topic.evidence
            assert other.topic.scores == pytest.approx(one.topic.scores, abs=1e-5)
            assert (*other.levels, other.junk) == pytest.approx((*one.levels, one.junk), abs=1e-5)


def test_own_labels_need_no_borders(folder: Path) -> None:
    assert artefact.load(folder)[0]["borders"] == []


def test_training_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    train_tiny(tmp_path / NAME)
    ours = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / NAME).iterdir()} == ours
    assert set(ours) == {
        "meta.json",
        "card.md",
        "keys.npy",
        "idf.npy",
        "weights.npy",
        "scale.npy",
        "bias.npy",
        "word_keys.npy",
        "word_idf.npy",
        "word_weights.npy",
        "seen.npy",
        "word_scale.npy",
    }


def test_training_does_not_depend_on_the_order_of_labels(tiny: Classifier) -> None:
    ours = [SEPARATOR.join(topic) for topic in topics()]
    learned = [SEPARATOR.join(topic) for topic in tiny.topics]
    assert learned == [topic for topic in ours if topic in learned]


def test_topics_of_an_office_come_behind_ours(tmp_path: Path) -> None:
    own = [replace(e, topic="本地事项/渡口") if e.topic and e.topic.startswith("交通运输") else e for e in examples()]
    train(own, tmp_path / "own", sources={})
    classifier, meta = Classifier.load(tmp_path / "own")
    assert classifier.topics[-1] == ["本地事项", "渡口"]
    assert meta["name"] == "own"


def test_a_first_level_without_a_second_is_given_one(tmp_path: Path) -> None:
    bare = [
        replace(e, topic=e.topic.split(SEPARATOR)[0] + SEPARATOR) if at % 9 == 0 and e.topic else e
        for at, e in enumerate(examples())
    ]
    train(bare, tmp_path / "bare", sources={})
    classifier, _ = Classifier.load(tmp_path / "bare")
    assert all(second for _, second in classifier.topics)
    assert len(classifier.topics) == 6


def test_too_few_texts_name_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"至少要 50 条.*--base corpora"):
        train(examples()[:30], tmp_path / "few", sources={})
    assert not list(tmp_path.iterdir())


def test_a_rare_topic_names_the_way_out(tmp_path: Path) -> None:
    rare = [replace(examples()[0], topic="政法/诉讼"), *examples()]
    with pytest.raises(InputError, match=r"政法/诉讼.*只有 1 条.*--base corpora"):
        train(rare, tmp_path / "rare", sources={})


@pytest.mark.parametrize(("factor", "least", "most"), [(1.0, 0.5, 2.0), (4.0, 0.15, 0.5)])
def test_sharpness_undoes_exaggeration(factor: float, least: float, most: float) -> None:
    """Logits whose argmax errs as often as they say need a factor of about one over their exaggeration."""
    random = np.random.default_rng(0)
    logits = random.normal(size=(4000, 3)) * 2
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([random.choice(3, p=row) for row in chances])
    assert least <= sharpness((logits * factor).astype(np.float32), truth) <= most


def test_labels_of_corpora_are_valid() -> None:
    found = read_written(written_files())
    known = {SEPARATOR.join(topic) for topic in topics()}
    assert all(example.topic in known for example in found if not example.junk)
    assert all(example.topic is None for example in found if example.junk)
    assert {example.topic for example in read_knowledge()} <= known


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("{", "不是有效的一行"),
        ('{"title": "", "body": "路灯"}', "不是有效的一行"),
        (
            '{"title": "", "body": "灯", "intent": "complaint", "level1": "城建", "level2": "灯", "priority": "low"}',
            "没有主题“城建/灯”",
        ),
        (
            '{"title": "", "body": "路灯", "intent": "anger", "level1": null, "level2": null, "priority": "low"}',
            "诉求类型“anger”",
        ),
        (
            '{"title": "", "body": "路灯", "intent": "other", "level1": null, "level2": null, "priority": "max"}',
            "紧急程度“max”",
        ),
    ],
)
def test_a_bad_line_of_corpora_is_named(line: str, rule: str, tmp_path: Path) -> None:
    path = tmp_path / "urban.jsonl"
    good = (ROOT / "corpora" / "written" / "junk.jsonl").read_text(encoding="utf-8").splitlines()[0]
    path.write_text(f"{good}\n{line}\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=f"urban.jsonl 第 2 行.*{rule}"):
        read_written([path])
