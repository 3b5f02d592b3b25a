"""The hot issues of a finished run, the hottest first: for the report, the table and `minyi hot`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pipeline import records
from pipeline.hot import Heat, Voice, heat, telling
from service.export import labels

if TYPE_CHECKING:
    from pipeline.batch import Run

LEAST_VOICES = 2
"""An issue is hot only where so many people speak of it …"""
LEAST_TEXTS = 3
"""… in so many texts."""
_SHOWN = 3

COLUMNS = (
    ("热度", 8), ("事项", 22), ("标题", 40), ("主题", 14), ("人数", 7), ("附和人数", 9), ("件数", 7), ("点赞", 7),
    ("获支持", 9), ("近期人数", 9), ("此前人数", 9), ("增势", 7), ("地点数", 8), ("地点", 24), ("起", 12), ("止", 12),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class HotIssue:
    """An issue with its heat: its most telling title, its commonest topic, where, from when to when, and its rows."""

    issue: str
    title: str
    topic: str
    places: tuple[str, ...]
    first: str
    last: str
    heat: Heat
    rows: tuple[int, ...]

    def told(self) -> dict[str, Any]:
        """Return it as a dictionary for JSON, the parts of the heat beside its score."""
        return {**asdict(self), "heat": asdict(self.heat), "rows": len(self.rows)}

    def cells(self) -> list[str | float]:
        """Return the cells of a table, in the order of `COLUMNS`."""
        heat = self.heat
        return [
            heat.score, self.issue, self.title, self.topic, heat.voices, heat.echoes, len(self.rows), heat.likes,
            heat.backing, heat.recent, heat.before, heat.growth, heat.places, "、".join(self.places), self.first,
            self.last,
        ]  # fmt: skip


def hot_issues(result: Run, days: int = 14) -> list[HotIssue]:
    """Return the hot issues of a run.

    Parameters
    ----------
    result : the run.
    days : how long "recent" is, counted back from the last day of the run.
    """
    ends = [day for about in result.abouts() if (day := _ordinal(about)) is not None]
    today = max(ends, default=None)
    found = [_hot(result, rows, today, days) for rows in result.issues(LEAST_TEXTS)]
    found = [issue for issue in found if issue.heat.voices >= LEAST_VOICES]
    return sorted(found, key=lambda issue: (-issue.heat.score, issue.rows[0]))


def _ordinal(about: dict[str, Any]) -> int | None:
    day = records.day(about.get("submitted_at", ""))
    try:
        return date.fromisoformat(day).toordinal() if day else None
    except ValueError:  # the 31st of a month that has 30 days
        return None


def _hot(result: Run, rows: Sequence[int], today: int | None, days: int) -> HotIssue:
    decisions = [result.row(index) for index in rows]
    at = {decision["id"]: index for index, decision in enumerate(decisions)}
    voices = [
        Voice(
            who=about.get("submitter", ""),
            repeats=at.get(decision["duplicate"]["of"]) if decision["duplicate"]["kind"] == "duplicate" else None,
            likes=about.get("likes", 0),
            echoes=decision["clean"]["echoes"],
            day=_ordinal(about),
            place=decision["route"]["place"] or about.get("place"),
        )
        for decision in decisions
        for about in [decision["submission"]]
    ]
    told = sorted(day for each in decisions if (day := records.day(each["submission"].get("submitted_at", ""))))
    titles = [
        labels.title_and_body(decision["clean"]["text"])[0]
        for decision, each in zip(decisions, voices, strict=True)
        if each.repeats is None
    ]
    return HotIssue(
        issue=decisions[0]["duplicate"]["issue"],
        title=titles[telling(titles)],
        topic=Counter(decision["topic"]["level1"] for decision in decisions).most_common(1)[0][0],
        places=tuple(dict.fromkeys(voice.place for voice in voices if voice.place)),
        first=told[0] if told else "",
        last=told[-1] if told else "",
        heat=heat(voices, today, days),
        rows=tuple(rows),
    )


def by(issues: Sequence[HotIssue], what: str) -> dict[str, list[HotIssue]]:
    """Return the issues of each topic, or of each place, the ones with the hottest issue first."""
    found: dict[str, list[HotIssue]] = {}
    for issue in issues:
        for name in issue.places or ("未知地点",) if what == "place" else (issue.topic,):
            found.setdefault(name, []).append(issue)
    return found


def _parts(issue: HotIssue, days: int) -> Iterator[str]:
    """Yield what is known of an issue beside its heat, in words; what is not known, or nought, is not said."""
    heat = issue.heat
    yield f"{len(issue.rows)} 件"
    if heat.echoes:
        yield f"附和 {heat.echoes} 人"
    if heat.likes:
        yield f"点赞 {heat.likes}"
    if issue.first:
        yield f"{issue.first} 至 {issue.last}" if issue.first != issue.last else issue.first
        if heat.recent or heat.before:
            yield f"近 {days} 天 {heat.recent} 人，此前 {days} 天 {heat.before} 人"
        else:
            yield f"近 {2 * days} 天没有新来件"
    if issue.places:
        more = f"等 {heat.places} 个地点" if heat.places > _SHOWN else ""
        yield "、".join(issue.places[:_SHOWN]) + more


def lines(groups: dict[str, list[HotIssue]], top: int, days: int) -> Iterator[str]:
    """Yield the hottest issues of each group as lines for a person."""
    for name, issues in groups.items():
        if name:
            yield f"【{name}】{len(issues)} 个"
        for number, issue in enumerate(issues[:top], 1):
            heat = issue.heat
            yield f"{number}. {issue.title}（{issue.issue}，{issue.topic}）"
            yield (
                f"   热度 {heat.score} = 人数 {heat.voices} ×（1 + 获支持 {heat.backing}）× 增势 {heat.growth}"
                f" × 地域 {heat.spread}"
            )
            yield "   " + "，".join(_parts(issue, days))
    if not any(groups.values()):
        yield "没有多人三件以上反映的同一事项。"
