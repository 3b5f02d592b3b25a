"""Adapting the model that ships to an office: it stays what it is, and moves as far as the office's labels say.

Only the office's rows are gone through, so that no written text outvotes a letter, and training takes minutes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from pipeline import __version__, artefact
from pipeline.classify import SEPARATOR, Classifier, Head
from pipeline.errors import InputError
from pipeline.inputs import inputs
from pipeline.train.examples import Example
from pipeline.train.folds import FOLDS
from pipeline.train.held import Judged, Trained, text_ids
from pipeline.train.model import HEADS, quantised
from pipeline.train.office import OTHERS, Office, TopicsHeld, new_topics
from pipeline.train.progress import Tell, of, silent
from pipeline.train.report import report, versions
from pipeline.train.shift import Shift
from pipeline.train.views import first_level

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


def cross_validate(base: Classifier, examples: Sequence[Example]) -> Judged:
    """Return what folds say of the first-level topics of an office's rows, and train nothing else.

    Raises
    ------
    InputError
        Where there are too few rows, or all are of one topic.
    """
    with threadpool_limits(1):
        held = Office.of(base, _checked(base, examples)).held()
    if held is None:
        raise InputError("带主题的标签太少，或都是同一个主题：分不出用来检验的部分。请先多研判一些来件。")
    return held.crossed


def adapt(
    base: Classifier,
    meta: dict[str, Any],
    examples: Sequence[Example],
    name: str,
    *,
    sources: dict[str, str],
    tell: Tell = silent,
) -> Trained:
    """Adapt a model to an office's rows, and write nothing.

    Parameters
    ----------
    base, meta : the model that ships.
    examples : of the office alone.
    name, sources : of the model; name → hash of what the examples were read from.
    tell : is told each step.
    """
    with threadpool_limits(1):  # sums in one order on every machine
        tell("读标签，找重复的来件")
        office = Office.of(base, _checked(base, examples))
        held = office.held(of(HEADS["topic"], tell))
        of(HEADS["topic"], tell)("用全部标签定稿")
        rows = np.array([at for at, example in enumerate(examples) if example.topic], np.int64)
        columns = [_topics(office, office.topic(rows) if held else None)]
        heads = [Head("topic", tuple(office.order), 0, held.factor if held else 1.0)]
        for other in OTHERS:
            head, found = base.heads[other], office.other(other, of(HEADS[other], tell))
            weights, bias = base.weights[:, head.columns], base.bias[head.columns]
            if found:
                weights = weights * np.float32(head.sharpness) + found[0].weights
                bias = bias * np.float32(head.sharpness) + found[0].bias
            columns.append((weights, bias))
            heads.append(Head(other, head.labels, heads[-1].columns.stop, found[1] if found else head.sharpness))
    return _trained(office, meta, name, sources, heads, columns, held)


def _topics(office: Office, found: Shift | None) -> tuple[Floats, Floats]:
    """Return weights and biases of the topics."""
    head = office.base.heads["topic"]
    more = len(office.order) - len(head.labels)
    weights = np.pad(office.base.weights[:, head.columns] * np.float32(head.sharpness), ((0, 0), (0, more)))
    bias = np.concatenate(
        [office.base.bias[head.columns] * np.float32(head.sharpness), office.topics[0, len(head.labels) :]]
    )
    return (weights + found.weights, bias + found.bias) if found else (weights, bias)


def _trained(
    office: Office,
    meta: dict[str, Any],
    name: str,
    sources: dict[str, str],
    heads: Sequence[Head],
    columns: Sequence[tuple[Floats, Floats]],
    held: TopicsHeld | None,
) -> Trained:
    base, examples = office.base, office.examples
    weights, scale = quantised(np.hstack([each for each, _ in columns]))
    firsts = len({first_level(label) for label in office.order})
    spoken = base.word_weights * np.float32(base.heads["topic"].sharpness)
    word_weights, word_scale = quantised(np.pad(spoken, ((0, 0), (0, firsts - spoken.shape[1]))))
    arrays: dict[str, artefact.Array] = {
        "keys": base.vocabulary.keys, "idf": base.vocabulary.idf, "weights": weights, "scale": scale,
        "bias": np.concatenate([bias for _, bias in columns]).astype(np.float32), "word_keys": base.words.keys,
        "word_idf": base.words.idf, "word_weights": word_weights, "word_scale": word_scale,
        "seen": text_ids([each.text for each in examples]),
    }  # fmt: skip
    told = {key: meta[key] for key in ("report", "dials")}
    if held and len(trusted := office.trusted(held.crossed.rows)):
        known = held.crossed.only(trusted)
        told = report(known, [first_level(str(examples[at].topic)) for at in known.rows.tolist()], own=True)
    own = Counter(first_level(each.topic) for each in examples if each.topic)
    made = {
        "name": name, "software": __version__, "base": artefact.model_id(meta), "ordinal": meta["ordinal"],
        "heads": [asdict(head) | {"labels": list(head.labels)} for head in heads],
        "sources": {**meta["sources"], **sources}, "inputs": inputs(), "versions": versions(),
        "examples": int(meta["examples"]) + len(examples), "texts": Counter(meta["texts"]) + own,
        "cross_validation": {"level1_accuracy": told["report"]["accuracy"],
                             "level1_macro_f1": told["report"]["macro_f1"]},
        "borders": meta.get("borders", []), **told,
    }  # fmt: skip
    nothing = Judged(np.zeros(0, np.int64), np.zeros((0, 0)), ())
    return Trained(made, arrays, held.crossed if held else nothing, held.late if held else None)


def _checked(base: Classifier, examples: Sequence[Example]) -> Sequence[Example]:
    """Return examples whose own topics can be learned."""
    counts = Counter(str(each.topic) for each in examples if each.topic)
    for topic in new_topics(examples, base.heads["topic"].labels):
        if counts[topic] < FOLDS:
            raise InputError(
                f"主题“{topic.removesuffix(SEPARATOR)}”不是自带的，只有 {counts[topic]} 条：至少要 {FOLDS} 条。"
                "请补充标签，或改用自带的主题（corpora/topics.csv）。"
            )
    return examples
