"""What the `minyi models` commands do, each returning its exit code, and how scores are told."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import artefact, registry
from pipeline.errors import InputError, ModelError
from pipeline.knowledge import model_folder
from pipeline.labelled import Reading
from pipeline.records import to_json
from pipeline.train.report import percent
from service.export import beside, check

if TYPE_CHECKING:
    from rich.table import Table

_CONFUSED = 8
_SHOWN = 20


def tell(*parts: object) -> None:
    """Write lines and tables to standard error."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for part in parts:
        console.print(part, markup=False) if isinstance(part, str) else console.print(part)


def table(title: str, *columns: str) -> Table:
    """Return an empty table; all columns but the first are figures."""
    from rich.table import Table

    made = Table(title=title, title_justify="left")
    for at, column in enumerate(columns):
        made.add_column(column, justify="right" if at else "left", no_wrap=not at, overflow="fold")
    return made


def tell_scores(scores: Mapping[str, Any]) -> None:
    """Show what `pipeline.evaluate.evaluate` found."""
    labels = table("各主题", "主题", "条数", "查准", "查全", "F1")
    for name, row in scores["per_label"].items():
        labels.add_row(name, str(row["rows"]), *(f"{row[key]:.3f}" for key in ("precision", "recall", "f1")))
    bins = table("把握与实际", "把握", "条数", "平均把握", "实际准确率")
    for row in scores["reliability"]:
        figures = percent(row["confidence"]), percent(row["accuracy"])
        bins.add_row(f"{row['from']}–{row['to']}", str(row["rows"]), *figures)
    dials = table("精度档位：承诺与实际", "档位", "把握不低于", "承诺免复核", "实际免复核", "实际准确率", "")
    for row in scores["dials"]:
        threshold = "达不到" if row["threshold"] is None else f"{row['threshold']:.4f}"
        shares = [percent(row[key]) for key in ("promised_coverage", "coverage", "reached")]
        dials.add_row(percent(row["precision"]), threshold, *shares, _promise_kept(row))
    confused = [f"{row['truth']}→{row['said']} {row['rows']}" for row in scores["confusion"][:_CONFUSED]]
    coverage = "  ".join(f"{float(each):.0%} 时 {percent(share)}" for each, share in scores["coverage"].items())
    tell(
        f"模型 {scores['id']}：{scores['rows']} 条，准确率 {percent(scores['accuracy'])}，"
        f"macro-F1 {scores['macro_f1']:.4f}，校准误差 ECE {scores['ece']:.4f}",
        labels,
        bins,
        dials,
        f"按把握从高到低取，准确率不低于此数时最多能取：{coverage}",
        *([f"最常见的混淆：{'，'.join(confused)}"] if confused else []),
    )


def _promise_kept(row: Mapping[str, Any]) -> str:
    if row["reached"] is None:
        return ""
    return "守住" if row["reached"] >= row["precision"] else "没守住"


def run_list() -> int:
    """List the models; see `service.cli.models.models_list`."""
    working = registry.working()
    shown = table("模型", "名称", "状态", "文本", "主题", "准确率", "macro-F1", "免复核(95%)")
    broken = []
    for name, meta in registry.names():
        state = "正在使用" if name == working else "随软件提供" if name == registry.SHIPPED else ""
        if isinstance(meta, ModelError):
            shown.add_row(name, "不能用" + (f"，{state}" if state else ""))
            broken.append(str(meta))
            continue
        scores = meta["cross_validation"]
        figures = [scores.get("level1_accuracy"), scores.get("level1_macro_f1"), meta["dials"][0]["coverage"]]
        first = len({label.split("/")[0] for label in registry.labels(meta)})
        shown.add_row(name, state, str(meta["examples"]), str(first), *map(percent, figures))
    tell(shown, "准确率等取自模型卡（交叉验证）；不同数据上的数字不能直接比，请用 minyi models compare。", *broken)
    for step in registry.history()[-_SHOWN:]:
        did = "启用" if step.action == "promote" else "退回到"
        why = f"：{step.why}" if step.why else ""
        forced = f"（强制，不顾：{'；'.join(step.overruled)}）" if step.overruled else ""
        tell(f"{step.when}  {step.who}  {did} {step.id}（此前 {step.before}）{why}{forced}")
    return 0


def run_show(name: str | None, out: Path | None) -> int:
    """Show the card of a model; see `service.cli.models.models_show`."""
    if out:
        check(out, {".html", ".md", ".json"})
    name = name or registry.working()
    _, meta = registry.load(name)
    card = (model_folder(name) / "card.md").read_text(encoding="utf-8")
    if not out:
        from rich.markdown import Markdown

        tell(Markdown(card))
        return 0
    with beside(out) as temporary:
        if out.suffix.lower() == ".html":
            from service.export.card import write_card

            write_card(meta, artefact.model_id(meta), temporary)
        else:
            text = card if out.suffix.lower() == ".md" else to_json(meta).decode() + "\n"
            temporary.write_text(text, encoding="utf-8")
    return 0


def _compared(a: str, b: str, data: Sequence[Path], reading: Reading) -> dict[str, Any]:
    """Return how model B differs from model A on labelled files."""
    from pipeline.compare import compare
    from pipeline.evaluate import predict, rows_of
    from pipeline.features import batch
    from pipeline.train.folds import near

    texts, truth = rows_of(data, reading)
    first, second = (registry.load(name)[0] for name in (a, b))
    groups = near(batch(texts), first.vocabulary)
    return compare(predict(first, texts, truth), predict(second, texts, truth), groups)


def words(a: str, b: str, found: Mapping[str, Any]) -> list[str]:
    """Say in plain words what a comparison of A and B means."""
    right, f1 = found["accuracy"], found["macro_f1"]
    apart = right["only_a"] + right["only_b"]
    lines = []
    for name, each, doubt in (
        ("准确率", right, f"p={right['p']:.3f}，两个模型判得一对一错的只有 {apart} 条"),
        ("macro-F1", f1, f"95% 区间 {100 * f1['low']:+.1f} 到 {100 * f1['high']:+.1f} 个百分点"),
    ):
        change = f"{name}：{a} {each['a']:.4f}，{b} {each['b']:.4f}，相差 {100 * each['difference']:+.1f} 个百分点"
        if each["real"]:
            verdict = f"差别是真的，{b if each['difference'] > 0 else a} 更好（{doubt.replace('只有', '有')}）"
        elif each["difference"] == 0:
            verdict = "没有差别"
        else:
            verdict = f"分不出高下，可能只是碰巧（{doubt}）；要下结论，请再多标一些来件"
        lines.append(f"{change}。{verdict}。")
    return lines


def run_compare(a: str, b: str, data: Sequence[Path], reading: Reading, out: Path | None) -> int:
    """Compare two models; see `service.cli.models.models_compare`."""
    if out:
        check(out, {".json"})
    found = _compared(a, b, data, reading)
    shown = table(f"各主题的查全（{found['rows']} 条）", "主题", "条数", a, b, f"只有 {a} 对", f"只有 {b} 对", "差别")
    for label, row in found["per_label"].items():
        better = b if row["difference"] > 0 else a
        said = f"{better} 更好" if row["real"] else "分不出" if row["difference"] else "没有"
        figures = percent(row["a"]), percent(row["b"]), str(row["only_a"]), str(row["only_b"])
        shown.add_row(label, str(row["rows"]), *figures, said)
    tell(shown, *words(a, b, found))
    write_json({"a": a, "b": b, **found}, out)
    return 0


def write_json(scores: Mapping[str, Any], out: Path | None) -> None:
    """Write scores as JSON to a file, or to standard output where that is no terminal."""
    text = to_json(scores).decode() + "\n"
    if out:
        with beside(out) as temporary:
            temporary.write_text(text, encoding="utf-8")
    elif not sys.stdout.isatty():
        sys.stdout.write(text)


def _now() -> str:
    return datetime.now(UTC).astimezone().isoformat(timespec="seconds")


def _who(who: str | None) -> str:
    try:
        return who or getpass.getuser()
    except (OSError, KeyError) as error:
        raise InputError("不知道是谁在操作：请用 --who 写明姓名。") from error


def run_promote(name: str, data: Sequence[Path], reading: Reading, *, force: bool, why: str, who: str | None) -> int:
    """Make a model the working one; see `service.cli.models.models_promote`."""
    now = registry.working()
    _, meta = registry.load(name)
    if registry.stack()[-1] in ((name, None), (name, artefact.model_id(meta))):
        tell(f"{artefact.model_id(meta)} 已经在使用，没有改动。")
        return 0
    try:
        current = registry.load(now)[1]
    except ModelError as error:
        against = [f"正在使用的 {now} 读不出来，无从比较（{error}）"]
    else:
        against = registry.objections(meta, current)
        if data:
            found = _compared(now, name, data, reading)
            told = words(now, name, found)
            tell(*told)
            worse = [
                line for line, key in zip(told, ("accuracy", "macro_f1"), strict=True) if found[key]["difference"] < 0
            ]
            against += [f"在给出的 {found['rows']} 条上更差：{line.rstrip('。')}" for line in worse]
        else:
            against += registry.worse(meta, current)
    step = registry.promote(name, who=_who(who), when=_now(), why=why, against=against, force=force)
    tell(f"已启用 {step.id}（此前 {step.before}）。要退回，请用 minyi models rollback。")
    return 0


def run_rollback(to: str | None, *, why: str, who: str | None) -> int:
    """Go back to an earlier model; see `service.cli.models.models_rollback`."""
    step = registry.rollback(who=_who(who), when=_now(), why=why, to=to)
    tell(f"已退回到 {step.id}（此前 {step.before}）。")
    return 0
