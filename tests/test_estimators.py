"""The scikit-learn door: scikit-learn's own checks where they apply, and what analysts do with estimators."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils import estimator_checks
from tiny import examples

from pipeline.estimators import TopicClassifier, WordSegmenter
from pipeline.train.views import first_level

TEXTS = [each.text for each in examples() if each.topic]
TOPICS = [first_level(str(each.topic)) for each in examples() if each.topic]


CHECKS = [
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_mixin_order",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
]
"""Of scikit-learn's own checks those that need no rows of figures; `check_estimator` leaves out all for texts."""


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("estimator", [TopicClassifier(), WordSegmenter()], ids=lambda each: type(each).__name__)
def test_the_checks_of_scikit_learn(estimator: object, check: str) -> None:
    getattr(estimator_checks, check)(type(estimator).__name__, estimator)


def test_what_scikit_learn_runs_by_itself() -> None:
    for estimator in (TopicClassifier(), WordSegmenter()):
        with pytest.warns(SkipTestWarning, match="requires input"):
            done = estimator_checks.check_estimator(estimator, on_fail="raise")
        assert {each["status"] for each in done} == {"passed"}


def test_cross_validation_and_search() -> None:
    scores = cross_val_score(TopicClassifier(), TEXTS, TOPICS, cv=3, scoring="f1_macro")
    assert scores.mean() > 0.4  # 54 short texts of six topics
    search = GridSearchCV(TopicClassifier(), {"cost": [1.0, 10.0], "words": [True, False]}, cv=3, n_jobs=2)
    assert search.fit(TEXTS, TOPICS).best_score_ > 0.4


def test_in_a_pipeline() -> None:
    usual = make_pipeline(WordSegmenter(), TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2)), LinearSVC())
    assert cross_val_score(usual, TEXTS, TOPICS, cv=3).mean() > 0.4
    lists = make_pipeline(WordSegmenter(joiner=None), TfidfVectorizer(analyzer=tuple), LinearSVC())
    assert clone(lists).fit(TEXTS, TOPICS).predict(TEXTS[:1])[0] == TOPICS[0]


def test_what_it_says() -> None:
    fitted = clone(TopicClassifier(cost=3.0)).fit(np.array(TEXTS, object), TOPICS)
    assert fitted.get_params()["cost"] == 3.0
    assert fitted.classes_.tolist() == sorted(set(TOPICS))
    chances = fitted.predict_proba(TEXTS)
    assert chances.shape == (len(TEXTS), len(fitted.classes_))
    assert chances.sum(axis=1) == pytest.approx(1)
    assert (fitted.predict(TEXTS) == fitted.classes_[chances.argmax(axis=1)]).all()
    again = pickle.loads(pickle.dumps(fitted))
    assert (again.predict(TEXTS) == fitted.predict(TEXTS)).all()


def test_two_classes_of_any_kind() -> None:
    two = [topic == TOPICS[0] for topic in TOPICS]
    fitted = TopicClassifier().fit(TEXTS, two)
    assert fitted.decision_function(TEXTS).shape == (len(TEXTS),)
    assert ((fitted.decision_function(TEXTS) > 0) == fitted.predict(TEXTS)).all()


def test_weights_count() -> None:
    texts, topics = [*TEXTS, *TEXTS[:9]], [*TOPICS, *["别的"] * 9]
    light = TopicClassifier().fit(texts, topics, sample_weight=[1.0] * len(TEXTS) + [0.01] * 9)
    heavy = TopicClassifier().fit(texts, topics, sample_weight=[0.01] * len(TEXTS) + [1.0] * 9)
    assert (light.predict(TEXTS[:9]) == TOPICS[0]).all()
    assert (heavy.predict(TEXTS[:9]) == "别的").all()


def test_with_the_texts_of_the_project() -> None:
    fitted = TopicClassifier(base="corpora", words=False).fit(TEXTS, TOPICS)
    assert fitted.predict(["小区物业乱收费，业主委员会成立不了。"])[0] == "城乡建设"


@pytest.mark.parametrize(
    ("texts", "topics", "said"),
    [
        ("路灯不亮", ["a"], "sequence of texts"),
        ([["路灯"], ["井盖"]], ["a", "b"], "sequence of texts"),
        ([], [], "no texts"),
        (["路灯", None], ["a", "b"], "must be a str"),
        (["路灯", "井盖"], ["a"], "as many"),
        (["路灯", "井盖"], ["a", "a"], "one class"),
    ],
)
def test_what_is_no_text(texts: list[str], topics: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TopicClassifier().fit(texts, topics)


def test_not_fitted() -> None:
    with pytest.raises(NotFittedError):
        TopicClassifier().predict(["路灯不亮"])
    with pytest.raises(ValueError, match="corpora"):
        TopicClassifier(base="x").fit(["路灯", "井盖"], ["a", "b"])
