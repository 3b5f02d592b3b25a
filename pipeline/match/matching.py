"""Matching a batch of texts with one another: candidates, judged pairs, issues, repetitions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.match.background import Background
from pipeline.match.candidates import candidates, friends_of_friends
from pipeline.match.issues import SAME, Ruling, group
from pipeline.match.pairs import REPEATED, Pairs, Weighted
from pipeline.match.prints import Fingerprint, Ints
from pipeline.records import Duplicate


def match(
    ids: Sequence[str], prints: Fingerprint, background: Background, ruling: Ruling | None = None
) -> list[Duplicate]:
    """Return for each submission of a run whether it repeats or joins an earlier one.

    Parameters
    ----------
    ids : their ids, in the order of arrival: the earliest text of an issue is its anchor. Which texts make an issue
        does not depend on that order; which of them is the anchor, and which repeats which, does.
    prints : their fingerprint, in the same order.
    background : how common bigrams are in general.
    ruling : what officers decided before.
    """
    texts = Weighted(prints, background.among(prints))
    rank = prints.ranks()
    pairs = texts.judge(*candidates(texts, rank))
    pairs = pairs + texts.judge(*friends_of_friends(pairs, rank, SAME))
    together, apart = (ruling or Ruling()).among(ids)
    issue = group(pairs, rank, together=together, apart=apart)
    return tell(ids, [f"issue-{ids[anchor]}" for anchor in issue.tolist()], issue, pairs)


def tell(
    ids: Sequence[str],
    issues: Sequence[str],
    anchors: Ints,
    pairs: Pairs,
    originals: dict[int, int] | None = None,
    *,
    begin: int = 0,
) -> list[Duplicate]:
    """Return the place of each text among the others.

    Parameters
    ----------
    ids, issues : of each text, its id and the name of its issue, `issue-` and the id of its first text.
    anchors : the first text of its issue, as far as it is among these.
    pairs : all judged pairs.
    originals : what is known already: text, and which one it repeats.
    begin : the texts before this one came earlier, and are not told about.
    """
    inside = np.flatnonzero(anchors[pairs.left] == anchors[pairs.right])
    inside = inside[np.argsort(pairs.right[inside], kind="stable")]
    left, alike, sure_of = pairs.left[inside], pairs.alike[inside], pairs.score[inside]
    starts = np.searchsorted(pairs.right[inside], np.arange(len(ids) + 1))
    original = dict(originals or {})
    told = []
    for index in range(begin, len(ids)):
        own = slice(starts[index], starts[index + 1])
        likeness = zip(alike[own].tolist(), sure_of[own].tolist(), strict=True)
        earlier = dict(zip(left[own].tolist(), likeness, strict=True))
        first = _repeats(earlier, original)
        score = max((score for _, score in earlier.values()), default=SAME)
        if first is not None:
            original[index] = first
            sure = max(score, *(alike for alike, _ in earlier.values()))
            told.append(Duplicate("duplicate", ids[first], issues[index], round(min(1.0, sure), 4)))
        elif anchors[index] == index:
            told.append(Duplicate("unique", None, issues[index], 0.0))
        else:
            told.append(Duplicate("same_issue", issues[index].removeprefix("issue-"), issues[index], round(score, 4)))
    return told


def _repeats(earlier: dict[int, tuple[float, float]], original: dict[int, int]) -> int | None:
    """Return the text that is repeated: the nearest one, or what that one repeats, where that is near enough, too."""
    for other, (alike, _) in sorted(earlier.items(), key=lambda item: (-item[1][0], item[0])):
        if alike < REPEATED:
            return None
        first = original.get(other, other)
        if first == other or earlier.get(first, (0.0, 0.0))[0] >= REPEATED:
            return first
    return None


def shared(keywords: Sequence[str], text: str, other_keywords: Sequence[str], other_text: str) -> tuple[str, ...]:
    """Return the terms that tie two texts: keywords of either that stand in the other.

    >>> shared(["搅拌站", "灰尘"], "搅拌站灰尘大", ["翡翠湾", "搅拌站"], "翡翠湾旁的搅拌站")
    ('搅拌站',)
    """
    there = [word for word in keywords if word in other_text]
    back = [word for word in other_keywords if word in text]
    return tuple(dict.fromkeys(there + back))
