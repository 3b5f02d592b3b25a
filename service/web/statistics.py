"""Statistics: pictures with their tables, and the numbers to download."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from service.desk.errors import NotFoundError
from service.desk.mine import today
from service.desk.queue import Filters
from service.desk.statistics import Confused, Statistics
from service.export.hot import HotIssue
from service.export.labels import INTENT, PRIORITY
from service.web import charts
from service.web.files import Sheet, download
from service.web.inbox import queue_of
from service.web.page import Page, SignedIn, query_of

router = APIRouter(prefix="/statistics")
_SHOWN = 10
_HOTTEST = 15
_SHADES = 5
_SPANS = (("最近 7 天", 7), ("最近 30 天", 30), ("最近一年", 365))

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Told:
    """What charts are made of: the counts of a span of days, and the hottest issues of now."""

    counts: Statistics
    hottest: list[HotIssue]


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture: its title, the heads of its table, what counts it, and the columns that are drawn."""

    title: str
    heads: tuple[str, ...]
    rows: Callable[[Told], Rows]
    series: tuple[int, ...] = (1,)
    note: str = ""


def _by(what: str, words: dict[str, str] | None = None) -> Callable[[Told], Rows]:
    return lambda told: [((words or {}).get(name, name), count) for name, count in told.counts.by(what).items()]


def _funnel(told: Told) -> Rows:
    found = told.counts.funnel()
    names = {
        "received": "收到",
        "triaged": "软件研判",
        "issues": "归成事项",
        "assigned": "交办",
        "answered": "答复",
    }
    return [(name, getattr(found, step), f"{getattr(found, step) / max(1, found.received):.0%}")
            for step, name in names.items()]  # fmt: skip


def _dropped(told: Told) -> Rows:
    names = {"junk": "垃圾信息", "unreadable": "无法阅读", "duplicate": "重复"}
    return [(name, told.counts.funnel().dropped[why]) for why, name in names.items()]


def _members(told: Told) -> Rows:
    return [
        (each.name, each.open, each.answered, each.handed_back, "" if each.hours is None else each.hours)
        for each in told.counts.members()
    ]


def _hours(told: Told) -> Rows:
    found = [(each.name, each.hours) for each in told.counts.members() if each.hours is not None]
    return sorted(found, key=lambda row: -row[1])


CHARTS = {
    "funnel": Chart("办到哪一步", ("步骤", "件数", "占收到的"), _funnel,
                    note="软件研判：软件判为来件的，信息员不一定看过；归成事项的一行数的是事项，不是件。"),
    "dropped": Chart("没往下走的", ("原因", "件数"), _dropped),
    "day": Chart("逐日来件", ("日期", "件数"), _by("day")),
    "level1": Chart("主题", ("主题", "件数"), _by("level1")),
    "priority": Chart("紧急程度", ("紧急程度", "件数"), _by("priority", PRIORITY)),
    "intent": Chart("诉求", ("诉求", "件数"), _by("intent", INTENT)),
    "place": Chart("地点", ("地点", "件数"), _by("place"), note="文中和来件里都没有认出地点的不在内。"),
    "sector": Chart("界别", ("牵头界别", "件数"), _by("sector")),
    "source": Chart("来源", ("来源", "件数"), _by("source"), note="没有写来源的不在内。"),
    "channel": Chart("渠道", ("渠道", "件数"), _by("channel"), note="没有写渠道的不在内。"),
    "hot": Chart(
        "热点事项",
        ("事项", "热度", "人数", "件数", "近两周人数", "此前两周人数", "主题", "地点"),
        lambda told: [
            (each.title, each.heat.score, each.heat.voices, len(each.rows), each.heat.recent, each.heat.before,
             each.topic, "、".join(each.places[:4]))
            for each in told.hottest
        ],
        note="按现在的热度，不随上面的日期变。",
    ),
    "members": Chart(
        "委员的承办", ("委员", "在办", "已答复", "退回", "答复用时（小时，中位）"), _members, series=(1, 2, 3)
    ),
    "hours": Chart("委员答复用时", ("委员", "小时（中位）"), _hours, note="从交办到第一次答复；一半的件比它快。"),
}  # fmt: skip


_CONFUSION: tuple[str, ...] = ("软件", "信息员", "件数")


@router.get("")
def show(page: SignedIn, since: str = "", until: str = "") -> Response:
    """Show all charts, each beside its table, and where officers corrected the topic."""
    told = _rows(page, CHARTS, since, until)
    shown = [{"name": name, "chart": chart, "rows": told[name], "most": _SHOWN} for name, chart in CHARTS.items()]
    filters = {"since": since, "until": until}
    spans = [
        (name, f"/statistics?since={(date.fromisoformat(today()) - timedelta(days - 1)).isoformat()}")
        for name, days in _SPANS
    ]
    return page.show(
        "statistics", title="统计", charts=shown, filters=filters, query=query_of(filters), spans=spans,
        confusion=_picture(_confused(page, since, until)), glanced=_glanced(page, since, until), without=_without(page),
    )  # fmt: skip


def _rows(page: Page, names: Iterable[str], since: str, until: str) -> dict[str, Rows]:
    """Return the rows of charts, all from one look at the store."""
    actor = page.need("statistics")
    with page.here.store.reading() as session:
        hottest = page.here.hottest.issues(session, actor, most=_HOTTEST) if "hot" in names else []
        counts = Statistics(session, actor, queue_of(page), Filters(since=since or None, until=until or None))
        return {name: CHARTS[name].rows(Told(counts, hottest)) for name in names}


def _confused(page: Page, since: str, until: str) -> list[Confused]:
    actor = page.need("statistics")
    with page.here.store.reading() as session:
        filters = Filters(since=since or None, until=until or None)
        return Statistics(session, actor, queue_of(page), filters).confusion()


def _glanced(page: Page, since: str, until: str) -> int:
    actor = page.need("statistics")
    with page.here.store.reading() as session:
        filters = Filters(since=since or None, until=until or None)
        return Statistics(session, actor, queue_of(page), filters).glanced()


def _without(page: Page) -> str:
    """Return what is not counted, as whoever looks may not know of it."""
    return "" if "read_restricted" in page.need("statistics").may else "不含只到办公室的来件"


def _picture(found: list[Confused]) -> dict[str, Any]:
    """Return what officers made of the topics as a picture: a row for what the software said, shaded by its share."""
    counts = {(each.decided or "（无）", each.officer or "（无）"): each.count for each in found}
    said, meant = Counter[str](), Counter[str]()
    for (decided, officer), count in counts.items():
        said[decided] += count
        meant[officer] += count
    names = [name for name, _ in (said + meant).most_common()]
    rows = [
        (name, said[name], [(counts.get((name, other), 0), _shade(counts.get((name, other), 0), said[name]))
                            for other in names])
        for name in names if said[name]
    ]  # fmt: skip
    right = sum(count for (decided, officer), count in counts.items() if decided == officer)
    return {"names": names, "rows": rows, "right": right, "of": said.total()}


def _shade(count: int, of: int) -> int:
    return -(-count * _SHADES // of) if of else 0


@router.get("/all.xlsx")
def everything(page: SignedIn, since: str = "", until: str = "") -> Response:
    """Give the numbers of all charts as one workbook, a sheet each."""
    told = _rows(page, CHARTS, since, until)
    span = [("自", since or "最早"), ("至", until or "最近"), ("取数", today())]
    span += [("范围", without)] if (without := _without(page)) else []
    sheets: list[Sheet] = [("说明", ("项", "内容"), span)]
    sheets += [(chart.title, chart.heads, told[name]) for name, chart in CHARTS.items()]
    sheets.append(("更正", _CONFUSION, _numbers(_confused(page, since, until))))
    return download("统计", ".xlsx", sheets)


def _numbers(found: list[Confused]) -> Rows:
    return [(each.decided or "（无）", each.officer or "（无）", each.count) for each in found]


@router.get("/{name}.svg")
def draw(page: SignedIn, name: str, since: str = "", until: str = "") -> Response:
    """Draw one chart; it holds no script and asks nobody for anything."""
    if name not in CHARTS:
        raise NotFoundError(f"没有“{name}”的图。")
    chart, rows = CHARTS[name], _rows(page, (name,), since, until)[name]
    drawn = charts.days(rows) if name == "day" else charts.bars(rows, chart.heads, chart.series)
    return Response(drawn, media_type="image/svg+xml")


@router.get("/{name}.{ending}")
def numbers(page: SignedIn, name: str, ending: str, since: str = "", until: str = "") -> Response:
    """Give the numbers of one chart."""
    if name == "confusion":
        rows, heads, title = _numbers(_confused(page, since, until)), _CONFUSION, "更正"
    elif name in CHARTS:
        rows, heads, title = _rows(page, (name,), since, until)[name], CHARTS[name].heads, CHARTS[name].title
    else:
        raise NotFoundError(f"没有统计“{name}”。")
    return download(title, f".{ending}", [(title, heads, rows)])
