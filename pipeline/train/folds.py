"""Which texts a model is judged on: strangers' hands, or an office's own rows with near-duplicates kept together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.errors import InputError
from pipeline.features import Batch, Vocabulary
from pipeline.match import Background, fingerprint, match

Ints = npt.NDArray[np.int64]
Strings = npt.NDArray[np.str_]
Fold = tuple[Ints, Ints]

FOLDS = 5
_WORTH = 50
"""So many rows of its own make an office's judgement better than that of strangers' hands."""
_HANDS = 3
"""Into so many folds the hands are put together."""
_ENOUGH = 10_000
"""So many held-out rows tell all that more of them would."""
_LATE = 0.2
"""The share of an office's rows, the latest ones, that a split by time holds out."""


def near(parts: Batch, vocabulary: Vocabulary) -> Strings:
    """Return the issue of each text: texts that repeat one another, or are about one matter, have the same."""
    names = [str(row) for row in range(len(parts))]
    found = match(names, fingerprint(parts), Background.of(vocabulary, len(parts)))
    return np.array([each.issue for each in found])


def together(groups: Strings, issues: Strings) -> Strings:
    """Return groups such that rows of one group, or of one issue that officers made, are in one.

    >>> together(np.array(["a", "a", "b", "c"]), np.array(["", "1", "1", ""])).tolist()
    ['a', 'a', 'a', 'c']
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if not (issues != "").any():
        return groups
    rows = np.arange(len(groups))
    own = np.where(issues == "", [f"\0{row}" for row in rows], issues)
    links = [np.unique(each, return_index=True, return_inverse=True)[1:] for each in (groups, own)]
    first = np.concatenate([index[inverse] for index, inverse in links])
    linked = coo_matrix((np.ones(2 * len(rows)), (np.tile(rows, 2), first)), shape=(len(rows), len(rows)))
    _, part = connected_components(linked, directed=False)
    _, index, inverse = np.unique(part, return_index=True, return_inverse=True)
    joined: Strings = groups[index[inverse]]
    return joined


def folds(truth: Ints, hands: Strings, groups: Strings) -> tuple[list[Fold], bool]:
    """Return (train, test) pairs, and whether they judge an office's own rows.

    Parameters
    ----------
    truth : (rows,) labels.
    hands : (rows,) who wrote them; "" for rows of an office. Where those are enough, they alone are judged; else every
        hand is, by a model that did not see it.
    groups : (rows,) rows of one group are never on both sides.
    """
    own = np.flatnonzero(hands == "")
    if len(own) >= _WORTH and len(set(truth[own].tolist())) > 1:
        return _own(truth, own, groups), True
    from sklearn.model_selection import GroupKFold

    several = len(set(hands.tolist()))
    if several > 1:
        found = list(GroupKFold(min(several, _HANDS)).split(hands, groups=hands))
        if all(len(set(truth[train].tolist())) > 1 for train, _ in found):
            return found, False
    return _own(truth, np.arange(len(truth)), groups), False


def by_time(truth: Ints, days: Strings, groups: Strings) -> Fold | None:
    """Return the fold whose test is the latest fifth of the dated rows: what a model is for are letters still to come.

    Parameters
    ----------
    truth : (rows,) labels.
    days : (rows,) "" where unknown; such rows are for training.
    groups : (rows,) a matter that is trained on, because it began earlier or has no date, is no test.

    Returns
    -------
    None where too few rows have a date to say anything.
    """
    dated = np.flatnonzero(days != "")
    if len(dated) == 0:
        return None
    since = np.sort(days[dated])[int(len(dated) * (1 - _LATE))]
    late = days >= since
    test = np.flatnonzero(late & ~np.isin(groups, groups[~late]))
    train = np.flatnonzero(~late)
    if len(test) < _WORTH or len(set(truth[train].tolist())) < 2:
        return None
    return train, test


def _own(truth: Ints, own: Ints, groups: Strings) -> list[Fold]:
    """Deal the groups of some rows to folds, each label evenly, until enough rows are held out.

    The largest groups go first, each to the fold that has the fewest rows of its commonest label.
    """
    _, group = np.unique(groups[own], return_inverse=True)
    sizes = np.bincount(group)
    first = np.full(len(sizes), len(own))
    np.minimum.at(first, group, np.arange(len(own)))
    held = np.zeros((int(truth.max()) + 1, FOLDS), np.int64)
    fold = np.zeros(len(sizes), np.int64)
    for each in np.lexsort((first, -sizes)).tolist():
        label = truth[own[first[each]]]
        fold[each] = np.lexsort((held.sum(axis=0), held[label]))[0]
        held[label, fold[each]] += sizes[each]
    found: list[Fold] = []
    for number in range(FOLDS):
        test = own[fold[group] == number]
        rest = np.setdiff1d(np.arange(len(truth)), test)
        if len(test) and len(set(truth[rest].tolist())) > 1:
            found.append((rest, test))
        if sum(len(tested) for _, tested in found) >= _ENOUGH:
            break
    if not found:
        raise InputError("文本几乎都是同一件事的重复，分不出用来检验的部分。请补充不同的来件，或加上 --base corpora。")
    return found
