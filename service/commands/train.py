"""`minyi train` and `minyi evaluate`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.export import check

if TYPE_CHECKING:
    from pipeline.labelled import Reading


def run_train(name: str, data: Sequence[Path], base: str | None, reading: Reading) -> int:
    """Train a model; see `service.cli.train.train`."""
    from pipeline import labelled, registry
    from pipeline.knowledge import model_folder
    from pipeline.train import topics, train
    from pipeline.train.report import percent
    from service.commands.models import tell

    folder = model_folder(name, new=True)
    registry.check_trainable(name, own=bool(data))
    examples, sources = labelled.gather(data, base=base, reading=reading)
    meta = train(examples, folder, sources=sources)
    found = meta["report"]
    dials = "，".join(f"{dial['precision']:.0%} 档 {percent(dial['coverage'])}" for dial in meta["dials"])
    new = sorted(set(meta["texts"]) - {first for first, _ in topics()})
    told = f"不在 15 个一级主题之中的标签：{'、'.join(new)}。它们会分到默认人员；要对应到一级主题，请用 --mapping。"
    tell(
        f"模型 {name}：{meta['examples']} 条文本，在 {folder}",
        f"交叉验证（{found['rows']} 条）：准确率 {percent(found['accuracy'])}，macro-F1 {found['macro_f1']:.4f}，"
        f"ECE {found['ece']:.4f}；免复核的比例：{dials}",
        *([told] if new else []),
        f"详见 minyi models show {name}；启用请用 minyi models promote {name}。",
    )
    return 0


def run_evaluate(data: Sequence[Path], model: str | None, reading: Reading, dial: float, out: Path | None) -> int:
    """Evaluate a model; see `service.cli.train.evaluate`."""
    from pipeline.evaluate import evaluate
    from service.commands.models import tell_scores, write_json

    if out:
        check(out, {".json"})
    scores = evaluate(data, model=model, reading=reading, dial=dial)
    tell_scores(scores)
    write_json(scores, out)
    return 0


def run_evaluate_priority(
    data: Sequence[Path],
    model: str | None,
    reading: Reading,
    out: Path | None,
    recall: float | None,
    own: Sequence[Path],
) -> int:
    """Evaluate the levels of a model; see `service.cli.train.evaluate`."""
    from pipeline.evaluate_priority import evaluate_priority
    from service.commands.models import write_json

    if out:
        check(out, {".json"})
    scores = evaluate_priority(data, model=model, reading=reading, recall=recall, own=own)
    write_json(scores, out)
    sys.stderr.write(_told_scores(scores))
    return 0


def _told_scores(scores: Mapping[str, Any]) -> str:
    """Return what an officer reads of the scores of priority."""
    lines = [f"{scores['rows']} 件，二次加权 kappa {scores['quadratic_kappa']:.3f}"]
    for key, name in (("high_or_urgent", "现在的刻度"), ("wanted", "要求的刻度")):
        if key in scores:
            at = scores[key]
            found = f"紧急和特急找出 {at['recall']:.0%}，标出 {at['flagged']} 件"
            lines.append(f"{name} {at['dial']}：{found}，其中 {at['precision']:.0%} 属实")
    if "wanted" in scores:
        at = scores["wanted"]
        per_day = f"，平均每天 {at['own_more_per_day']:+}" if at["own_days"] else "（没有日期，算不出每天）"
        lines.append(f"在 {at['own_rows']} 件自有来件上比现在多标 {at['own_more']:+} 件{per_day}")
        lines.append(f"要用这个刻度：minyi triage --priority-dial {at['dial']}")
    return "\n".join(lines) + "\n"
