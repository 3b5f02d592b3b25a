"""Whether a candidate should take the place of the working model, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

_SURE = 3.84
"""Of the χ² of one degree of freedom, 5 % lie above."""
_MOST = 20_000
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to make of a candidate.

    kind : "better", "worse", "equal" (no difference that is more than chance) or "unknown" (too few rows to tell).
    lines : why, and what to do next, in Chinese.
    """

    kind: str
    lines: tuple[str, ...]


def verdict(name: str, crossed: Mapping[str, Any] | None, late: Mapping[str, Any] | None = None) -> Verdict:
    """Return the verdict on a candidate.

    Worse is what is worse by any measure by more than chance; better, what is better by one and worse by none.

    Parameters
    ----------
    name : of the candidate.
    crossed, late : `pipeline.compare.compare` of the working model and the candidate, by folds and on the latest rows;
        None where there were too few rows.
    """
    if crossed is None:
        return Verdict("unknown", (
            "结论：还比不出来。现用模型没见过的、可信的标签不足 50 条（批量通过的不算）。",
            f"下一步：用 minyi labels next 挑来件复核，够了再训练；{name} 先不要启用。",
        ))  # fmt: skip
    measures = [("准确率", crossed["accuracy"]), ("macro-F1", crossed["macro_f1"])]
    if late:
        measures += [("最近来件的准确率", late["accuracy"])]
    down = [_change(*each) for each in measures if each[1]["real"] and each[1]["difference"] < 0]
    up = [_change(*each) for each in measures if each[1]["real"] and each[1]["difference"] > 0]
    topics = _topics(crossed)
    if down:
        return Verdict("worse", (
            f"结论：更差。{'；'.join(down)}，都不是碰巧。{topics}",
            f"下一步：不要启用 {name}。先看“标签存疑”一栏（minyi labels check），改正错标后再训练。",
        ))  # fmt: skip
    if up:
        return Verdict("better", (
            f"结论：更好。{'；'.join(up)}，不是碰巧。{topics}",
            f"下一步：可先旁路运行（minyi models shadow {name} 来件），看过差异后 minyi models promote {name}。",
        ))  # fmt: skip
    shown = "；".join(_change(*each) for each in measures)
    return Verdict("equal", (
        f"结论：分不出高下。{shown}，可能只是碰巧。{topics}",
        f"下一步：不必启用 {name}。{_more(crossed)}挑哪些，请用 minyi labels next。",
    ))  # fmt: skip


def _change(measure: str, each: Mapping[str, Any]) -> str:
    return f"{measure} {each['a']:.3f} → {each['b']:.3f}（{100 * each['difference']:+.1f} 个百分点）"


def _topics(found: Mapping[str, Any]) -> str:
    """Name the topics that changed by more than chance."""
    told = []
    for word, sign in (("变好", 1), ("变差", -1)):
        real = [
            (label, row) for label, row in found["per_label"].items() if row["real"] and row["difference"] * sign > 0
        ]
        real.sort(key=lambda each: -abs(each[1]["difference"]))
        if real:
            told.append(f"{word}的主题：{'、'.join(label for label, _ in real[:_SHOWN])}。")
    return "".join(told)


def _more(found: Mapping[str, Any]) -> str:
    """Say how many more labels would show whether a difference of this size is real (McNemar's test turned round)."""
    right = found["accuracy"]
    gap = abs(right["only_a"] - right["only_b"])
    if not gap:
        return "两个模型对错的条数相同，差别即使有也很小。"
    needed = ceil(found["rows"] * (_SURE * (right["only_a"] + right["only_b"]) / gap**2 - 1))
    if needed > _MOST:
        return "差别太小，再标也难看出来。"
    return f"差别若是真的，约再标 {max(needed, 0)} 件才看得出来。"
