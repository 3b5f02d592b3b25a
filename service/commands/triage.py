"""`minyi triage`, `hot` and `clean`: files in, decisions, hot issues or clean texts out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.ingest import Intake
from pipeline.records import to_json
from service.commands.common import SHOWN, Office, Rejections, kept, print_lines, progress
from service.export import beside, write
from service.export.labels import PRIORITY

if TYPE_CHECKING:
    from pipeline.batch import Run, Summary
    from pipeline.triage import Triage


def run_triage(
    files: Sequence[Path], out: Path | None, wanted: Mapping[str, str], office: Office, processes: int | None
) -> int:
    """Triage files; see `service.cli.triage.triage`."""
    rejections = Rejections.of(files, out)
    intake = Intake(files, wanted=wanted, rejected=rejections)
    from pipeline import batch
    from pipeline.triage import Triage

    loaded = Triage.load(**asdict(office))
    with kept(rejections), progress(intake.lines() if sys.stderr.isatty() else 0) as bar:
        with batch.run(loaded, intake, processes=processes, progress=bar) as result:
            if out:
                write(result, out)
            else:
                print_lines(line + b"\n" for line in result.lines())
        _tell(intake, result, out, loaded)
    return 1 if rejections.count else 0


def _tell(intake: Intake, result: Run, out: Path | None, triage: Triage) -> None:
    """Write the summary to standard error."""
    summary = result.summary
    lines = []
    for source in intake.sources:
        lines.append(f"{source.name}：{source.rows} 件（{source.encoding or '空文件'}）")
    for name, line, given in intake.renamed[:SHOWN]:
        lines.append(f"{name}:{line}: 编号重复而文字不同，改记为 {given}")
    if len(intake.renamed) > SHOWN:
        lines.append(f"…… 另有 {len(intake.renamed) - SHOWN} 件编号重复。")
    per_second = summary.rows / summary.seconds if summary.seconds else 0
    levels = "  ".join(f"{name} {summary.priority[level]}" for level, name in PRIORITY.items())
    unread = summary.status["unreadable"]
    lines += [
        f"来件 {summary.rows}    垃圾信息 {summary.status['junk']}" + (f"    无法阅读 {unread}" if unread else ""),
        f"紧急程度  {levels}",
        f"重复 {summary.repeated}    并入同一事项 {summary.joined}    事项共 {summary.issues}",
        _review(summary, triage),
        f"用时 {summary.seconds:.1f} 秒，每秒 {per_second:.0f} 件" + (f"，结果在 {out}" if out else ""),
    ]
    sys.stderr.write("\n".join(lines) + "\n")


def _review(summary: Summary, triage: Triage) -> str:
    """Return which share of the topics passes by itself, here and at the other stops of the dial."""
    triaged = summary.status["triaged"]
    told = f"主题需复核 {summary.needs_review}    自动通过 {triaged - summary.needs_review}"
    if not triaged:
        return told
    stops = "，".join(f"{stop:.0%} 档 {summary.passed[stop] / triaged:.0%}" for stop in triage.classifier.dials)
    return f"{told}（{triage.classifier.precision:.0%} 档；{stops}）"


def run_hot(
    files: Sequence[Path], out: Path | None, wanted: Mapping[str, str], office: Office, top: int, days: int, group: str
) -> int:
    """Tell the hot issues of files; see `service.cli.triage.hot`."""
    rejections = Rejections.of(files, out, {".json"})
    intake = Intake(files, wanted=wanted, rejected=rejections)
    from pipeline import batch
    from pipeline.triage import Triage
    from service.export import hot

    loaded = Triage.load(**asdict(office))
    with kept(rejections), progress(intake.lines() if sys.stderr.isatty() else 0) as bar:
        with batch.run(loaded, intake, progress=bar) as result:
            issues = hot.hot_issues(result, days)
        groups = {"": issues} if group == "all" else hot.by(issues, group)
        if out:
            told = {name: [issue.told() for issue in found[:top]] for name, found in groups.items()}
            with beside(out) as temporary:
                temporary.write_bytes(to_json(told[""] if group == "all" else told) + b"\n")
        else:
            print_lines((line + "\n").encode() for line in hot.lines(groups, top, days))
        sys.stderr.write(f"来件 {result.summary.rows}    热点事项 {len(issues)}\n")
    return 1 if rejections.count else 0


def run_clean(files: Sequence[Path], out: Path | None, wanted: Mapping[str, str]) -> int:
    """Clean files; see `service.cli.triage.clean`."""
    from pipeline.clean import clean

    rejections = Rejections.of(files, out, {".jsonl"})
    intake = Intake(files, wanted=wanted, rejected=rejections)
    rows = (b"%s\n" % to_json({"id": each.id, "clean": clean(each.text)}) for each in intake)
    with kept(rejections):
        if out:
            with beside(out) as temporary, temporary.open("wb") as stream:
                stream.writelines(rows)
        else:
            print_lines(rows)
    return 1 if rejections.count else 0
