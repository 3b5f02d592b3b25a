"""Charts as SVG: no script, nothing from outside, in the colours of the page, light and dark."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pygal
from pygal.style import Style

from service.desk.mine import today

_BARS = 20
_LABEL = 14
"""Characters of a label; the table beside has the whole of it."""
_DAILY = 92
"""Days that are drawn one by one; more are drawn by week."""
_LONGEST = 7 * 270
"""So many days are drawn; a mistyped year makes no chart of centuries."""
_FONT, _MORE = 14, 0.45
"""Size of a label, and by how much of it a Han character is wider than pygal reckons."""
_COLOURS = ("#3f7fc8", "#d07a2d", "#8c8c8c", "#4f9a62")
_STYLE = Style(
    background="transparent", plot_background="transparent", colors=_COLOURS, opacity="1", opacity_hover="1",
    foreground="#3d4650", foreground_strong="#1c2127", foreground_subtle="#b5bcc5", label_font_size=_FONT,
    major_label_font_size=_FONT, value_label_font_size=_FONT, value_font_size=_FONT,
    legend_font_size=_FONT, no_data_font_size=18,
    font_family="system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif",
)  # fmt: skip
_DARK = """inline:
@media (prefers-color-scheme: dark) {
  text { fill: #e7eaee !important; }
  .axis .line { stroke: #58616d !important; }
}
"""

_SCRIPT = re.compile(rb"<script\b.*?</script>", re.DOTALL)

Row = Sequence[object]


def bars(rows: Sequence[Row], heads: Sequence[str], series: Sequence[int]) -> bytes:
    """Return rows as horizontal bars, the first one on top; a label tells the number, too.

    Parameters
    ----------
    heads : of the columns; the first column labels the bars.
    series : the columns that are drawn; several are stacked.
    """
    shown, several = rows[:_BARS][::-1], len(series) > 1
    labels = [f"{_short(str(row[0]))}  {sum(_number(row[column]) for column in series):g}" for row in shown]
    kind = pygal.HorizontalStackedBar if several else pygal.HorizontalBar
    chart = kind(
        **_config(labels), height=50 + 30 * max(2, len(shown)) + 30 * several, show_legend=several,
        legend_at_bottom=True, legend_at_bottom_columns=len(series), show_x_labels=False, show_x_guides=False,
    )  # fmt: skip
    chart.x_labels = labels
    for column in series:
        chart.add(heads[column], [_number(row[column]) for row in shown])
    return _drawn(chart)


def days(rows: Sequence[Row]) -> bytes:
    """Return counts by day as bars, days without any among them; of a long time by week; see `_lately`."""
    counts: Counter[date] = Counter()
    for told, count, *_ in rows:
        with suppress(ValueError):  # a day that there is not stands in the table only
            counts[date.fromisoformat(str(told))] += int(_number(count))
    counts, every = _lately(counts), len(counts)
    step = 7 if counts and (max(counts) - min(counts)).days > _DAILY else 1
    spans: Counter[date] = Counter()
    for day, count in counts.items():
        spans[day - timedelta(day.weekday() if step == 7 else 0)] += count
    first, last = min(spans, default=date.min), max(spans, default=date.min)
    shown = [first + timedelta(each) for each in range(0, (last - first).days + 1, step)] if spans else []
    said = ["每周合计，日期是周一"] * (step == 7) + ["太早或还没到的日子只在表里"] * (len(counts) < every)
    chart = pygal.Bar(
        **_config([]), height=320, show_legend=False, x_label_rotation=30, show_minor_x_labels=False,
        x_title="；".join(said) or None, show_x_guides=False,
    )  # fmt: skip
    chart.x_labels = [day.isoformat() for day in shown]
    chart.x_labels_major = chart.x_labels[:: max(1, -(-len(shown) // 8))]
    chart.add("件数", [spans[day] for day in shown])
    return _drawn(chart)


def _lately(counts: Counter[date]) -> Counter[date]:
    """Return the days of the last years; those to come are mistyped, unless there are no others."""
    past = [day for day in counts if day.isoformat() <= today()] or list(counts)
    last = max(past, default=date.min)
    return Counter({day: counts[day] for day in past if (last - day).days < _LONGEST})


def _drawn(chart: Any) -> bytes:
    """Return a chart without the settings that pygal writes into it as a script: no picture needs them."""
    return _SCRIPT.sub(b"", chart.render())


def _config(labels: Sequence[str]) -> dict[str, object]:
    """Return what all charts have; pygal takes all signs for narrow ones and would cut Han characters off."""
    wide = max((sum(each > "\u2e80" for each in label) for label in labels), default=0)
    return {"js": [], "css": ["file://style.css", "file://graph.css", _DARK], "style": _STYLE, "width": 720,
            "no_data_text": "没有数据", "margin": 10, "margin_left": 10 + round(_FONT * _MORE * wide)}  # fmt: skip


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0


def _short(text: str) -> str:
    return text if len(text) <= _LABEL else text[: _LABEL - 1] + "…"
