"""Topic, intent and junk from one linear model over character n-grams, with the words that decided.

The second-level topic is given first; a first-level topic is as probable as its second-level ones together, so the
two never contradict each other. A second view, over words, speaks for first-level topics and so for all that lie under
them: where the two views agree the topic is sure, where they differ it is not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from pipeline import artefact
from pipeline.errors import ModelError
from pipeline.features import Batch, Occurrences, Vocabulary, key
from pipeline.records import Evidence, Topic
from pipeline.terms import Terms, strongest

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

SEPARATOR = "/"
"""Between the levels of a topic: 城乡建设/城乡规划."""
JUNK = ("real", "junk")
_EVIDENCE = 5
_OPENING = 80
"""So many characters, the title among them, say what a text is about."""
_MOST = 0.45
"""A topic gives away no more than this: it stays the likelier of two."""
_NEARLY = 0.98
"""Of what would level the first two so much is done."""
PRECISION = 0.95
"""What the dial is set to where nobody turned it."""


@dataclass(frozen=True, slots=True)
class Head:
    """One question to the model: its labels, where its columns stand, how sharp its logits are."""

    name: str
    labels: tuple[str, ...]
    start: int
    sharpness: float

    @property
    def columns(self) -> slice:
        """The columns of this head among those of the model."""
        return slice(self.start, self.start + len(self.labels))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the model says of one text."""

    topic: Topic
    intent: str
    intent_confidence: float
    complaint: float
    junk: float
    levels: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Border:
    """Offices file texts of a topic that open with one of the terms under another one in a share of the cases."""

    topic: str
    terms: tuple[str, ...]
    other: str
    share: float


class Borders:
    """All borders of a model, as matrices over its n-grams and topics.

    Confidence that was learned knows how texts differ, not how offices do: the same letter is right under one topic
    in one office and under another one next door. So what a topic gets is divided where a text opens with a matter
    that is known to be filed under either. That makes a first level less sure, but never turns it into another one.

    Parameters
    ----------
    borders : those that there are; a term that is no n-gram of the vocabulary is not seen.
    vocabulary, labels : of the model.
    """

    def __init__(self, borders: Sequence[Border], vocabulary: Vocabulary, labels: Sequence[str]) -> None:
        pairs = [(vocabulary.find(key(term)).item(), at) for at, each in enumerate(borders) for term in each.terms]
        told, at = np.array([pair for pair in pairs if pair[0] >= 0], np.int64).reshape(-1, 2).T
        self._terms = sp.csr_matrix((np.ones(len(told)), (told, at)), (len(vocabulary.keys), len(borders)))
        self._told = np.zeros(len(vocabulary.keys), bool)
        self._told[told] = True
        self._share = np.array([each.share for each in borders])
        self._topic = np.array([labels.index(each.topic) for each in borders], np.int64)
        self._other = np.array([labels.index(each.other) for each in borders], np.int64)
        firsts = [label.split(SEPARATOR)[0] for label in labels]
        self._firsts = np.array([[name == first for first in dict.fromkeys(firsts)] for name in firsts], np.float64)

    def divide(self, chances: Doubles, parts: Batch, found: Occurrences) -> Doubles:
        """Return the chances of topics, (texts, topics), with what others may file otherwise given to the others."""
        told = np.flatnonzero(self._told[found.column])
        row, position = parts.owners[found.position[told]], found.position[told]
        opening = position - parts.starts[row] < _OPENING
        pairs = (row[opening], found.column[told[opening]])
        said = sp.csr_matrix((np.ones(len(pairs[0])), pairs), (len(parts), len(self._told)))
        text, border = (said @ self._terms).nonzero()
        topic, share = self._topic[border], self._share[border]
        asked = np.zeros_like(chances)
        np.add.at(asked, (text, topic), share)
        asked = asked[text, topic]
        given = chances[text, topic] * share * np.minimum(asked, _MOST) / asked
        divided = chances.copy()
        np.subtract.at(divided, (text, topic), given)
        np.add.at(divided, (text, self._other[border]), given)
        return self._led(chances, divided)

    def _led(self, chances: Doubles, divided: Doubles) -> Doubles:
        """Return what is divided only so far that the first level that led before still leads."""
        before, after = chances @ self._firsts, divided @ self._firsts
        leader = before.argmax(axis=1)[:, None]
        ahead = np.take_along_axis(before, leader, axis=1) - before
        left = np.take_along_axis(after, leader, axis=1) - after
        caught = np.where(left < 0, ahead / np.where(left < 0, ahead - left, 1), 1).min(axis=1)
        far = np.where(caught < 1, _NEARLY * caught, 1)[:, None]
        return chances + (divided - chances) * far


class Classifier:
    """The trained model; `Classifier.load` is the way to one.

    Parameters
    ----------
    vocabulary : the n-grams.
    weights : (n-grams, columns)
    bias : (columns,)
    heads : topic, intent, junk, priority.
    words : the words and pairs of words.
    word_weights : (words, first-level topics)
    borders : how topics divide where offices file one matter under either.
    dials : precision → confidence from which a topic needs no review.
    precision : where the dial stands.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        weights: Floats,
        bias: Floats,
        heads: dict[str, Head],
        words: Vocabulary,
        word_weights: Floats,
        borders: Borders,
        dials: dict[float, float],
        precision: float,
    ) -> None:
        self.vocabulary = vocabulary
        self.weights = weights
        self.bias = bias
        self.heads = heads
        self.words = words
        self.word_weights = word_weights
        self.borders = borders
        self.dials = dials
        self.precision = precision
        self.dial = dials[precision]
        topics = heads["topic"].labels
        self.topics = tuple(label.split(SEPARATOR) for label in topics)
        self.level1 = tuple(dict.fromkeys(first for first, _ in self.topics))
        self._parent = np.array([self.level1.index(first) for first, _ in self.topics])
        self._sum = np.zeros((len(topics), len(self.level1)))
        self._sum[np.arange(len(topics)), self._parent] = 1
        self._mean: Floats = weights[:, heads["topic"].columns].mean(axis=1)
        self._word_mean: Floats = word_weights[:, self._parent].mean(axis=1)

    @classmethod
    def load(cls, folder: Path, precision: float = PRECISION) -> tuple[Classifier, dict[str, Any]]:
        """Return the classifier of a model folder, and its meta.

        Parameters
        ----------
        folder : of the model.
        precision : how often a topic that needs no review should be right; one of those that the model promises.

        Raises
        ------
        ModelError
            Where the folder is damaged, is a model of another kind, or does not promise such a precision.
        """
        meta, arrays = artefact.load(folder)
        try:
            heads = {h["name"]: Head(h["name"], tuple(h["labels"]), h["start"], h["sharpness"]) for h in meta["heads"]}
            weights = np.multiply(arrays["weights"], arrays["scale"], dtype=np.float32)
            rows, columns = weights.shape
            word_weights = np.multiply(arrays["word_weights"], arrays["word_scale"], dtype=np.float32)
            known = len(word_weights)
            firsts = len({label.split(SEPARATOR)[0] for label in heads["topic"].labels})
            shapes: dict[str, tuple[int, ...]] = {
                "keys": (rows,),
                "idf": (rows,),
                "bias": (columns,),
                "scale": (columns,),
            }
            shapes |= {"word_keys": (known,), "word_idf": (known,), "word_weights": (known, firsts)}
            wrong = [name for name, shape in shapes.items() if arrays[name].shape != shape]
            wrong += [name for name in ("topic", "intent", "junk", "priority") if name not in heads]
            wrong += [h.name for h in heads.values() if h.start < 0 or h.columns.stop > columns or not h.sharpness > 0]
            if wrong:
                raise ValueError(f"{'、'.join(wrong)} 与权重的大小不合")
            vocabulary = Vocabulary(arrays["keys"], arrays["idf"])
            promised = {
                float(each["precision"]): math.inf if each["threshold"] is None else float(each["threshold"])
                for each in meta["dials"]
            }
            checked = {**meta, "examples": int(meta["examples"])}
            if precision not in promised:
                offered = "、".join(f"{each:.0%}" for each in promised)
                again = "请换一档，或用 minyi train 重新训练。"
                raise ModelError(f"{folder}：这个模型只有 {offered} 的阈值，没有 {precision:.0%} 的。{again}")
            words = Vocabulary(arrays["word_keys"], arrays["word_idf"])
            told = [Border(b["topic"], tuple(b["terms"]), b["other"], b["share"]) for b in meta.get("borders", [])]
            borders = Borders(told, vocabulary, heads["topic"].labels)
            bias = arrays["bias"]
            return cls(vocabulary, weights, bias, heads, words, word_weights, borders, promised, precision), checked
        except (KeyError, ValueError, IndexError, TypeError, AttributeError) as error:
            raise ModelError(f"{folder}：模型不完整（{error}）。请用 minyi train 重新训练。") from error

    def judge(self, parts: Batch, told: Terms, odds: Doubles | None = None) -> list[Verdict]:
        """Return a verdict for each text.

        Parameters
        ----------
        parts : the folded clean texts, title and body with a newline between.
        told : their words, which are the second view; evidence is told in them.
        odds : (texts, topics) what an office's own terms add to the log-odds.
        """
        found, said = self.vocabulary.occurrences(parts), self.words.among(told.grams)
        logits = self.vocabulary.matrix(parts, found) @ self.weights + self.bias
        spoken = self.words.matrix(parts, said) @ self.word_weights
        head = self.heads["topic"]
        drawn = (logits[:, head.columns] + spoken[:, self._parent]) * head.sharpness
        topic = _softmax(drawn if odds is None else drawn + odds.astype(np.float32)).astype(np.float64)
        topic = self.borders.divide(topic, parts, found)
        firsts = topic @ self._sum  # precise enough not to depend on what else is in the batch
        first = firsts.argmax(axis=1)
        second = np.where(self._parent == first[:, None], topic, -1).argmax(axis=1)
        intents = self._probabilities(logits, "intent")
        names = self.heads["intent"].labels
        rounded = np.round(np.clip(firsts, 0, 1), 6)
        rows = zip(
            first.tolist(),
            second.tolist(),
            rounded.tolist(),
            self._evidence(parts, found, said, second, told),
            intents.argmax(axis=1).tolist(),
            intents.max(axis=1).tolist(),
            intents[:, names.index("complaint")].tolist(),
            self._probabilities(logits, "junk")[:, JUNK.index("junk")].tolist(),
            self._probabilities(logits, "priority").tolist(),
            strict=True,
        )
        return [self._verdict(*row) for row in rows]

    def _verdict(
        self,
        first: int,
        second: int,
        scores: list[float],
        evidence: tuple[Evidence, ...],
        intent: int,
        intent_confidence: float,
        complaint: float,
        junk: float,
        levels: list[float],
    ) -> Verdict:
        topic = Topic(
            level1=self.level1[first],
            level2=self.topics[second][1] or None,
            confidence=scores[first],
            scores=dict(zip(self.level1, scores, strict=True)),
            needs_review=scores[first] < self.dial,
            evidence=evidence,
        )
        name = self.heads["intent"].labels[intent]
        return Verdict(topic, name, intent_confidence, complaint, junk, tuple(levels))

    def _probabilities(self, logits: Floats, name: str) -> Floats:
        head = self.heads[name]
        return _softmax(logits[:, head.columns] * head.sharpness)

    def _evidence(
        self, parts: Batch, found: Occurrences, said: Occurrences, chosen: npt.NDArray[np.int64], told: Terms
    ) -> list[tuple[Evidence, ...]]:
        """Spread each n-gram's contribution over its characters and gather it by word.

        A contribution is what the n-gram adds to the logit of the chosen topic over the mean of all topics.
        """
        head = self.heads["topic"]
        column = head.start + chosen[parts.owners[found.position]]
        own = self.weights.take(found.column * self.weights.shape[1] + column)  # twice as fast as by row and column
        gain = (own - self._mean[found.column]) * self.vocabulary.idf[found.column]
        first = self._parent[chosen[parts.owners[said.position]]]
        more = (self.word_weights[said.column, first] - self._word_mean[said.column]) * self.words.idf[said.column]
        running = _running(parts, found, gain) + _running(parts, said, more)
        sums = np.bincount(told.term, running[told.ends] - running[told.starts], len(told)).astype(np.float64)
        best = strongest(told, sums, len(parts), _EVIDENCE)
        weights = np.round(sums * head.sharpness, 3).tolist()
        return [tuple([Evidence(told.word(index), weights[index]) for index in picked]) for picked in best]


def _running(parts: Batch, found: Occurrences, gain: Floats) -> npt.NDArray[np.float64]:
    """Return the running sum over a batch of what n-grams add, each spread over its characters.

    Rows have length 1: what an n-gram adds falls, about, with the root of their number.
    """
    row = parts.owners[found.position]
    size = len(parts.codes) + 1
    share = gain / found.length / np.sqrt(np.bincount(row, minlength=len(parts)))[row]
    change = np.bincount(found.position, share, size) - np.bincount(found.position + found.length, share, size)
    return np.concatenate([[0.0], np.cumsum(np.cumsum(change))])


def _softmax(logits: Floats) -> Floats:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Floats = shifted / shifted.sum(axis=1, keepdims=True)
    return result
