"""Labelled rows of an office, for training and for scoring; its labels may be mapped to our topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.classify import SEPARATOR
from pipeline.clean import clean
from pipeline.errors import InputError, RowError
from pipeline.ingest import FORMATS
from pipeline.ingest.columns import TEXT_FIELDS, check_wanted, mapping, plain, to_submission
from pipeline.knowledge import digest, table
from pipeline.records import INTENTS, LEVELS, Source
from pipeline.train import Example, corpora_sources, read_knowledge, read_written, topics, written_files

_LABELS = ("level2", "intent", "priority")
Row = tuple[str, dict[str, str]]
Line = tuple[int, str, dict[str, str]]
"""The number of a line, its clean text and the columns asked for."""
_LEVEL_NAMES = {"特急": "urgent", "紧急": "high", "普通": "normal", "低": "low"}
PRIORITY = "priority"
"""The label of files that correct priority alone and may say nothing of topics."""


def level(value: str, path: Path) -> str:
    """Return a level by its name in English or Chinese.

    Raises
    ------
    InputError
        Where it is none.
    """
    name = _LEVEL_NAMES.get(value.strip(), value.strip())
    if name not in LEVELS:
        raise InputError(f"{path}：紧急程度“{value}”不在 {'、'.join(LEVELS)}（{'、'.join(_LEVEL_NAMES)}）之中。")
    return name


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read an office's labelled files.

    label : the column of the label.
    mapping : a table from the office's labels to our topics (label, level1, level2), where they are not ours.
    wanted : field → header, for columns of unusual names.
    """

    label: str = "topic"
    mapping: Path | None = None
    wanted: Mapping[str, str] = field(default_factory=dict)


def load_mapping(path: Path) -> dict[str, tuple[str, str]]:
    """Return label → topic of a mapping table; a label whose first level is empty is left out of training.

    Raises
    ------
    InputError
        Where a topic is not among ours, or a label stands twice.
    """
    known = set(topics())
    firsts = dict.fromkeys(first for first, _ in topics())
    found: dict[str, tuple[str, str]] = {}
    for line, row in table(path, "label", "level1"):
        topic = row["level1"], row.get("level2", "")
        if row["label"] in found:
            raise InputError(f"{path} 第 {line} 行：标签“{row['label']}”重复。请只留一行。")
        if topic[0] not in ("", *firsts) or (topic[1] and topic not in known):
            name = SEPARATOR.join(each for each in topic if each)
            raise InputError(f"{path} 第 {line} 行：没有主题“{name}”。可用的主题见 corpora/topics.csv。")
        found[row["label"]] = topic
    return found


def read(path: Path, reading: Reading) -> list[Row]:
    """Return `(clean text, labels)` for the rows of a file that have text and a label; the topic under "topic".

    Raises
    ------
    InputError
        Where the file cannot be read, has no such column, or a label that is not mapped.
    """
    label = reading.label
    rows = _read(path, label, reading.wanted)
    if label == PRIORITY:
        return [(text, labels) for _, text, labels in rows]
    found = []
    for (_, text, labels), topic in zip(rows, map_topics(path, rows, reading), strict=True):
        del labels[label]
        if topic:
            found.append((text, {**labels, **topic}))
    return found


def map_topics(path: Path, rows: Sequence[Line], reading: Reading) -> list[dict[str, str]]:
    """Return `topic`, and `level2` where a table maps labels, for rows of a file; {} where a row has none.

    Raises
    ------
    InputError
        Where a label is not mapped.
    """
    mapped = load_mapping(reading.mapping) if reading.mapping else None
    found = []
    for line, _, labels in rows:
        topic, second = labels.get(reading.label, ""), {}
        if mapped is not None and topic:
            if topic not in mapped:
                raise InputError(
                    f"{path} 第 {line} 行：标签“{topic}”不在对照表 {reading.mapping} 中。"
                    "请补上一行（level1 留空表示不用这类来件）。"
                )
            topic, level2 = mapped[topic]
            second = {"level2": level2}
        found.append({"topic": topic.replace(SEPARATOR, "／"), **second} if topic else {})
    return found


def levels(path: Path, reading: Reading) -> list[tuple[str, str]]:
    """Return `(clean text, level)` for the rows of a file that have a level in the column of the label."""
    rows = _read(path, reading.label, reading.wanted)
    return [(text, level(labels[reading.label], path)) for _, text, labels in rows]


def _read(path: Path, label: str, wanted: Mapping[str, str]) -> list[Line]:
    """Return line, clean text and labels for the rows of a file that have text and a label.

    Raises
    ------
    InputError
        Where the file cannot be read, or has no column `label`.
    """
    rows, seen = columns_of(path, (label, *_LABELS), wanted, label=label)
    if label not in seen:
        others = "、".join(sorted(seen - set(TEXT_FIELDS))) or "没有别的列"
        raise InputError(f"{path}：没有标签列“{label}”。看到的列：{others}。请用 --label 指明。")
    return [row for row in rows if label in row[2]]


def columns_of(
    path: Path, names: Sequence[str], wanted: Mapping[str, str], *, label: str
) -> tuple[list[Line], set[str]]:
    """Return the rows of a file with some of their columns, and the headers that it has.

    Parameters
    ----------
    path : the file.
    names : the columns; a row has only those that are not empty.
    wanted : field → header, for columns of unusual names.
    label : the column of the topic, which is no part of the text whatever it is called.

    Raises
    ------
    InputError
        Where the file or one of its rows cannot be read.
    """
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"{path}：不支持“{path.suffix}”格式。可用的格式：{' '.join(FORMATS)}。")
    check_wanted(wanted)
    source = Source(str(path))
    rows: list[Line] = []
    seen: set[str] = set()
    try:
        with path.open("rb") as stream:
            for line, values, _ in FORMATS[path.suffix.lower()](stream, source, wanted):
                if isinstance(values, RowError):
                    raise InputError(f"{path} 第 {line} 行：{values}")
                seen.update(values)
                told = {name: value for name, value in values.items() if name != label}  # 主题 is a title elsewhere
                try:
                    text = clean(to_submission(told, mapping(told, wanted)).text).text
                except RowError as error:
                    raise InputError(f"{path} 第 {line} 行：{error}") from error
                cells = {name: plain(values.get(name)).strip() for name in names}
                rows.append((line, text, {name: cell for name, cell in cells.items() if cell}))
    except OSError as error:
        raise InputError(f"{path}：打不开（{error.strerror}）。请检查路径。") from error
    return rows, seen


def gather(data: Sequence[Path], *, base: str | None, reading: Reading) -> tuple[list[Example], dict[str, str]]:
    """Return the examples to train on, and the hashes of what they come from.

    Without `base` the topics are those of the data alone; intent, junk and priority are learned from corpora/ in any
    case. A label without a second level, on top of corpora/, takes the one that training finds most likely. Where the
    label asked for is the priority, the rows need no topic: they correct priority alone.
    """
    if base not in (None, "corpora"):
        raise InputError(f"--base {base}：只能是 corpora（自带语料）。")
    if base is None and not data:
        raise InputError("没有训练数据：请用 --data 给出带标签的文件，或用 --base corpora。")
    examples = read_written(written_files())
    if base is None:
        examples = [replace(example, topic=None) for example in examples]
    else:
        examples += read_knowledge()
    sources = corpora_sources()
    for path in data:
        rows = read(path, reading)
        name = next(name for n in range(1, len(data) + 1) if (name := path.name + f"#{n}" * (n > 1)) not in sources)
        sources[name] = f"{digest(path)}（{len(rows)} 条）"
        for text, labels in rows:
            intent, priority = labels.get("intent"), labels.get(PRIORITY)
            if intent is not None and intent not in INTENTS[:4]:
                raise InputError(f"{path}：诉求类型“{intent}”不在 {'、'.join(INTENTS[:4])} 之中。")
            if priority is not None:
                priority = level(priority, path)
            topic = labels["topic"] + SEPARATOR + labels.get("level2", "") if "topic" in labels else None
            examples.append(Example(text, topic, intent, priority))
    return examples, sources
