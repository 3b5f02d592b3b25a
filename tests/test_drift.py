"""Drift: silent where nothing changed, an alarm where something did, and which terms are new."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from pipeline.drift import Seen, drift, overrides, week
from pipeline.fresh import fresh_terms, surprise
from pipeline.labels import Label
from pipeline.records import Topic

WORDS = [f"词{chr(0x4E00 + at)}" for at in range(80)]
NAMES = ["城乡建设", "教育文体", "环境保护"]


def topic(name: str, confidence: float = 0.8) -> Topic:
    return Topic(name, "其他", confidence, {name: confidence}, needs_review=False)


def texts(count: int, seed: int, shares: tuple[float, ...] = (0.5, 0.3, 0.2), sure: float = 0.8) -> list[Seen]:
    """Return texts of ten common words each, forty a week."""
    dice = np.random.default_rng(seed)
    found = []
    for at in range(count):
        words = dice.choice(WORDS, 10).tolist()
        when = date(2026, 1, 5) + timedelta(days=at * 7 // 40)
        name = NAMES[dice.choice(3, p=shares)]
        found.append(Seen(words, topic(name, float(dice.normal(sure, 0.05))), when.isoformat()))
    return found


BEFORE = texts(800, 1)


def test_nothing_changed() -> None:
    found = drift(BEFORE, texts(400, 2))
    assert len(found.weeks) == 10
    assert sum(bool(each.alarms) for each in found.weeks) <= 1
    assert found.terms == ()


@pytest.mark.parametrize(
    ("after", "alarm"),
    [
        (texts(200, 3, shares=(0.1, 0.2, 0.7)), "mix"),
        (texts(200, 3, sure=0.6), "doubt"),
        (
            [Seen([*each.words, *["新词甲", "新词乙", "新词丙"]], each.topic, each.day) for each in texts(200, 3)],
            "strange",
        ),
    ],
)
def test_something_changed(after: list[Seen], alarm: str) -> None:
    found = drift(BEFORE, after)
    assert all(alarm in each.alarms for each in found.weeks)
    if alarm == "mix":
        assert found.weeks[0].topics[0][0] == "环境保护"


def test_small_weeks_are_put_together() -> None:
    few = [Seen(each.words, each.topic, f"2026-0{1 + at % 9}-10") for at, each in enumerate(texts(70, 4))]
    assert [each.rows for each in drift(BEFORE, few).weeks] in ([32, 38], [31, 39], [40, 30], [38, 32])
    assert drift(BEFORE, [Seen([], topic("城乡建设"))]).weeks[0].since == ""


def test_too_little_to_compare_with() -> None:
    with pytest.raises(ValueError, match="at least 30"):
        drift(BEFORE[:29], BEFORE)


def test_new_terms_with_their_topic() -> None:
    """量子 and 大道 always stand together: one term for the dictionary; 换新 speaks for 环境保护."""
    after = [([*each.words, "量子", "大道"], each.topic) for each in BEFORE[:10]]
    after += [([*each.words, "换新"], topic("环境保护")) for each in BEFORE[10:20]]
    after += [(each.words, each.topic) for each in BEFORE[20:100]]
    found = {each.term: each for each in fresh_terms([each.words for each in BEFORE], after)}
    assert set(found) == {"量子大道", "换新"}
    assert found["量子大道"].compound
    assert (found["换新"].level1, found["换新"].texts, found["换新"].compound) == ("环境保护", 10, False)


def test_surprise_grows_with_the_texts() -> None:
    assert surprise(20, 200, 0, 1000) > surprise(10, 100, 0, 1000) > surprise(3, 100, 0, 1000) > 10
    assert surprise(3, 100, 20, 1000) == 0


def test_weeks_begin_on_monday() -> None:
    assert [week(day) for day in ("2026-03-02", "2026-03-08", "2026-03-09", "", "x")] == [
        "2026-03-02", "2026-03-02", "2026-03-09", "", ""]  # fmt: skip


def test_overrides_by_week() -> None:
    rows = [Label("a", topic="政法", said=said, reviewed_at=when) for said, when in
            (("政法", "2026-03-02"), ("民政", "2026-03-05"), ("政法", "2026-03-09"), ("", "2026-03-09"))]  # fmt: skip
    assert overrides(rows) == [("2026-03-02", 2, 0.5), ("2026-03-09", 1, 0.0)]
