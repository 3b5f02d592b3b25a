"""Labelled rows of an office, for training and for scoring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.classify import SEPARATOR
from pipeline.clean import clean
from pipeline.errors import InputError, RowError
from pipeline.ingest import FORMATS
from pipeline.ingest.columns import TEXT_FIELDS, mapping, to_submission
from pipeline.knowledge import digest
from pipeline.records import INTENTS, LEVELS, Source
from pipeline.train import Example, corpora_sources, read_knowledge, read_written, written_files

_LABELS = ("level2", "intent", "priority")
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


def read(path: Path, label: str) -> list[tuple[str, dict[str, str]]]:
    """Return `(clean text, labels)` for the rows of a file that have text and a label.

    Raises
    ------
    InputError
        Where the file cannot be read, or has no column `label`.
    """
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"{path}：不支持“{path.suffix}”格式。可用的格式：{' '.join(FORMATS)}。")
    source = Source(str(path))
    rows: list[tuple[str, dict[str, str]]] = []
    seen: set[str] = set()
    try:
        with path.open("rb") as stream:
            for line, values, _ in FORMATS[path.suffix.lower()](stream, source, {}):
                if isinstance(values, RowError):
                    raise InputError(f"{path} 第 {line} 行：{values}")
                seen.update(values)
                try:
                    text = clean(to_submission(values, mapping(values, {})).text).text
                except RowError as error:
                    raise InputError(f"{path} 第 {line} 行：{error}") from error
                rows.append((text, {name: str(values[name]) for name in (label, *_LABELS) if values.get(name)}))
    except OSError as error:
        raise InputError(f"{path}：打不开（{error.strerror}）。请检查路径。") from error
    if label not in seen:
        others = "、".join(sorted(seen - set(TEXT_FIELDS))) or "没有别的列"
        raise InputError(f"{path}：没有标签列“{label}”。看到的列：{others}。请用 --label 指明。")
    return [(text, labels) for text, labels in rows if label in labels]


def gather(data: Sequence[Path], *, base: str | None, label: str) -> tuple[list[Example], dict[str, str]]:
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
        sources[path.name] = digest(path)
        for text, labels in read(path, label):
            intent, priority = labels.get("intent"), labels.get(PRIORITY)
            if intent is not None and intent not in INTENTS[:4]:
                raise InputError(f"{path}：诉求类型“{intent}”不在 {'、'.join(INTENTS[:4])} 之中。")
            if priority is not None:
                priority = level(priority, path)
            topic = None if label == PRIORITY else labels[label] + SEPARATOR + labels.get("level2", "")
            examples.append(Example(text, topic, intent, priority))
    return examples, sources
