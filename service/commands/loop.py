"""What `minyi retrain` and `minyi labels` do, each returning its exit code."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import labels, registry
from pipeline.clean import clean
from pipeline.errors import InputError
from pipeline.ingest import Intake
from pipeline.knowledge import model_folder
from pipeline.train.report import percent
from service.commands.common import SHOWN, Rejections, kept
from service.commands.models import table, tell, write_json
from service.export import beside, check
from service.export.sheet import disarm
from service.masking import mask

if TYPE_CHECKING:
    from pipeline.labelled import Reading
    from pipeline.retrain import Change, Outcome

_EXCERPT = 60
EFFECTS = {"fixed": "改对了", "broken": "改错了", "other": "都不对"}


def excerpt(text: str, length: int = _EXCERPT) -> str:
    """Return the beginning of a text without personal data, on one line."""
    whole = mask(text).replace("\n", " ")
    return whole[:length] + "…" * (len(whole) > length)


def run_retrain(name: str, data: Sequence[Path], reading: Reading, model: str | None, out: Path | None) -> int:
    """Retrain on officers' labels; see `service.cli.loop.retrain`."""
    from pipeline.retrain import retrain

    if out:
        check(out, {".json"})
    registry.check_trainable(name, own=True)
    given = labels.read(data, reading)
    outcome = retrain(given, model_folder(name, new=True), sources=labels.sources(data, given), current=model)
    tell(*_told(name, outcome))
    if out:
        doubts = [{"id": label.id, "text": excerpt(label.text), **asdict(each)} for label, each in outcome.doubts]
        changes = [_change(each) for each in outcome.changes]
        write_json({"name": name, **outcome.told(), "changes": changes, "doubtful": doubts}, out)
    return 0


def _told(name: str, outcome: Outcome) -> list[Any]:
    """Return what a person reads of a retraining: topics, changes with examples, the verdict last."""
    lines: list[Any] = [f"模型 {name}：{outcome.meta['examples']} 条文本，与 {outcome.against} 相比"]
    for title, found in (("逐份轮流检验", outcome.crossed), ("按时间：用较早的训练，在最近的上检验", outcome.late)):
        if found is None:
            continue
        shown = table(
            f"{title}（{found['rows']} 条）", "主题", "条数", "现在", "新", "只有现在对", "只有新的对", "差别"
        )
        for label, row in found["per_label"].items():
            said = "分不出" if not row["real"] else "变好" if row["difference"] > 0 else "变差"
            figures = percent(row["a"]), percent(row["b"]), str(row["only_a"]), str(row["only_b"])
            shown.add_row(label, str(row["rows"]), *figures, said)
        lines.append(shown)
    counts = outcome.counts()
    told = "，".join(f"{EFFECTS[effect]} {rows}" for effect, rows in counts.items())
    lines.append(f"最近 {outcome.recent} 件中判法变了的：{told}")
    for effect in ("fixed", "broken"):
        some = [each for each in outcome.changes if each.effect == effect][-3:]
        lines += [f"  {EFFECTS[effect]}：{each.before} → {each.after}  {excerpt(each.label.text)}" for each in some]
    if outcome.doubts:
        lines.append(f"标签存疑 {len(outcome.doubts)} 条，请另一人重读（minyi labels check）")
    return [*lines, *outcome.verdict.lines]


def _change(each: Change) -> dict[str, str]:
    return {"id": each.label.id, "text": excerpt(each.label.text), "label": each.label.topic,
            "before": each.before, "after": each.after, "effect": each.effect}  # fmt: skip


def run_next(files: Sequence[Path], count: int, out: Path | None, wanted: Mapping[str, str], model: str | None) -> int:
    """Pick what to label next; see `service.cli.loop.labels_next`."""
    import numpy as np

    from pipeline.pick import pick_texts
    from pipeline.train.held import text_ids

    rejections = Rejections.of(files, out, {".csv"})
    classifier, meta = registry.load(model)
    with kept(rejections):
        rows = [(each, clean(each.text).text) for each in Intake(files, wanted=wanted, rejected=rejections)]
        seen = registry.seen(model)
        fresh = [row for row in rows if not np.isin(text_ids([row[1], mask(row[1])]), seen).any()]
        picked = pick_texts(classifier, [text for _, text in fresh], count)
        header = ("id", "text", "topic", "said", "confidence", "model", "source", "submitted_at")
        made = []
        for at, said in picked:
            (submission, text), given = fresh[at], (said.level1 or "", said.confidence, meta["name"])
            made.append((submission.id, text, "", *given, "corrected", submission.submitted_at or ""))
        if out:
            write_csv(out, header, made)
        else:
            tell(*(f"{row[0]}  {row[3]} {row[4]:.2f}  {excerpt(row[1])}" for row in made))
        tell(f"{len(rows)} 件中挑出 {len(made)} 件，其中训练过的 {len(rows) - len(fresh)} 件没有再挑")
    return 1 if rejections.count else 0


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table that spreadsheets open, no cell of which they take for a formula."""
    with beside(path) as temporary, temporary.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows([disarm(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)


def run_check(data: Sequence[Path], reading: Reading, top: int, out: Path | None) -> int:
    """Tell which labels are doubtful; see `service.cli.loop.labels_check`."""
    from pipeline.suspects import agreement, suspects
    from pipeline.train.adapt import cross_validate

    if out:
        check(out, {".csv"})
    given = labels.read(data, reading)
    rows = [label for label in labels.settled(given) if label.topic and label.topic not in labels.NO_TOPIC]
    if len(rows) < 50 or len({label.topic for label in rows}) < 2:
        raise InputError(f"只有 {len(rows)} 条带主题的标签：至少要 50 条、两个主题，才看得出哪些存疑。")
    found = cross_validate(registry.load(registry.SHIPPED)[0], [label.example() for label in rows])
    doubts = suspects(found, 0, [label.topic for label in rows])
    shown = [(rows[each.row], each) for each in doubts[:top]]
    if out:
        header = ("id", "text", "topic", "source", "label", "other", "own", "better")
        cells = ((of.id, of.text, "", "second", d.label, d.other, d.own, d.better) for of, d in shown)
        write_csv(out, header, cells)
    else:
        tell(*(f"{of.id}  标 {d.label}，像 {d.other} {d.better:.2f}  {excerpt(of.text)}" for of, d in shown))
    tell(f"{len(rows)} 条标签中 {len(doubts)} 条存疑" + (f"，前 {min(top, len(doubts))} 条在 {out}" if out else ""))
    for pair in agreement(given):
        differ = "，".join(f"{a}／{b} {n}" for a, b, n in pair.differ)
        told = f"{pair.one} 与 {pair.two}：同读 {pair.items} 件，一致 {percent(pair.same)}，kappa {pair.kappa:.2f}"
        tell(told + (f"；分歧：{differ}" if differ else ""))
    for back in labels.hand_backs(given)[:SHOWN]:
        why = "；".join(dict.fromkeys(back.reasons[:3]))
        tell(f"{back.said}：{back.rows} 件中退回 {back.back} 件（{why}）。若多因权属不清，请核对对照表（--rules）")
    return 0
