"""Labels that come from officers' work: what stands in the file, and how much each is to be trusted.

A file of labels (.jsonl, .csv, .xlsx …; docs/labels.md) has a row for each item that an officer dealt with. Some of it
is better evidence than the rest: who corrected a topic has read the text, who let a page of fifty pass has glanced at
it. `SOURCES` says what each kind counts in training beside a written text; a column `weight` overrules it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from pipeline import labelled
from pipeline.classify import SEPARATOR
from pipeline.errors import InputError
from pipeline.knowledge import digest
from pipeline.labelled import PRIORITY, Reading
from pipeline.records import INTENTS, day
from pipeline.train import Example

SOURCES = {
    "glance": 0.2,
    "accepted": 0.6,
    "merged": 0.4,
    "reprioritised": 1.0,
    "split": 1.0,
    "corrected": 1.0,
    "second": 1.0,
    "handed_back": 0.0,
}
"""How an officer dealt with an item → what its labels count.

glance : one of many that were accepted at once. accepted : by itself. merged : put to an issue; who sees that two texts
are of one matter has not read their topic.
reprioritised, split, corrected : the text was read and something changed. second : read by another officer, who did not
see the first label; it settles the item. handed_back : the one who was to take it up said that it is not theirs
(权属不清): the topic is in doubt until somebody reads it again, and so is the routing of that topic.
"""
NO_TOPIC = ("垃圾信息", "junk")
"""What stands in place of a topic where an officer found that a text is no submission."""
_NAMES = ("id", "level2", "intent", PRIORITY, "source", "weight", "reason", "reviewer", "reviewed_at", "model", "said",
          "confidence", "issue", "submitted_at")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Label:
    """What an officer said of one text; a label that is empty was not given.

    text : cleaned; personal data may be masked.
    topic, level2, intent, priority : the labels.
    source : how it came about, one of `SOURCES`; "corrected" where a file says nothing.
    weight : what it counts in training, 0 to 10.
    reason : of a hand-back or a correction, in the officer's words.
    reviewer, reviewed_at : who, and when.
    model, said, confidence : which model had said what topic of it, and how sure it was; -1 where unknown.
    issue : texts about one matter have the same; they never stand on both sides of a test.
    """

    text: str
    id: str = ""
    topic: str = ""
    level2: str = ""
    intent: str = ""
    priority: str = ""
    source: str = "corrected"
    weight: float = 1.0
    reason: str = ""
    reviewer: str = ""
    reviewed_at: str = ""
    model: str = ""
    said: str = ""
    confidence: float = -1.0
    issue: str = ""
    submitted_at: str = ""

    @property
    def day(self) -> str:
        """The day of the review, else that of the submission."""
        return day(self.reviewed_at) or day(self.submitted_at)

    def example(self) -> Example:
        """Return it as something to learn from."""
        if self.topic in NO_TOPIC:
            return Example(self.text, junk=True, weight=self.weight)
        topic = self.topic + SEPARATOR + self.level2 if self.topic else None
        return Example(
            self.text,
            topic,
            self.intent or None,
            self.priority or None,
            weight=self.weight,
            day=self.day,
            issue=self.issue,
        )


def read(paths: Sequence[Path], reading: Reading | None = None) -> list[Label]:
    """Return the rows of files that have any label, in their order.

    Raises
    ------
    InputError
        Where a file has no column of a label, or a value is none that exists.
    """
    reading = reading or Reading()
    return [label for path in paths for label in _read(path, reading)]


def _read(path: Path, reading: Reading) -> Iterable[Label]:
    rows, seen = labelled.columns_of(path, (reading.label, *_NAMES), reading.wanted, label=reading.label)
    wanted = (reading.label, "intent", PRIORITY)
    if not seen.intersection(wanted):
        raise InputError(
            f"{path}：没有标签列。看到的列：{'、'.join(sorted(seen))}；需要 {'、'.join(wanted)} 之一，"
            "主题列叫别的名字时请用 --label 指明。"
        )
    for (line, text, cells), topic in zip(rows, labelled.map_topics(path, rows, reading), strict=True):
        told = {name: cell for name, cell in cells.items() if name in _NAMES} | topic
        if any(told.get(name) for name in ("topic", "intent", PRIORITY)):
            yield _label(text, told, f"{path} 第 {line} 行", path)


def _label(text: str, told: Mapping[str, str], where: str, path: Path) -> Label:
    source = told.get("source", "corrected")
    if source not in SOURCES and "weight" not in told:
        raise InputError(f"{where}：标签来源“{source}”不在 {'、'.join(SOURCES)} 之中。请改正，或用 weight 列写明权重。")
    if told.get("intent", "complaint") not in INTENTS[:4]:
        raise InputError(f"{where}：诉求类型“{told['intent']}”不在 {'、'.join(INTENTS[:4])} 之中。")
    figures = {"weight": SOURCES.get(source, 1.0), "confidence": -1.0}
    for name, most in (("weight", 10.0), ("confidence", 1.0)):
        try:
            figures[name] = float(told.get(name, figures[name]))
        except ValueError:
            figures[name] = most + 1
        if figures[name] > most or (figures[name] < 0 and name in told):
            raise InputError(f"{where}：{name}“{told[name]}”应是 0 到 {most:g} 的数。请改正。")
    priority = labelled.level(told[PRIORITY], path) if told.get(PRIORITY) else ""
    rest = {name: told[name] for name in told if name not in (PRIORITY, *figures)}
    return Label(text, **rest, priority=priority, weight=figures["weight"], confidence=figures["confidence"])


def settled(labels: Iterable[Label]) -> list[Label]:
    """Return one label for each item, in the order of the items' first rows.

    A second reading settles it unless it was corrected after, else the latest review; rows without an id are items of
    their own.
    """
    items: defaultdict[str, list[Label]] = defaultdict(list)
    for at, label in enumerate(labels):
        items[label.id or f"\0{at}"].append(label)
    return [_settled(each) for each in items.values()]


def _settled(rows: Iterable[Label]) -> Label:
    ordered = sorted(rows, key=lambda label: (label.reviewed_at, label.source == "second"))
    last = next((label for label in reversed(ordered) if label.source in ("second", "corrected")), None)
    return last if last and last.source == "second" else ordered[-1]


def sources(paths: Sequence[Path], labels: Sequence[Label]) -> dict[str, str]:
    """Return the files with their hashes, as they stand in the meta of a model that was trained on them."""
    found: dict[str, str] = {}
    for path in paths:
        name = next(name for n in range(1, len(paths) + 1) if (name := path.name + f"#{n}" * (n > 1)) not in found)
        found[name] = digest(path)
    return {**found, "labels": f"{len(labels)} 条，权重合计 {sum(label.weight for label in labels):.0f}"}


@dataclass(slots=True)
class HandBacks:
    """How often items of a topic were handed back, and with which reasons: evidence on routing, not on topics.

    said : the topic that the routing followed.
    """

    said: str
    rows: int = 0
    back: int = 0
    reasons: list[str] = field(default_factory=list)


def hand_backs(labels: Iterable[Label]) -> list[HandBacks]:
    """Return the topics with hand-backs, the most frequent first; a row of the crosswalk may be at fault."""
    found: defaultdict[str, HandBacks] = defaultdict(lambda: HandBacks(""))
    for label in labels:
        topic = label.said or label.topic
        each = found[topic]
        each.said, each.rows = topic, each.rows + 1
        if label.source == "handed_back":
            each.back += 1
            each.reasons += [label.reason] if label.reason else []
    return sorted((each for each in found.values() if each.back), key=lambda each: (-each.back, each.said))


COLUMNS = tuple(each.name for each in fields(Label))
"""The columns of a file of labels, as `minyi labels` writes it."""
