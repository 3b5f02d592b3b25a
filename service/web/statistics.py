"""Statistics: pictures with their tables, and the numbers to download."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pygal
from fastapi import APIRouter
from fastapi.responses import Response
from pygal.style import Style

from service.desk.errors import NotFoundError
from service.desk.queue import Filters
from service.desk.statistics import Statistics
from service.export.labels import INTENT, PRIORITY
from service.export.sheet import disarm
from service.web.inbox import queue_of
from service.web.page import Page, SignedIn, query_of

router = APIRouter(prefix="/statistics")
_BARS = 20
_STYLE = Style(
    background="transparent", plot_background="transparent", colors=("#2f6db5", "#c0562b"),
    label_font_size=15, major_label_font_size=15, no_data_font_size=20,
    font_family="system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif",
)  # fmt: skip

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture: its title, the heads of its table, and what counts it."""

    title: str
    heads: tuple[str, ...]
    rows: Callable[[Statistics], Rows]
    drawn: bool = True


def _by(what: str, words: dict[str, str] | None = None) -> Callable[[Statistics], Rows]:
    return lambda told: [((words or {}).get(name, name), count) for name, count in told.by(what).items()]


def _funnel(told: Statistics) -> Rows:
    found = told.funnel()
    names = {"received": "收到", "triaged": "研判", "issues": "事项", "assigned": "交办", "answered": "答复"}
    dropped = {"junk": "其中垃圾信息", "unreadable": "其中无法阅读", "duplicate": "其中重复"}
    return [(name, getattr(found, step)) for step, name in names.items()] + [
        (name, found.dropped[why]) for why, name in dropped.items()
    ]


CHARTS = {
    "day": Chart("逐日来件", ("日期", "件数"), _by("day")),
    "level1": Chart("主题", ("主题", "件数"), _by("level1")),
    "priority": Chart("紧急程度", ("紧急程度", "件数"), _by("priority", PRIORITY)),
    "intent": Chart("诉求", ("诉求", "件数"), _by("intent", INTENT)),
    "place": Chart("地点", ("地点", "件数"), _by("place")),
    "sector": Chart("界别", ("界别", "件数"), _by("sector")),
    "source": Chart("来源", ("来源", "件数"), _by("source")),
    "funnel": Chart("办到哪一步", ("步骤", "件数"), _funnel),
    "confusion": Chart(
        "信息员的更正：软件定的主题与最后的主题",
        ("软件", "信息员", "件数"),
        lambda told: [(each.decided or "（无）", each.officer or "（无）", each.count) for each in told.confusion()],
        drawn=False,
    ),
    "members": Chart(
        "委员的承办与用时",
        ("委员", "在办", "已答复", "退回", "答复用时（小时，中位）"),
        lambda told: [
            (each.name, each.open, each.answered, each.handed_back, "" if each.hours is None else each.hours)
            for each in told.members()
        ],
    ),
}


@router.get("")
def show(page: SignedIn, since: str = "", until: str = "") -> Response:
    """Show all charts, each beside its table."""
    told = {name: _rows(page, name, since, until) for name in CHARTS}
    charts = [
        {"name": name, "title": chart.title, "heads": chart.heads, "rows": told[name], "drawn": chart.drawn}
        for name, chart in CHARTS.items()
    ]
    filters = {"since": since, "until": until}
    return page.show("statistics", title="统计", charts=charts, filters=filters, query=query_of(filters))


@router.get("/{name}.svg")
def draw(page: SignedIn, name: str, since: str = "", until: str = "") -> Response:
    """Draw one chart; it holds no script and asks nobody for anything."""
    if name not in CHARTS or not CHARTS[name].drawn:
        raise NotFoundError(f"没有“{name}”的图。")
    rows = _rows(page, name, since, until)
    kind = pygal.Line if name == "day" else pygal.HorizontalBar
    chart = kind(
        js=[], style=_STYLE, show_legend=False, height=360 if name == "day" else 90 + 28 * min(len(rows), _BARS),
        width=720, x_label_rotation=40 if name == "day" else 0, show_minor_x_labels=False, no_data_text="没有数据",
    )  # fmt: skip
    shown = rows if name == "day" else rows[:_BARS][::-1]
    chart.x_labels = [str(row[0]) for row in shown]
    if name == "day":
        chart.x_labels_major = chart.x_labels[:: max(1, len(shown) // 8)]
    chart.add("件数", [row[1] for row in shown])
    return Response(chart.render(), media_type="image/svg+xml")


@router.get("/{name}.csv")
def numbers(page: SignedIn, name: str, since: str = "", until: str = "") -> Response:
    """Give the numbers of one chart."""
    rows = _rows(page, name, since, until)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CHARTS[name].heads)
    writer.writerows([disarm(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response("\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _rows(page: Page, name: str, since: str, until: str) -> Rows:
    actor = page.need("statistics")
    if name not in CHARTS:
        raise NotFoundError(f"没有统计“{name}”。")
    filters = Filters(since=since or None, until=until or None)
    with page.here.store.reading() as session:
        return CHARTS[name].rows(Statistics(session, actor, queue_of(page), filters))
