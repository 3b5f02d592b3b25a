"""What the folder of a model says of it: scores on held-out texts, calibration, the dial's promises, versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from pipeline import calibration
from pipeline.scores import score
from pipeline.train.held import Judged

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "opencc")
_NAMES = {
    "topic_accuracy": "二级主题准确率",
    "intent_accuracy": "诉求类型准确率",
    "junk_accuracy": "垃圾信息准确率",
    "priority_accuracy": "紧急程度准确率",
}
_CONFUSED = 12


def report(found: Judged, truth: Sequence[str], *, own: bool) -> dict[str, Any]:
    """Return scores of the first level on held-out texts ("report") and the promises of the dial ("dials").

    Parameters
    ----------
    found : what is said of texts that were held out.
    truth : their first-level topics.
    own : whether the texts are an office's own, and not of the hands that wrote corpora/.
    """
    said = [found.names[at] for at in found.chances.argmax(axis=1)]
    confidence = found.chances.max(axis=1)
    right = np.array(said) == np.array(truth)
    told = score(truth, said, confidence)
    return {"report": {"own": own, **told}, "dials": calibration.dials(confidence, right)}


def versions() -> dict[str, str]:
    """Return the versions that the bytes of a model depend on."""
    return {name: version(name) for name in _LIBRARIES}


def percent(share: float | None) -> str:
    """Return a share as people read it.

    >>> percent(0.9512), percent(None)
    ('95.1%', '—')
    """
    return "—" if share is None else f"{100 * share:.1f}%"


def _table(*rows: Sequence[object]) -> list[str]:
    head, *body = ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return [head, "|" + "---|" * len(rows[0]), *body, ""]


def _retrained(found: Mapping[str, Any] | None) -> list[str]:
    """Return what a retraining said of the candidate beside the model that worked then."""
    return ["## 与当时的模型相比", "", f"与 {found['against']} 相比：", *found["verdict"]["lines"], ""] if found else []


def card(meta: Mapping[str, Any]) -> str:
    """Return the card of a model, in Chinese and Markdown."""
    found = meta["report"]
    if found["own"]:
        judged = "本单位数据交叉验证（同一件事的来件不分在两边）"
    else:
        judged = "自带语料交叉验证（轮流换一批撰写人，其中没有真实来信；对真实来信一般要低一些）"
    dials = [
        (
            percent(d["precision"]),
            "达不到" if d["threshold"] is None else f"{d['threshold']:.4f}",
            percent(d["coverage"]),
        )
        for d in meta["dials"]
    ]
    topics = [
        (name, meta["texts"].get(name, 0), *(f"{row[key]:.3f}" for key in ("precision", "recall", "f1")))
        for name, row in found["per_label"].items()
    ]
    bins = [
        (f"{b['from']}–{b['to']}", b["rows"], percent(b["confidence"]), percent(b["accuracy"]))
        for b in found["reliability"]
    ]
    lines = [
        f"# 模型 {meta['name']}",
        "",
        f"minyi {meta['software']} 用 {meta['examples']} 条文本训练。",
        f"{judged}：{found['rows']} 条，",
        f"一级主题准确率 {percent(found['accuracy'])}，macro-F1 {found['macro_f1']:.4f}，"
        f"校准误差 ECE {found['ece']:.4f}。",
        "",
        *_retrained(meta.get("retrained")),
        "## 精度档位",
        "",
        *_table(("承诺的准确率", "把握不低于", "免复核的比例"), *dials),
        "## 各主题",
        "",
        *_table(("主题", "训练文本", "查准", "查全", "F1"), *topics),
        "## 最常见的混淆",
        "",
        *_table(
            ("应为", "判为", "条数"), *((c["truth"], c["said"], c["rows"]) for c in found["confusion"][:_CONFUSED])
        ),
        "## 把握与实际",
        "",
        *_table(("把握", "条数", "平均把握", "实际准确率"), *bins),
        "## 其他",
        "",
        *(f"- {_NAMES[name]}：{value}" for name, value in meta["cross_validation"].items() if name in _NAMES),
        "- 数据：" + "，".join(f"{name} {value}" for name, value in meta["sources"].items()),
        "- 输入：" + "，".join(f"{name} {value}" for name, value in meta["inputs"].items()),
        "- 版本：" + "，".join(f"{name} {value}" for name, value in meta["versions"].items()),
    ]
    return "\n".join(lines) + "\n"
