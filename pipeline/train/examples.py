"""What a model learns from: the written texts, and what corpora/ says of the topics."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.classify import SEPARATOR
from pipeline.clean import clean
from pipeline.errors import CorpusError
from pipeline.knowledge import CORPORA, digest, table
from pipeline.records import INTENTS, LEVELS

_SENTENCE_WEIGHT = 0.2
_TERM_WEIGHT = {1: 0.05, 2: 0.1, 3: 0.2}
"""What a sentence of topics.csv, and a term by its weight in the lexicon, counts beside a letter: there are many."""
TRUSTED = 0.5
"""An office's label that counts less is no truth to judge by: a glance agrees with whatever the model said."""


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text; a label that is None is not used for its head.

    `knowledge` marks what is no submission but says what belongs to a topic. `hand` names the batch that a text was
    written in: where there are several, a model is judged on the ones that it was not trained on. `weight` is how much
    it counts: an office's label as much as it is to be trusted (see `pipeline.labels`). `day` is when that was given,
    `issue` the matter that officers put it to.
    """

    text: str
    topic: str | None = None
    intent: str | None = None
    priority: str | None = None
    junk: bool = False
    knowledge: bool = False
    hand: str = ""
    weight: float = 1.0
    day: str = ""
    issue: str = ""


def topics() -> list[tuple[str, str]]:
    """Return the topics, first and second level, in the order of corpora/topics.csv."""
    return [(row["level1"], row["level2"]) for _, row in table(CORPORA / "topics.csv", "level1", "level2")]


def written_files() -> list[Path]:
    """Return the files of written texts in a fixed order."""
    return sorted((CORPORA / "written").glob("*.jsonl"))


def read_written(paths: Sequence[Path]) -> list[Example]:
    """Return the examples of files in the form of corpora/written.

    Raises
    ------
    CorpusError
        Where a line breaks a rule; the message names file, line and rule.
    """
    known = {SEPARATOR.join(topic) for topic in topics()}
    examples = []
    for path in paths:
        hand = path.stem.partition("_")[2] or "first"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            where = f"{path.name} 第 {number} 行"
            try:
                row = json.loads(line)
                topic = None if row["level1"] is None else row["level1"] + SEPARATOR + row["level2"]
                text = clean(row["title"] + "\n" + row["body"] if row["title"] else row["body"]).text
            except (ValueError, KeyError, TypeError) as error:
                raise CorpusError(f"{where}：不是有效的一行（{error}）。") from error
            if topic is not None and topic not in known:
                raise CorpusError(f"{where}：没有主题“{topic}”。主题见 corpora/topics.csv。")
            if row["intent"] not in INTENTS or row["priority"] not in LEVELS:
                raise CorpusError(f"{where}：诉求类型“{row['intent']}”或紧急程度“{row['priority']}”不在表中。")
            if topic is None:
                examples.append(Example(text, junk=True, hand=hand))
            else:
                examples.append(Example(text, topic, row["intent"], row["priority"], hand=hand))
    return examples


def read_knowledge() -> list[Example]:
    """Return what topics.csv and the topic lexicon say, as short texts that are used for topics alone."""
    examples = []
    for _, row in table(CORPORA / "topics.csv"):
        topic = row["level1"] + SEPARATOR + row["level2"]
        own = [
            row["definition"],
            row["level2"],
            *row["belongs"].split("|"),
            *row["aliases"].split("|"),
            *row["matters"].split("|"),
        ]
        said = [text for text in own if text and row["level2"] != "其他"]
        examples += [Example(text, topic, knowledge=True, weight=_SENTENCE_WEIGHT) for text in said]
    for _, row in table(CORPORA / "lexicon" / "topics.csv", "term", "level1", "level2", "weight"):
        topic = row["level1"] + SEPARATOR + row["level2"]
        examples.append(Example(row["term"], topic, knowledge=True, weight=_TERM_WEIGHT[int(row["weight"])]))
    return examples


def corpora_sources() -> dict[str, str]:
    """Return the hashes of what corpora/ gives to training."""
    knowledge = [CORPORA / name for name in ("topics.csv", "borders.csv", "lexicon/topics.csv")]
    return {"corpora/written": digest(*written_files()), "corpora/topics": digest(*knowledge)}
