"""The report: one self-contained page in Chinese, for the screen and for paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.export import labels
from service.export.hot import HotIssue, by, hot_issues

if TYPE_CHECKING:
    from pipeline.batch import Run

_QUEUE = 2_000
"""More rows than this make a page that no browser likes; the rest is in the .xlsx."""
_HOT_SHOWN = 20
_VOICES_SHOWN = 12
_BARS = 15


def bars(counts: list[tuple[str, int]]) -> list[dict[str, Any]]:
    """Return rows of a bar chart: label, count, share of the longest in percent."""
    most = max((count for _, count in counts), default=0)
    return [
        {"label": label, "count": count, "percent": round(100 * count / most, 1) if most else 0}
        for label, count in counts
    ]


def _hot_entry(result: Run, issue: HotIssue) -> dict[str, Any]:
    voices = [result.row(index) for index in issue.rows[:_VOICES_SHOWN]]
    return {
        "told": issue,
        "heat": issue.heat,
        "voices": [_entry(voice) for voice in voices],
        "more": max(0, len(issue.rows) - _VOICES_SHOWN),
    }


def _hottest(hot: list[HotIssue], what: str) -> list[dict[str, Any]]:
    """Return bars of how many hot issues each topic or place has."""
    counts = Counter({name: len(issues) for name, issues in by(hot, what).items()})
    return bars(counts.most_common(_BARS))


def _entry(decision: dict[str, Any]) -> dict[str, Any]:
    """Return what the page shows of one decision."""
    text = decision["clean"]["text"]
    title, body = labels.title_and_body(text)
    level = decision["priority"]["level"]
    reasons = []
    for reason in decision["priority"]["reasons"]:
        quoted = text[reason["start"] : reason["end"]].strip() if reason["code"] != "model" else ""
        reasons.append({"text": reason["text"], "quoted": quoted})
    return {
        **decision,
        "title": title,
        "body": body,
        "level": level,
        "level_name": labels.PRIORITY[level],
        "intent_name": labels.INTENT[decision["intent"]],
        "duplicate_name": labels.DUPLICATE[decision["duplicate"]["kind"]],
        "status_name": labels.STATUS[decision["status"]],
        "reasons": reasons,
        "edits": Counter(labels.EDIT[edit["kind"]] for edit in decision["clean"]["edits"]).most_common(),
        "top": sorted(decision["topic"]["scores"].items(), key=lambda pair: -pair[1])[:3],
    }


def _queue(result: Run, order: list[int]) -> Iterator[dict[str, Any]]:
    for index in order:
        yield _entry(result.row(index))


def write_page(result: Run, path: Path) -> None:
    """Write the report of a run."""
    from jinja2 import Environment, FileSystemLoader, select_autoescape

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    order = result.by_priority()
    triaged = [index for index, standing in enumerate(result.standings) if standing[0] == "triaged"]
    topics = Counter(result.row(index)["topic"]["level1"] for index in triaged)
    priorities = [(labels.PRIORITY[level], result.summary.priority[level]) for level in labels.PRIORITY]
    hot = hot_issues(result)
    stream = environment.get_template("page.html.j2").stream(
        roles=labels.ROLE,
        summary=result.summary,
        junk=result.summary.status["junk"],
        unreadable=result.summary.status["unreadable"],
        topics=bars(topics.most_common()),
        priorities=bars(priorities),
        hot=[_hot_entry(result, issue) for issue in hot[:_HOT_SHOWN]],
        hot_by=[("按主题", _hottest(hot, "topic")), ("按地点", _hottest(hot, "place"))],
        hot_count=len(hot),
        queue=_queue(result, order[:_QUEUE]),
        left=max(0, len(order) - _QUEUE),
        provenance=result.row(0)["provenance"] if order else {},
    )
    stream.enable_buffering(200)
    stream.dump(str(path), encoding="utf-8")
