"""One matter, one issue: near-duplicates and other voices about the same concrete matter.

Texts are compared as bags of character bigrams weighted by their rarity: names of estates, roads, schools and firms are
rare, so they weigh most. Candidates are pairs that share rare bigrams; a pair is judged on the cosine of all its
bigrams, on how much of each title and of each text's names the other covers, and on names in the titles that
contradict each other. Pairs become issues in the order of their score, and two groups join only where enough of their
members match across.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.match.pairs import NEIGHBOURS, Matcher, Pairs
from pipeline.match.prints import Background, Fingerprint, Ints
from pipeline.records import Duplicate

_SAME = 0.6
_REPEATED = 0.61
_ACROSS = 0.08


def group(count: int, pairs: Pairs) -> Ints:
    """Return for each text the first text of its issue.

    Pairs are taken from the surest on; two groups join where the pairs that match make up a good part of
    all pairs between them, so that a chain A~B~C does not glue strangers.
    """
    issue = list(range(count))
    members: dict[int, list[int]] = {}
    good = np.flatnonzero(pairs.score >= _SAME)
    order = good[np.lexsort((pairs.right[good], pairs.left[good], -pairs.score[good]))]
    linked: dict[int, set[int]] = {}
    for at in order:
        a, b = int(pairs.left[at]), int(pairs.right[at])
        linked.setdefault(a, set()).add(b)
        linked.setdefault(b, set()).add(a)
    for at in order:
        a, b = issue[int(pairs.left[at])], issue[int(pairs.right[at])]
        if a == b:
            continue
        a, b = min(a, b), max(a, b)
        ours, theirs = members.get(a, [a]), members.get(b, [b])
        few, many = (ours, theirs) if len(ours) <= len(theirs) else (theirs, ours)
        across = sum(len(linked[one].intersection(many)) for one in few)
        if across < _ACROSS * len(few) * min(len(many), NEIGHBOURS):
            continue
        for one in theirs:
            issue[one] = a
        members[a] = ours + theirs
    return np.array(issue, np.int64)


def match(ids: Sequence[str], prints: Fingerprint, background: Background) -> list[Duplicate]:
    """Return for each submission of a run whether it repeats or joins an earlier one.

    Parameters
    ----------
    ids : their ids, in the order of arrival: the earliest text of an issue is its anchor.
    prints : their fingerprint, in the same order.
    background : how common bigrams are in general.
    """
    matcher = Matcher(prints, background)
    pairs = matcher.judge(*matcher.candidates())
    issue = group(len(ids), pairs)
    best: dict[int, tuple[float, float, int]] = {}
    inside = np.flatnonzero(issue[pairs.left] == issue[pairs.right])
    for at in inside.tolist():
        repeated = float(pairs.cosine[at]) * (not pairs.conflict[at])
        candidate = (repeated, float(pairs.score[at]), -int(pairs.left[at]))
        right = int(pairs.right[at])
        best[right] = max(best.get(right, candidate), candidate)
    original: dict[int, int] = {}
    out = []
    for index, name in enumerate(ids):
        anchor = int(issue[index])
        cosine, score, near = best.get(index, (0.0, _SAME, -anchor))
        if anchor == index:
            out.append(Duplicate("unique", None, f"issue-{name}", 0.0))
        elif cosine >= _REPEATED:
            original[index] = original.get(-near, -near)
            out.append(
                Duplicate("duplicate", ids[original[index]], f"issue-{ids[anchor]}", round(max(score, cosine), 4))
            )
        else:
            out.append(Duplicate("same_issue", ids[anchor], f"issue-{ids[anchor]}", round(score, 4)))
    return out


def shared(keywords: Sequence[str], text: str, other_keywords: Sequence[str], other_text: str) -> tuple[str, ...]:
    """Return the terms that tie two texts: keywords of either that stand in the other.

    >>> shared(["搅拌站", "灰尘"], "搅拌站灰尘大", ["翡翠湾", "搅拌站"], "翡翠湾旁的搅拌站")
    ('搅拌站',)
    """
    there = [word for word in keywords if word in other_text]
    back = [word for word in other_keywords if word in text]
    return tuple(dict.fromkeys(there + back))
