"""Terms that are new: in many more texts than before, offered for the dictionary and for the lexicon.

How surely a term is commoner than before is told by the log-likelihood ratio of the texts that have it (Dunning 1993).
Words that the dictionary cuts apart but that nearly always stand together are put together first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import log

from pipeline.knowledge import lexicon
from pipeline.records import Topic

_SURE = 10.83
"""Of the χ² of one degree of freedom, one in a thousand lies above."""
_TIMES = 5
"""A term is new where it is at least so many times as common as before."""
_LEAST = 3
_TOGETHER = 0.6
"""In this share of a word's texts it stands beside the other: then the two are one."""
_LONGEST = 8
_OWN = 0.6
_OFTEN = 2.0
"""Where so many of its texts have one topic, and so many times as many as of all, a term speaks for it."""
_MOST = 100
_PARTICLES = "的了吗呢吧么和与及在把被从就都也还又是有没不这那该"


@dataclass(frozen=True, slots=True)
class Term:
    """A term that is new.

    texts, before : how many of the later and of the earlier texts have it.
    surprise : log-likelihood ratio; the higher, the less it can be chance.
    level1, level2, share : the topic that it speaks for, and the share of its texts; None where it speaks for none:
        it is offered for the lexicon.
    compound : whether it is no word yet: it is offered for the dictionary.
    """

    term: str
    texts: int
    before: int
    surprise: float
    level1: str | None
    level2: str | None
    share: float
    compound: bool


def fresh_terms(before: Sequence[Sequence[str]], after: Sequence[tuple[Sequence[str], Topic]]) -> list[Term]:
    """Return the terms of later texts that are new, the surest first; of words inside a new compound only that.

    Parameters
    ----------
    before : the words of earlier texts, in order.
    after : the words of later ones, in order, and their topics.
    """
    having: dict[str, list[int]] = {}
    parts: dict[str, tuple[str, ...]] = {}
    for row, (words, _) in enumerate(after):
        for term in dict(told := list(_terms(words))):
            having.setdefault(term, []).append(row)
        parts |= told
    earlier = Counter(term for words in before for term in dict(_terms(words)) if term in having)
    new = {}
    for term, rows in having.items():
        ratio = surprise(len(rows), len(after), earlier[term], len(before))
        together = all(len(rows) >= _TOGETHER * len(having.get(word, rows)) for word in parts[term])
        if len(rows) >= _LEAST and ratio >= _SURE and together:
            new[term] = ratio
    inside = {
        word
        for term in new
        for word in (*parts[term], *_runs(parts[term]))
        if word != term and word in new and len(having[word]) <= len(having[term]) / _TOGETHER
    }
    ranked = sorted(new.keys() - inside, key=lambda term: (-new[term], term))[:_MOST]
    topics = [topic for _, topic in after]
    usual = Counter(topic.level1 for topic in topics)
    return [
        Term(
            term,
            len(having[term]),
            earlier[term],
            round(new[term], 1),
            *_topic([topics[row] for row in having[term]], usual),
            len(parts[term]) > 1,
        )
        for term in ranked
    ]


def surprise(texts: int, of: int, before: int, of_before: int) -> float:
    """Return how sure it is that a term is commoner than before; 0 where it is not much commoner.

    >>> surprise(10, 100, 0, 1000) > 40, surprise(10, 100, 100, 1000)
    (True, 0.0)
    """
    share, old = texts / of, (before + 0.5) / (of_before + 1)
    if share < _TIMES * old:
        return 0.0
    whole = (texts + before) / (of + of_before)
    pairs = ((texts, of), (before, of_before))
    return 2 * sum(_log(k, n, k / n) - _log(k, n, whole) for k, n in pairs)


def _log(hits: int, tries: int, share: float) -> float:
    return sum(count * log(part) for count, part in ((hits, share), (tries - hits, 1 - share)) if count)


def _terms(words: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the terms of a text, each with the words that it is made of: words, and two or three of them together."""
    for at, word in enumerate(words):
        if not _is_chinese(word):
            continue
        if len(word) > 1:
            yield word, (word,)
        for size in (2, 3):
            run = tuple(words[at : at + size])
            term = "".join(run)
            whole = len(run) == size and size < len(term) <= _LONGEST and all(map(_is_chinese, run))
            if whole and not _function_words().intersection(run):
                yield term, run


@cache
def _function_words() -> frozenset[str]:
    """Return the words that stand inside no name."""
    return frozenset([*lexicon("stopwords"), *_PARTICLES])


def _runs(words: tuple[str, ...]) -> Iterator[str]:
    """Yield what stands inside a compound: its words, and two of three together."""
    yield from words
    if len(words) > 2:
        yield from ("".join(words[:2]), "".join(words[1:]))


def _is_chinese(word: str) -> bool:
    return all("\u3400" <= char <= "\u9fff" for char in word)


def _topic(topics: Sequence[Topic], usual: Counter[str | None]) -> tuple[str | None, str | None, float]:
    """Return the topic that a term's texts speak for, and the share of them that has it."""
    (first, rows), *_ = Counter(topic.level1 for topic in topics).most_common(1)
    share = round(rows / len(topics), 2)
    if first is None or share < max(_OWN, _OFTEN * usual[first] / usual.total()):
        return None, None, share
    (second, _), *_ = Counter(topic.level2 for topic in topics if topic.level1 == first).most_common(1)
    return first, second, share
