"""What the commands do, each returning its exit code."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import InputError
from pipeline.ingest import Intake
from pipeline.records import Rejected, to_json
from service.export import ENDINGS, beside, check, write
from service.export.labels import PRIORITY
from service.export.sheet import disarm

if TYPE_CHECKING:
    from pipeline.batch import Run, Summary
    from pipeline.labelled import Reading
    from pipeline.triage import Triage

_SHOWN = 10


class Rejections:
    """The rows that could not be used: the first are told, all are kept in a file that is made at the first of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.first: list[Rejected] = []
        self.count = 0
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")

    def __call__(self, rejected: Rejected) -> None:
        """Keep a rejected row."""
        with self._part.open(
            "a" if self.count else "w", encoding="utf-8-sig" if not self.count else "utf-8", newline=""
        ) as stream:
            writer = csv.writer(stream)
            if not self.count:
                writer.writerow(["文件", "行", "原因", "内容"])
            content = rejected.content.encode("utf-8", "replace").decode()
            writer.writerow([rejected.file, rejected.line, rejected.reason, disarm(content)])
        self.count += 1
        if self.count <= _SHOWN:
            self.first.append(rejected)

    def finish(self) -> None:
        """Put the file in its place, or take away that of an earlier run."""
        if self.count:
            self._part.replace(self.path)
        else:
            self.path.unlink(missing_ok=True)

    def drop(self) -> None:
        """Leave nothing behind."""
        self._part.unlink(missing_ok=True)

    def tell(self) -> None:
        """Name the rows on standard error."""
        for rejected in self.first:
            sys.stderr.write(f"{rejected.file}:{rejected.line}: {rejected.reason}\n")
        if self.count > len(self.first):
            sys.stderr.write(f"…… 另有 {self.count - len(self.first)} 行。\n")
        if self.count:
            sys.stderr.write(f"共 {self.count} 行读不了，原样存在 {self.path}，改好后可单独再导入。\n")


def _rejections(files: Sequence[Path], out: Path | None, endings: Container[str] = ENDINGS) -> Rejections:
    """Return where rejected rows go, having checked that no output takes the place of an input or cannot be written."""
    if out:
        check(out, endings)
    kept = Path(f"{out}.rejected.csv") if out else Path("minyi.rejected.csv")
    if kept.is_dir():
        raise InputError(f"{kept}：读不了的行要存在这里，可它是文件夹。请换一个 -o。")
    for path in (out, kept):
        if path and any(path.exists() and file.exists() and path.samefile(file) for file in files):
            raise InputError(f"{path}：既是输入又要写结果，会盖掉原件。请换一个 -o，或先把这个文件改名。")
    return Rejections(kept)


def drop_output() -> None:
    """Let what is still to be written go nowhere, so that the end of the process does not fail on it once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print(lines: Iterable[bytes]) -> None:
    """Write lines to standard output; a reader that has seen enough is no error."""
    try:
        sys.stdout.buffer.writelines(lines)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        drop_output()


@contextmanager
def _kept(rejections: Rejections) -> Iterator[None]:
    """Keep the rejected rows where the run ends well; leave nothing half-written otherwise."""
    try:
        yield
        rejections.finish()
    finally:
        rejections.drop()
    rejections.tell()


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None] | None]:
    """Show a progress bar on a terminal; stay silent in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("研判"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total or None)
        yield lambda rows: bar.advance(task, rows)


@dataclass(frozen=True, slots=True)
class Office:
    """What an office triages with: a model (the working one by default), its dial and the office's own tables."""

    model: str | None
    members: Path | None
    places: Path | None
    stations: Path | None
    rules: Path | None
    precision: float = 0.95
    priority_dial: float | None = None


def run_triage(
    files: Sequence[Path], out: Path | None, wanted: Mapping[str, str], office: Office, processes: int | None
) -> int:
    """Triage files; see `service.cli.triage`."""
    rejections = _rejections(files, out)
    intake = Intake(files, wanted=wanted, rejected=rejections)
    from pipeline import batch
    from pipeline.triage import Triage

    loaded = Triage.load(**asdict(office))
    with _kept(rejections), _progress(intake.lines() if sys.stderr.isatty() else 0) as progress:
        with batch.run(loaded, intake, processes=processes, progress=progress) as result:
            if out:
                write(result, out)
            else:
                _print(line + b"\n" for line in result.lines())
        _tell(intake, result, out, loaded)
    return 1 if rejections.count else 0


def _tell(intake: Intake, result: Run, out: Path | None, triage: Triage) -> None:
    """Write the summary to standard error."""
    summary = result.summary
    lines = []
    for source in intake.sources:
        lines.append(f"{source.name}：{source.rows} 件（{source.encoding or '空文件'}）")
    for name, line, given in intake.renamed[:_SHOWN]:
        lines.append(f"{name}:{line}: 编号重复而文字不同，改记为 {given}")
    if len(intake.renamed) > _SHOWN:
        lines.append(f"…… 另有 {len(intake.renamed) - _SHOWN} 件编号重复。")
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
    """Tell the hot issues of files; see `service.cli.hot`."""
    rejections = _rejections(files, out, {".json"})
    intake = Intake(files, wanted=wanted, rejected=rejections)
    from pipeline import batch
    from pipeline.triage import Triage
    from service.export import hot

    loaded = Triage.load(**asdict(office))
    with _kept(rejections), _progress(intake.lines() if sys.stderr.isatty() else 0) as progress:
        with batch.run(loaded, intake, progress=progress) as result:
            issues = hot.hot_issues(result, days)
        groups = {"": issues} if group == "all" else hot.by(issues, group)
        if out:
            told = {name: [issue.told() for issue in found[:top]] for name, found in groups.items()}
            with beside(out) as temporary:
                temporary.write_bytes(to_json(told[""] if group == "all" else told) + b"\n")
        else:
            _print((line + "\n").encode() for line in hot.lines(groups, top, days))
        sys.stderr.write(f"来件 {result.summary.rows}    热点事项 {len(issues)}\n")
    return 1 if rejections.count else 0


def run_clean(files: Sequence[Path], out: Path | None, wanted: Mapping[str, str]) -> int:
    """Clean files; see `service.cli.clean`."""
    from pipeline.clean import clean

    rejections = _rejections(files, out, {".jsonl"})
    intake = Intake(files, wanted=wanted, rejected=rejections)
    rows = (b"%s\n" % to_json({"id": each.id, "clean": clean(each.text)}) for each in intake)
    with _kept(rejections):
        if out:
            with beside(out) as temporary, temporary.open("wb") as stream:
                stream.writelines(rows)
        else:
            _print(rows)
    return 1 if rejections.count else 0


def run_train(name: str, data: Sequence[Path], base: str | None, reading: Reading) -> int:
    """Train a model; see `service.cli.train`."""
    from pipeline import labelled, registry
    from pipeline.knowledge import model_folder
    from pipeline.train import topics, train
    from pipeline.train.report import percent
    from service.models import tell

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
    """Evaluate a model; see `service.cli.evaluate`."""
    from pipeline.evaluate import evaluate
    from service.models import tell_scores, write_json

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
    """Evaluate the levels of a model; see `service.cli.evaluate`."""
    from pipeline.evaluate_priority import evaluate_priority
    from service.models import write_json

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


def run_corpora_check() -> int:
    """Check corpora/; see `service.cli.corpora_check`."""
    from pipeline.manifest import check as check_manifest
    from pipeline.priority import check_signals
    from pipeline.route import Router
    from pipeline.train import read_borders, read_knowledge, read_written, written_files

    files = check_manifest()
    texts = len(read_written(written_files()))
    borders = sum(map(len, read_borders().values()))
    told = f"{files} 个文件与清单一致；{texts} 条文本，{len(read_knowledge())} 条主题知识，{borders} 条分类边界"
    router = Router.load()
    sys.stderr.write(
        f"{told}，{check_signals()} 条紧急信号，"
        f"{len(router.crosswalk)} 条对照规则，{len(router.rules.rules)} 条分派规则。\n"
    )
    return 0
