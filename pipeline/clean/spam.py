"""Spam: lines of search words, adult, gambling or trade, that a hacked mirror puts before, behind and into a text.

A stretch is spam by its density: most of it is made of the terms of corpora/spam.csv, two of them at least say so for
sure, and nothing in it speaks, asks or complains. One such word decides nothing: a letter about gambling stays whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from pipeline.knowledge import CORPORA, table

_SURE, _HINT = 2, 3
"""Weights in the table: a term that says so for sure, and one that spam never lacks."""
_DENSITY = 0.5
_LEAST = 4
"""Weight that a stretch must have: two sure terms, or one and two of those that only go with spam."""
_BESIDE = 0.2
"""Density that is enough beside spam."""
_VOICE = re.compile(
    r"[我您咱俺请請求吗嗎呢吧骗騙害被]|希望|投诉|投訴|举报|舉報|反映|反應|建议|建議|怎么|怎麼|为什么|為什麼|小区|小區|领导|領導"
    r"|政府|部门|部門|派出所|公安|警|学校|學校|孩子|学生|學生|严重|嚴重|查处|查處|整治|打击|打擊|取缔|取締|监管|監管|非法"
    r"|违法|違法|违规|違規|涉嫌|清理|治理|管管|关闭|關閉|老百姓|居民|群众|群眾|村民|业主|業主|附近|门口|門口"
)
_WORDY = re.compile(r"[\w∴]+")
_STRETCH = re.compile(r"[^。！？；!?;\n\r]+[。！？；!?;]*")


@cache
def _weights() -> dict[str, int]:
    return {row["term"]: int(row["weight"]) for _, row in table(CORPORA / "spam.csv", "term", "weight", "field")}


def hints() -> list[str]:
    """Return the terms of which spam has one at least: most texts have none."""
    return [term for term, weight in _weights().items() if weight == _HINT]


@cache
def _terms() -> re.Pattern[str]:
    every = sorted(_weights(), key=lambda term: (-len(term), term))
    return re.compile("|".join(map(re.escape, every)), re.IGNORECASE)


def _weigh(plain: str) -> tuple[int, float]:
    """Return the weight of a simplified stretch, sure terms counting double, and the share of it that terms cover."""
    size = sum(len(match.group()) for match in _WORDY.finditer(plain))
    if not size or _VOICE.search(plain):
        return 0, 0.0
    found = [match.group().lower() for match in _terms().finditer(plain)]
    weights = _weights()
    sure = any(weights[term] >= _SURE for term in found)
    total = sum(min(weights[term], _SURE) for term in found) if sure else min(len(found), 1)
    return total, sum(map(len, found)) / size


def is_spam(plain: str) -> bool:
    """Whether a simplified stretch is spam by itself.

    >>> is_spam("日韩无码视频免费看_国产人妻一区二区"), is_spam("无码视频网站在网吧里公开播放，请查处")
    (True, False)
    """
    weight, density = _weigh(plain)
    return weight >= _LEAST and density >= _DENSITY


def lines(plain: Sequence[str]) -> list[bool]:
    """Return which simplified lines are spam, by themselves or beside lines that are."""
    found = [is_spam(line) for line in plain]
    if not any(found):
        return found
    for order in (range(1, len(plain)), range(len(plain) - 2, -1, -1)):
        step = -1 if order.step > 0 else 1
        for at in order:
            if not found[at] and found[at + step]:
                weight, density = _weigh(plain[at])
                found[at] = weight > 0 and density >= _BESIDE
    return found


def stretches(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return the spans of the sentences of a line that are spam."""
    return [match.span() for match in _STRETCH.finditer(text, start, end) if is_spam(match.group())]
