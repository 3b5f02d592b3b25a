"""One matter, one issue: near-duplicates and other voices about the same concrete matter.

Texts are compared as bags of character bigrams weighted by their rarity in the batch: names of estates, roads, schools
and firms are rare bigrams, so they weigh most. Candidates are pairs that share rare bigrams; a pair is judged
on the cosine of all its bigrams and on how much of each title the other text covers. Pairs become issues in the
order of their score, and two groups join only where enough of their members match across.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from pipeline.features import Batch, grams
from pipeline.records import Duplicate

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Columns = npt.NDArray[np.uint32]

_BITS = 22
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

_KEYS = 24
"""A text is looked up by at most so many of its rarest bigrams …"""
_COMMON = 64
"""… none of which stands in more texts than this."""
_BLOCK = 4_000
_NEIGHBOURS = 12
"""Of the candidates of a text so many are judged."""
_LEAST_SHARED = 3.0
"""Rarity that a candidate must share, in units of one key."""

_SAME = 0.45
_REPEATED = 0.61
_ACROSS = 0.2


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What matching keeps of a batch of texts: about 4 bytes for each different bigram.

    columns : (bigrams,) hashed bigrams, text by text, ascending within one.
    counts : (bigrams,) how often each stands in its text, at most 255.
    titled : (bigrams,) whether it stands in the title.
    sizes : (texts,) how many bigrams each text has.
    """

    columns: Columns
    counts: npt.NDArray[np.uint8]
    titled: npt.NDArray[np.bool_]
    sizes: Ints


def fingerprint(parts: Batch) -> Fingerprint:
    """Return the fingerprint of a batch."""
    keys, whole = grams(parts.codes, 2)
    at = np.flatnonzero(whole)
    row = np.searchsorted(parts.starts, at, side="right") - 1
    column = (keys[at] * _GOLDEN >> np.uint64(64 - _BITS)).astype(np.int64)
    in_title = at < parts.titles[row]
    pairs = np.sort((row << _BITS | column) << 1 | in_title)  # the flag last, so that one sort serves both
    unique, first, counts = np.unique(pairs >> 1, return_index=True, return_counts=True)
    titled = (pairs[first + counts - 1] & 1).astype(bool)
    return Fingerprint(
        (unique & (1 << _BITS) - 1).astype(np.uint32),
        np.minimum(counts, 255).astype(np.uint8),
        titled,
        np.bincount(unique >> _BITS, minlength=len(parts)),
    )


def join(prints: Sequence[Fingerprint]) -> Fingerprint:
    """Put the fingerprints of several batches behind one another."""
    if not prints:
        return Fingerprint(np.zeros(0, np.uint32), np.zeros(0, np.uint8), np.zeros(0, bool), np.zeros(0, np.int64))
    return Fingerprint(
        np.concatenate([each.columns for each in prints]),
        np.concatenate([each.counts for each in prints]),
        np.concatenate([each.titled for each in prints]),
        np.concatenate([each.sizes for each in prints]),
    )


@dataclass(frozen=True, slots=True)
class Pairs:
    """Judged pairs of texts: `left` before `right`, score of one matter, cosine."""

    left: Ints
    right: Ints
    score: Floats
    cosine: Floats


class Matcher:
    """All texts of a run, weighted and ready to be compared.

    Parameters
    ----------
    prints : their fingerprint.
    """

    def __init__(self, prints: Fingerprint) -> None:
        self.count = len(prints.sizes)
        indptr = np.concatenate([[0], np.cumsum(prints.sizes)])
        indices = prints.columns.astype(np.int32)
        spread = np.bincount(indices, minlength=1 << _BITS).astype(np.int32)
        rarity = np.log((1 + self.count) / (1 + spread[indices])).astype(np.float32) + 1
        shape = (self.count, 1 << _BITS)
        weights = (1 + np.log(prints.counts.astype(np.float32))) * rarity
        norms = np.sqrt(np.maximum(np.add.reduceat(weights**2, indptr[:-1]) if len(weights) else [], 1e-9))
        norms[prints.sizes == 0] = 1
        self.weighted = sp.csr_matrix((weights / np.repeat(norms, prints.sizes).astype(np.float32), indices, indptr), shape)
        self.rarity = rarity
        self.titled = prints.titled
        self.spread = spread
        self.sizes = prints.sizes

    def candidates(self) -> tuple[Ints, Ints]:
        """Return pairs (left, right), left before right, that share rare bigrams."""
        keys = self._keys()
        turned = keys.T.tocsr()
        lefts, rights = [], []
        for begin in range(0, self.count, _BLOCK):
            shared = (keys[begin : begin + _BLOCK] @ turned).tocoo()
            row, column, value = shared.row.astype(np.int64) + begin, shared.col.astype(np.int64), shared.data
            good = (row != column) & (value >= _LEAST_SHARED)
            row, column, value = row[good], column[good], value[good]
            order = np.lexsort((column, -value, row))
            row, column = row[order], column[order]
            first = np.searchsorted(row, row, side="left")
            near = np.arange(len(row)) - first < _NEIGHBOURS
            lefts.append(np.minimum(row[near], column[near]))
            rights.append(np.maximum(row[near], column[near]))
        pairs = np.unique(np.concatenate(lefts or [np.zeros(0, np.int64)]) * self.count + np.concatenate(rights or [np.zeros(0, np.int64)]))
        return pairs // max(1, self.count), pairs % max(1, self.count)

    def _keys(self) -> sp.csr_matrix:
        """Return (texts × bigrams) with a one for each of a text's rarest bigrams that stand elsewhere, too."""
        indices = self.weighted.indices
        usable = np.flatnonzero((self.spread[indices] > 1) & (self.spread[indices] <= _COMMON))
        row = np.repeat(np.arange(self.count), self.sizes)[usable]
        order = np.lexsort((indices[usable], -self.weighted.data[usable], row))
        row, chosen = row[order], usable[order]
        kept = np.arange(len(row)) - np.searchsorted(row, row, side="left") < _KEYS
        shape = (self.count, 1 << _BITS)
        ones = np.ones(int(kept.sum()), np.float32)
        return sp.csr_matrix((ones, (row[kept], indices[chosen[kept]])), shape)

    def judge(self, left: Ints, right: Ints) -> Pairs:
        """Score pairs: the cosine of all bigrams, and the share of each title that the other text covers."""
        scores, cosines = [], []
        mass = sp.csr_matrix((self.rarity * self.titled, self.weighted.indices, self.weighted.indptr), self.weighted.shape)
        present = sp.csr_matrix((np.ones_like(self.rarity), self.weighted.indices, self.weighted.indptr), self.weighted.shape)
        whole = np.maximum(np.asarray(mass.sum(axis=1)).ravel(), 1e-9)
        for begin in range(0, len(left), _BLOCK):
            a, b = left[begin : begin + _BLOCK], right[begin : begin + _BLOCK]
            cosine = np.asarray(self.weighted[a].multiply(self.weighted[b]).sum(axis=1)).ravel()
            there = np.asarray(mass[a].multiply(present[b]).sum(axis=1)).ravel() / whole[a]
            back = np.asarray(mass[b].multiply(present[a]).sum(axis=1)).ravel() / whole[b]
            evidence = 9.0 * cosine + 1.6 * np.minimum(there, back) + 2.2 * np.maximum(there, back) - 3.6
            scores.append(1 / (1 + np.exp(-evidence)))
            cosines.append(cosine)
        empty = np.zeros(0, np.float32)
        return Pairs(left, right, np.concatenate(scores or [empty]), np.concatenate(cosines or [empty]))


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
        if a > b:
            a, b = b, a
        ours, theirs = members.get(a, [a]), members.get(b, [b])
        few, many = (ours, theirs) if len(ours) <= len(theirs) else (theirs, ours)
        across = sum(len(linked[one].intersection(many)) for one in few)
        if across < _ACROSS * len(few) * min(len(many), _NEIGHBOURS):
            continue
        for one in theirs:
            issue[one] = a
        members[a] = ours + theirs
    return np.array(issue, np.int64)


def match(ids: Sequence[str], prints: Fingerprint) -> list[Duplicate]:
    """Return for each submission of a run whether it repeats or joins an earlier one.

    Parameters
    ----------
    ids : their ids, in the order of arrival: the earliest text of an issue is its anchor.
    prints : their fingerprint, in the same order.
    """
    matcher = Matcher(prints)
    pairs = matcher.judge(*matcher.candidates())
    issue = group(len(ids), pairs)
    best: dict[int, tuple[float, float, int]] = {}
    for a, b, score, cosine in zip(pairs.left.tolist(), pairs.right.tolist(), pairs.score.tolist(), pairs.cosine.tolist(), strict=True):
        if issue[a] == issue[b] and (cosine, -a) > (best.get(b, (0.0, 0.0, 0))[0], -best.get(b, (0.0, 0.0, 0))[2]):
            best[b] = (cosine, score, a)
    first_text: dict[int, int] = {}
    out = []
    for index, name in enumerate(ids):
        anchor = int(issue[index])
        cosine, score, near = best.get(index, (0.0, 0.0, anchor))
        if anchor == index:
            out.append(Duplicate("unique", None, f"issue-{name}", 0.0))
        elif cosine >= _REPEATED:
            original = first_text.get(near, near)
            first_text[index] = original
            out.append(Duplicate("duplicate", ids[original], f"issue-{ids[anchor]}", round(score, 4)))
        else:
            out.append(Duplicate("same_issue", ids[anchor], f"issue-{ids[anchor]}", round(score, 4)))
    return out
