"""What `minyi drift` and `minyi models shadow` do: models against what comes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline import artefact, labels, registry
from pipeline.classify import Classifier
from pipeline.clean import clean
from pipeline.drift import MEASURES, Drift, Seen, Week, drift, overrides
from pipeline.errors import InputError
from pipeline.evaluate import verdicts
from pipeline.ingest import Intake
from pipeline.records import day, to_json
from pipeline.segment import Segmenter
from pipeline.shadow import moves, shadow
from pipeline.train.report import percent
from service.commands.common import SHOWN, Rejections, kept, print_lines
from service.commands.models import table, tell, write_json
from service.export import beside

_NAMES = {"mix": "主题构成", "strange": "没见过的词", "doubt": "把握不足"}
_TERMS = 40
_LEAST = 30


def run_drift(
    files: Sequence[Path],
    against: Sequence[Path],
    labelled: Sequence[Path],
    out: Path | None,
    wanted: Mapping[str, str],
    model: str | None,
) -> int:
    """Tell how what comes in has changed; see `service.cli.loop.drift`."""
    rejections = Rejections.of([*files, *against], out, {".json"})
    classifier, _ = registry.load(model)
    reviews = overrides(labels.read(labelled)) if labelled else []
    with kept(rejections):
        before, after = (
            _seen(Intake(some, wanted=wanted, rejected=rejections), classifier) for some in (against, files)
        )
        if len(before) < _LEAST or not after:
            raise InputError(
                f"--against 有 {len(before)} 件、来件有 {len(after)} 件：至少要 {_LEAST} 件和 1 件才能比。"
            )
        found = drift(before, after)
        tell(*_told(found, reviews))
        if out:
            weeks = [{"since": since, "reviews": rows, "share": round(share, 4)} for since, rows, share in reviews]
            write_json({"weeks": [asdict(each) for each in found.weeks], "overrides": weeks, **found.offered()}, out)
    return 1 if rejections.count else 0


def _seen(intake: Intake, classifier: Classifier) -> list[Seen]:
    segmenter = Segmenter()
    given = [(clean(each.text).text, day(each.submitted_at or "")) for each in intake]
    said = verdicts(classifier, [text for text, _ in given])
    return [Seen(segmenter.cut(text), each.topic, when) for (text, when), each in zip(given, said, strict=True)]


def _told(found: Drift, reviews: Sequence[tuple[str, int, float]]) -> list[Any]:
    """Return what a person reads of drift: a line for each week, alarms marked, the new terms and what to do."""
    shown = table(
        "逐周（＊ 为警报：超出偶然，也超出以往各周）", "起", "件数", *(_NAMES[name] for name in MEASURES), "增加最多"
    )
    for each in found.weeks:
        figures = (f"{getattr(each, name).value:.3f}{'＊' * getattr(each, name).alarm}" for name in MEASURES)
        shown.add_row(each.since or "不明", str(each.rows), *figures, _grown(each))
    alarms = [name for name in MEASURES if any(name in each.alarms for each in found.weeks)]
    lines: list[Any] = [shown]
    if reviews:
        lines.append(
            "每周改判：" + "，".join(f"{since or '不明'} {percent(share)}（{rows}）" for since, rows, share in reviews)
        )
    if found.terms:
        terms = "、".join(f"{each.term}（{each.texts}）" for each in found.terms[:_TERMS])
        lines.append(f"新词 {len(found.terms)} 个（件数）：{terms}")
        offered = found.offered()
        lines.append(
            f"可收入词典 {len(offered['dictionary'])} 个，可收入词库 {len(offered['lexicon'])} 个：请核对后采用"
        )
    told = "、".join(_NAMES[name] for name in alarms)
    lines.append(f"警报：{told}。{_ADVICE[alarms[0]]}" if alarms else "没有警报：来件仍是模型熟悉的样子。")
    return lines


_ADVICE = {
    "mix": "来件的主题与以前不同：请看增加最多的主题，用 minyi labels next 挑这些来件复核，再 minyi retrain。",
    "strange": "来件里有许多没见过的词：请把新词收入词典和词库，复核一些来件后 minyi retrain。",
    "doubt": "模型比以前更拿不准：请用 minyi labels next 挑来件复核，再 minyi retrain。",
}


def _grown(each: Week) -> str:
    return "，".join(f"{name} {100 * change:+.0f}" for name, change in each.topics[:2] if change > 0)


def run_shadow(
    candidate: str, files: Sequence[Path], out: Path | None, wanted: Mapping[str, str], model: str | None
) -> int:
    """Let a candidate judge beside the working model; see `service.cli.models.models_shadow`."""
    rejections = Rejections.of(files, out, {".jsonl"})
    (now, now_meta), (new, new_meta) = registry.load(model), registry.load(candidate)
    names = {"current_model": artefact.model_id(now_meta), "candidate_model": artefact.model_id(new_meta)}
    with kept(rejections):
        rows = [(each.id, clean(each.text).text) for each in Intake(files, wanted=wanted, rejected=rejections)]
        found = shadow(now, new, [text for _, text in rows])
        lines = [to_json({"id": rows[each.row][0], **asdict(each), **names}) + b"\n" for each in found]
        if out:
            with beside(out) as temporary:
                temporary.write_bytes(b"".join(lines))
        else:
            print_lines(lines)
        topics = [each for each in found if "level1" in each.about]
        current = names["current_model"]
        tell(
            f"{len(rows)} 件：一级主题不同 {len(topics)} 件，有任何不同 {len(found)} 件（对照 {current}）",
            *(f"  {before} → {after}  {count}" for before, after, count in moves(found)[:SHOWN]),
            "候选模型只旁观，没有改动任何研判。",
        )
    return 1 if rejections.count else 0
