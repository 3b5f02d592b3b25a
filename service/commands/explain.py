"""What was done to one text, for a person at a terminal: raw and clean with the edits marked, and what was decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from pipeline.errors import InputError
from pipeline.ingest import Intake
from pipeline.records import Clean, Decision, Submission
from service.export.labels import EDIT, INTENT, PERSONAL, PRIORITY, STATUS

_GONE, _NEW, _PRIVATE = "red strike", "green", "underline"
_LONG, _SHOWN = 60, 8


def find(name: str, file: Path, wanted: Mapping[str, str]) -> Submission:
    """Return the submission of a file by its number.

    Raises
    ------
    InputError
        Where no row has that number.
    """
    rows = 0
    for submission in Intake([file], wanted=wanted, rejected=lambda _: None):
        if submission.id == name:
            return submission
        rows += 1
    raise InputError(f"{file}：{rows} 件里没有编号“{name}”。请核对编号，或去掉 --file 直接给出文字。")


def _marked(raw: str, cleaned: Clean) -> tuple[Text, Text]:
    """Return the raw text with what goes, and the clean one with what came and what is personal."""
    before, after = Text(), Text()
    at = 0
    for edit in cleaned.edits:
        for text in (before, after):
            text.append(raw[at : edit.start])
        before.append(edit.before, _GONE)
        after.append(edit.after, _NEW)
        at = edit.end
    for text in (before, after):
        text.append(raw[at:])
    for span in cleaned.personal:
        after.stylize(_PRIVATE, span.start, span.end)
    return before, after


def _short(text: str) -> str:
    text = text.replace("\n", "⏎")
    return text if len(text) <= _LONG else f"{text[: _LONG // 2]}……{text[-_LONG // 3 :]}（共 {len(text)} 字）"


def _changes(cleaned: Clean) -> Iterator[str]:
    for kind, name in EDIT.items():
        edits = [edit for edit in cleaned.edits if edit.kind == kind]
        shown = "、".join(f"{_short(edit.before)}→{_short(edit.after) or '（删去）'}" for edit in edits[:_SHOWN])
        if edits:
            yield f"  {name} {len(edits)} 处：{shown}{'……' * (len(edits) > _SHOWN)}"
    if cleaned.echoes:
        yield f"  论坛里只转发、附和的回帖 {cleaned.echoes} 条，没有算作文字"
    for span in cleaned.personal:
        yield f"  {PERSONAL[span.kind]}：{cleaned.text[span.start : span.end]}"


def _decided(decision: Decision) -> Iterator[str]:
    topic, priority, route = decision.topic, decision.priority, decision.route
    if topic.level1 is None:
        yield f"结论  {STATUS[decision.status]}"
        return
    first = sorted(topic.scores.items(), key=lambda item: -item[1])[:3]
    yield f"结论  {STATUS[decision.status]}    诉求  {INTENT[decision.intent]}"
    review = "  需复核" if topic.needs_review else ""
    yield f"主题  {topic.level1} / {topic.level2}  把握 {topic.confidence:.0%}{review}"
    yield "      " + "  ".join(f"{name} {score:.0%}" for name, score in first)
    yield "      依据  " + "、".join(f"{each.term}（{each.weight:+.2f}）" for each in topic.evidence)
    yield f"紧急  {PRIORITY[priority.level]}（{priority.score:.2f}）"
    for reason in priority.reasons:
        quoted = _short(decision.clean.text[reason.start : reason.end])
        yield f"      {reason.text}" + (f"：{quoted}" if quoted else "")
    yield f"分派  {route.sector or '办公室'}  {route.committee or ''}  {route.place or ''}"
    yield from (f"      {reason}" for reason in route.reasons)


def run_explain(what: str, file: Path | None, wanted: Mapping[str, str], model: str | None) -> int:
    """Explain a text, or a row of a file; see `service.cli.triage.explain`."""
    from pipeline.triage import Triage

    submission = find(what, file, wanted) if file else Submission("1", what)
    decision = Triage.load(model=model).run([submission])[0]
    console = Console(highlight=False, soft_wrap=True)
    before, after = _marked(submission.text, decision.clean)
    console.print("[bold]原文[/bold]", before, "", "[bold]清洗后[/bold]", after, "", sep="\n")
    changes = list(_changes(decision.clean))
    console.print(escape("\n".join(["改动和个人信息", *changes] if changes else ["没有改动"])))
    console.print(escape("\n".join(_decided(decision))))
    return 0
