"""Topic, intent and junk from one linear model over character n-grams, with the words that decided.

The second-level topic is given first; a first-level topic is as probable as its second-level ones together, so the
two never contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline import artefact
from pipeline.errors import ModelError
from pipeline.features import Batch, Occurrences, Vocabulary
from pipeline.records import Evidence, Topic
from pipeline.terms import Terms, strongest

Floats = npt.NDArray[np.float32]

SEPARATOR = "/"
"""Between the levels of a topic: 城乡建设/城乡规划."""
JUNK = ("real", "junk")
_EVIDENCE = 5


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


class Classifier:
    """The trained model; `Classifier.load` is the way to one.

    Parameters
    ----------
    vocabulary : the n-grams.
    weights : (n-grams, columns)
    bias : (columns,)
    heads : topic, intent, junk, priority.
    dial : confidence from which a topic needs no review.
    """

    def __init__(
        self, vocabulary: Vocabulary, weights: Floats, bias: Floats, heads: dict[str, Head], dial: float
    ) -> None:
        self.vocabulary = vocabulary
        self.weights = weights
        self.bias = bias
        self.heads = heads
        self.dial = dial
        topics = heads["topic"].labels
        self.topics = tuple(label.split(SEPARATOR) for label in topics)
        self.level1 = tuple(dict.fromkeys(first for first, _ in self.topics))
        self._parent = np.array([self.level1.index(first) for first, _ in self.topics])
        self._sum = np.zeros((len(topics), len(self.level1)))
        self._sum[np.arange(len(topics)), self._parent] = 1
        self._mean: Floats = weights[:, heads["topic"].columns].mean(axis=1)

    @classmethod
    def load(cls, folder: Path) -> tuple[Classifier, dict[str, Any]]:
        """Return the classifier of a model folder, and its meta.

        Raises
        ------
        ModelError
            Where the folder is damaged, or is a model of another kind.
        """
        meta, arrays = artefact.load(folder)
        try:
            heads = {h["name"]: Head(h["name"], tuple(h["labels"]), h["start"], h["sharpness"]) for h in meta["heads"]}
            weights = np.multiply(arrays["weights"], arrays["scale"], dtype=np.float32)
            rows, columns = weights.shape
            shapes = {"keys": (rows,), "idf": (rows,), "bias": (columns,), "scale": (columns,)}
            wrong = [name for name, shape in shapes.items() if arrays[name].shape != shape]
            wrong += [name for name in ("topic", "intent", "junk", "priority") if name not in heads]
            wrong += [h.name for h in heads.values() if h.start < 0 or h.columns.stop > columns or not h.sharpness > 0]
            if wrong:
                raise ValueError(f"{'、'.join(wrong)} 与权重的大小不合")
            vocabulary = Vocabulary(arrays["keys"], arrays["idf"])
            return cls(vocabulary, weights, arrays["bias"], heads, float(meta["dial"])), {
                **meta,
                "examples": int(meta["examples"]),
            }
        except (KeyError, ValueError, IndexError, TypeError, AttributeError) as error:
            raise ModelError(f"{folder}：模型不完整（{error}）。请用 minyi train 重新训练。") from error

    def judge(self, parts: Batch, told: Terms) -> list[Verdict]:
        """Return a verdict for each text.

        Parameters
        ----------
        parts : the folded clean texts, title and body with a newline between.
        told : their words; evidence is told in them.
        """
        found = self.vocabulary.occurrences(parts)
        matrix = self.vocabulary.matrix(parts, found)
        logits = matrix @ self.weights + self.bias
        topic = _softmax(logits[:, self.heads["topic"].columns] * self.heads["topic"].sharpness)
        firsts = topic.astype(np.float64) @ self._sum  # precise enough not to depend on what else is in the batch
        first = firsts.argmax(axis=1)
        second = np.where(self._parent == first[:, None], topic, -1).argmax(axis=1)
        intents = self._probabilities(logits, "intent")
        junk = self._probabilities(logits, "junk")[:, JUNK.index("junk")]
        levels = self._probabilities(logits, "priority")
        evidence = self._evidence(parts, found, second, told)
        rounded = np.round(np.clip(firsts, 0, 1), 6)
        names = self.heads["intent"].labels
        return [
            Verdict(
                topic=Topic(
                    level1=self.level1[first[row]],
                    level2=self.topics[second[row]][1] or None,
                    confidence=rounded[row, first[row]].item(),
                    scores=dict(zip(self.level1, rounded[row].tolist(), strict=True)),
                    needs_review=bool(rounded[row, first[row]] < self.dial),
                    evidence=evidence[row],
                ),
                intent=names[intents[row].argmax()],
                intent_confidence=float(intents[row].max()),
                complaint=float(intents[row, names.index("complaint")]),
                junk=float(junk[row]),
                levels=tuple(levels[row].tolist()),
            )
            for row in range(len(parts))
        ]

    def _probabilities(self, logits: Floats, name: str) -> Floats:
        head = self.heads[name]
        return _softmax(logits[:, head.columns] * head.sharpness)

    def _evidence(
        self, parts: Batch, found: Occurrences, chosen: npt.NDArray[np.int64], told: Terms
    ) -> list[tuple[Evidence, ...]]:
        """Spread each n-gram's contribution over its characters and gather it by word.

        A contribution is what the n-gram adds to the logit of the chosen topic over the mean of all topics.
        """
        row = parts.owners[found.position]
        head = self.heads["topic"]
        gain = self.weights[found.column, head.start + chosen[row]] - self._mean[found.column]
        gain *= self.vocabulary.idf[found.column] / found.length
        size = len(parts.codes) + 1
        change = np.bincount(found.position, gain, size) - np.bincount(found.position + found.length, gain, size)
        running = np.concatenate([[0.0], np.cumsum(np.cumsum(change))])
        sums = np.bincount(told.term, running[told.ends] - running[told.starts], len(told)).astype(np.float64)
        best = strongest(told, sums, len(parts), _EVIDENCE)
        sums *= head.sharpness / np.sqrt(np.diff(parts.starts))[told.rows]  # about what the rows' lengths make of it
        weights = np.round(sums, 3).tolist()
        return [tuple([Evidence(told.word(index), weights[index]) for index in picked]) for picked in best]


def _softmax(logits: Floats) -> Floats:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Floats = shifted / shifted.sum(axis=1, keepdims=True)
    return result
