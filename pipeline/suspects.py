"""Which labels are likely wrong, and how far officers agree.

A label is suspect where a model that was not trained on it is sure of another topic: as sure as it is, on average, of
the texts that do have that topic (confident learning, Northcutt, Jiang and Chuang 2021). The worst come first. A
suspect is a question for a second reading, not an error: at borders that offices draw either way both may be right.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from pipeline.labels import Label
from pipeline.train import Judged

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Suspect:
    """A label that a model doubts.

    row : which of the labels it is.
    label, other : what it says, and what the model is sure of instead.
    own, better : how likely the model thinks each.
    """

    row: int
    label: str
    other: str
    own: float
    better: float


def suspects(found: Judged, start: int, topics: Sequence[str] | npt.NDArray[np.str_]) -> list[Suspect]:
    """Return the labels to read again, the most doubtful first.

    Parameters
    ----------
    found : what held-out texts were given; see `pipeline.train.cross_validate`.
    start : the first of the examples that is one of the labels.
    topics : the first-level topics of the labels. Only what the labels have can be meant instead.
    """
    labels = np.asarray(topics)
    inside = found.rows >= start
    rows = found.rows[inside] - start
    if not len(rows):
        return []
    own = [at for at, name in enumerate(found.names) if name in set(labels.tolist())]
    names = np.array(found.names)[own]
    chances = found.chances[inside][:, own]
    chances = chances / np.maximum(chances.sum(axis=1, keepdims=True), 1e-12)
    given = np.array([names.tolist().index(label) for label in labels[rows].tolist()], np.int64)
    usual = np.array([chances[given == at, at].mean() if (given == at).any() else 1.0 for at in range(len(names))])
    sure = np.where(chances >= usual - _ROUNDING, chances, 0.0)
    other = sure.argmax(axis=1)
    each = np.arange(len(rows))
    doubted = np.flatnonzero((sure[each, other] > 0) & (other != given) & (chances[each, other] > chances[each, given]))
    worst = doubted[np.argsort(chances[doubted, given[doubted]] - chances[doubted, other[doubted]], kind="stable")]
    return [
        Suspect(
            int(rows[at]),
            str(names[given[at]]),
            str(names[other[at]]),
            round(float(chances[at, given[at]]), 4),
            round(float(chances[at, other[at]]), 4),
        )
        for at in worst.tolist()
    ]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two officers agree on the texts that both read.

    kappa : beyond what chance would bring (Cohen 1960); 1 where both only ever say one and the same topic.
    differ : the commonest pairs of topics that they said.
    """

    one: str
    two: str
    items: int
    same: float
    kappa: float
    differ: tuple[tuple[str, str, int], ...]


def agreement(labels: Iterable[Label]) -> list[Agreement]:
    """Return how far officers agree, pair by pair; several rows with one `id` are readings of one text."""
    read: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for label in labels:
        if label.id and label.reviewer and label.topic and label.source != "handed_back":
            read[label.id][label.reviewer] = label.topic
    pairs: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for by in read.values():
        for one, two in combinations(sorted(by), 2):
            pairs[one, two].append((by[one], by[two]))
    return [_agreed(*names, said) for names, said in sorted(pairs.items())]


def _agreed(one: str, two: str, said: Sequence[tuple[str, str]]) -> Agreement:
    same = sum(a == b for a, b in said) / len(said)
    first, second = Counter(a for a, _ in said), Counter(b for _, b in said)
    chance = sum(first[name] * second[name] for name in first) / len(said) ** 2
    kappa = (same - chance) / (1 - chance) if chance < 1 else 1.0
    differ = Counter(pair for pair in said if pair[0] != pair[1]).most_common(3)
    return Agreement(one, two, len(said), round(same, 4), round(kappa, 4), tuple((a, b, n) for (a, b), n in differ))
