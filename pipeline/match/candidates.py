"""Which texts of a batch to compare: those that share heavy bigrams, and friends of friends."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from pipeline.match.pairs import COMMON, Pairs, Weighted, place_in_run
from pipeline.match.prints import WIDTH, Ints

FIRST = 3
"""A key that stands in too many texts ties each of them to so many first ones that have it, and to as many next."""
LEAST = 0.3
"""What the keys that a candidate shares must weigh together (all bigrams of a text: 1 when squared)."""
NEIGHBOURS = 12
"""Of the candidates of a text so many are judged …"""
_FRIENDS = 4
"""… and so many of the friends of its friends."""
_BLOCK = 4_000
_FEW = 256


def candidates(texts: Weighted, rank: Ints, *, whole: bool = True) -> tuple[Ints, Ints]:
    """Return pairs (left, right), left before right, that share heavy bigrams.

    Parameters
    ----------
    texts : all texts of a batch.
    rank : the place of each in an order that does not depend on how they came; it settles what is equal.
    whole : whether the background was told from exactly these texts: then what stands in one alone is no key.
    """
    keys = texts.keys(2 if whole else 0)
    held = texts.held(keys)
    rare, common = keys[held <= COMMON], keys[held > COMMON]
    columns, width = texts.columns[rare], WIDTH
    if texts.count < _FEW:  # a narrow matrix is turned at once
        different, columns = np.unique(columns, return_inverse=True)
        width = len(different)
    where = texts.rows[rare], columns
    weighted = sp.csr_matrix((texts.weights[rare], where), (texts.count, width))
    turned = sp.csr_matrix((np.ones(len(rare), np.float32), where), weighted.shape).T.tocsr()
    ties = _ties(texts.rows[common], texts.columns[common], rank)
    found = np.append(ties, _nearest(weighted, turned, rank, LEAST, NEIGHBOURS))
    return _unpacked(_different(found), texts.count)


def friends_of_friends(pairs: Pairs, rank: Ints, least: float) -> tuple[Ints, Ints]:
    """Return pairs of texts that were not judged, but of which both match a third one."""
    good = np.flatnonzero(pairs.score >= least)
    if len(good) < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    texts = np.unique(np.concatenate([pairs.left[good], pairs.right[good]]))
    left, right = np.searchsorted(texts, pairs.left[good]), np.searchsorted(texts, pairs.right[good])
    links = sp.coo_matrix((pairs.score[good], (left, right)), (len(texts), len(texts))).tocsr()
    links = links + links.T
    found = _nearest(links, links, rank[texts], least**2, _FRIENDS)
    one, two = _unpacked(_different(found), len(texts))
    count = len(rank)
    fresh = np.setdiff1d(texts[one] * count + texts[two], pairs.left * count + pairs.right, assume_unique=True)
    return _unpacked(fresh, count)


def _nearest(weights: sp.csr_matrix, turned: sp.csr_matrix, rank: Ints, least: float, most: int) -> Ints:
    """Return the best few pairs of each text, packed, by what it shares with others; equal ones by rank."""
    count = len(rank)
    by_rank = np.argsort(rank)
    place = np.empty(count, np.int64)
    place[by_rank] = np.arange(count)
    found: list[Ints] = [np.zeros(0, np.int64)]
    for begin in range(0, count, _BLOCK):
        shared = (weights[begin : begin + _BLOCK] @ turned).tocoo()
        good = np.flatnonzero((shared.row + begin != shared.col) & (shared.data >= least))
        worth = ((1 << 8) - np.minimum(shared.data[good], 1 << 8)) * (1 << 12)
        packed = shared.row[good].astype(np.int64) << 20 | worth.astype(np.int64)
        packed = np.sort(packed * count + place[shared.col[good]])
        row = packed // count >> 20
        near = place_in_run(row) < most
        found.append(_packed(row[near] + begin, by_rank[packed[near] % count], count))
    return np.concatenate(found)


def _ties(rows: Ints, columns: Ints, rank: Ints) -> Ints:
    """Return candidates, packed, for texts whose only keys stand in too many texts: those that were sent by many."""
    count = max(1, len(rank))
    packed = np.sort(columns.astype(np.int64) * count + rank[rows])
    row, place, where = np.argsort(rank)[packed % count], place_in_run(packed // count), np.arange(len(packed))
    ties: list[Ints] = [np.zeros(0, np.int64)]
    for step in range(1, FIRST + 1):
        good = np.flatnonzero(place >= step)
        ties += [_packed(row[good], row[(where - step)[good]], count)]
        ties += [_packed(row[good], row[(where - place + step - 1)[good]], count)]
    return np.concatenate(ties)


def _different(packed: Ints) -> Ints:
    """Return the different ones of some numbers, ascending; `np.unique` hashes, which takes several times as long."""
    packed = np.sort(packed)
    different: Ints = packed[place_in_run(packed) == 0]
    return different


def _packed(one: Ints, two: Ints, count: int) -> Ints:
    packed: Ints = (np.minimum(one, two) * count + np.maximum(one, two))[one != two]
    return packed


def _unpacked(pairs: Ints, count: int) -> tuple[Ints, Ints]:
    return pairs // max(1, count), pairs % max(1, count)
