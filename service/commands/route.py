"""`minyi route`: why a submission goes where it goes, and what a whole file would do to an office."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from pipeline.errors import InputError
from pipeline.ingest import Intake
from pipeline.records import Rejected, to_json
from service.commands.common import Office
from service.export import beside, check
from service.export.labels import INTENT, PRIORITY, ROLE, STATUS, owner, title_and_body
from service.export.sheet import disarm

if TYPE_CHECKING:
    from pipeline.batch import Run
    from pipeline.route.simulate import Spread
    from pipeline.triage import Triage

_SHOWN = 10
_COLUMNS = ("编号", "姓名", "界别", "可同时办理", "主办", "协办", "知情")


def _triaged(files: Sequence[Path], wanted: Mapping[str, str], office: Office) -> tuple[Triage, Run]:
    """Triage files; a row that cannot be read is told, as by `minyi triage`."""
    from pipeline import batch
    from pipeline.triage import Triage

    def tell(rejected: Rejected) -> None:
        sys.stderr.write(f"{rejected.file}:{rejected.line}: {rejected.reason}\n")

    triage = Triage.load(**asdict(office))
    return triage, batch.run(triage, Intake(files, wanted=wanted, rejected=tell))


def _decided(path: Path, name: str) -> tuple[bool, dict[str, Any] | None]:
    """Return whether `minyi triage` wrote a file, and its decision about a submission, None where it holds none."""
    if path.suffix.lower() != ".jsonl" or not path.is_file():
        return False, None
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                if number == 1:
                    return False, None
                raise InputError(f"{path} 第 {number} 行：不是有效的 JSON（{error}）。请重新研判。") from error
            if not isinstance(row, dict) or not {"route", "provenance"} <= set(row):
                return False, None
            if row["id"] == name:
                return True, row
    return True, None


def run_explain(file: Path, name: str, wanted: Mapping[str, str], office: Office) -> int:
    """Tell why a submission goes where it goes; see `service.cli.route.route_explain`."""
    decided, found = _decided(file, name)
    if not decided:
        with _triaged([file], wanted, office)[1] as result:
            found = result.row(result.ids.index(name)) if name in result.ids else None
    if found is None:
        raise InputError(f"{file}：没有编号“{name}”。没有编号的来件记作 文件名-行号，例如 {file.stem}-2。")
    sys.stdout.write("\n".join(explanation(found)) + "\n")
    return 0


def explanation(decision: dict[str, Any]) -> list[str]:
    """Return the lines that explain the route of a decision."""
    route, topic = decision["route"], decision["topic"]
    lines = [
        f"{decision['id']}  {title_and_body(decision['clean']['text'])[0]}",
        f"状态 {STATUS[decision['status']]}    诉求 {INTENT[decision['intent']]}    "
        f"主题 {topic['level1'] or '（无）'}/{topic['level2'] or '（无）'}（把握 {topic['confidence']:.2f}）",
        f"紧急程度 {PRIORITY[decision['priority']['level']]}    期限 {route.get('due') or '（无来件日期，未计）'}",
        f"承办 {owner(route)}    界别 {route['sector'] or '（无）'}    专委会 {route['committee'] or '（无）'}    "
        f"协办 {'、'.join(route['assist']) or '（无）'}",
        f"地点 {route['place'] or '（未定）'}    站点 {route.get('station') or '（无）'}",
        "理由：",
        *(f"  {number}. {reason}" for number, reason in enumerate(route["reasons"], 1)),
    ]
    if route["members"]:
        lines.append("委员：")
    for member in route["members"]:
        lines.append(f"  {ROLE[member.get('role', 'lead')]} {member['name']}（{member['id']}） {member['score']:.2f}")
        lines += [f"      {reason}" for reason in member["reasons"]]
    if decision.get("parts"):
        lines.append("建议拆分（一事一报）：")
    for part in decision.get("parts", []):
        text = " ".join(decision["clean"]["text"][part["start"] : part["end"]].split())
        goes = "只到办公室" if part["restricted"] else f"界别 {part['sector']}、专委会 {part['committee']}"
        lines.append(f"  {part['id']}  {part['level1']}/{part['level2']}  {goes}  {part['place'] or ''}  {text[:40]}")
    return lines


def run_simulate(files: Sequence[Path], out: Path | None, wanted: Mapping[str, str], office: Office) -> int:
    """Tell what a file would do to an office; see `service.cli.route.route_simulate`."""
    from pipeline.route import simulate

    if office.members is None:
        raise InputError("route simulate 需要委员表：请用 --members 给出，有地点的还要 --places。")
    if out:
        check(out, {".json", ".csv", ".xlsx"})
    triage, run = _triaged(files, wanted, office)
    with run as result:
        issues = [duplicate.issue for duplicate in result.duplicates]
        before, after = (simulate.spread(triage.router, result.asks, issues, fair=fair) for fair in (False, True))
        sectors = simulate.demand(triage.router, result.asks, issues)
        cover = simulate.coverage(triage.router)
        counts = _owners(result, {member.id for member in triage.router.members})
        seconds = result.summary.seconds
    told = {
        "rows": len(issues), "owners": dict(counts), "gini": {"before": before.gini, "after": after.gini},
        "gini_within_sectors": {"before": before.within, "after": after.within}, "seconds": seconds,
        "sectors": sectors, "coverage": cover, "members": after.shares,
    }  # fmt: skip
    if out:
        _write(out, after, told)
    sys.stdout.write("\n".join(_lines(told, after)) + "\n")
    return 0


def _owners(result: Run, members: set[str]) -> Counter[str]:
    """Count who owns the rows, and what must never be: rows without owner, restricted ones that a member sees."""
    counts: Counter[str] = Counter()
    for line in result.lines():
        route = orjson.loads(line)["route"]
        counts["委员" if route["owner"] in members else route["owner"] or "无主"] += 1
        counts["受限"] += route["restricted"]
        counts["受限而到委员"] += bool(route["restricted"] and route["members"])
    return counts


def _lines(told: dict[str, Any], after: Spread) -> list[str]:
    owners, cover = told["owners"], told["coverage"]
    leads = [share.lead for share in after.shares]
    busiest = sorted(after.shares, key=lambda share: (-share.lead, share.id))[:_SHOWN]
    owned = "  ".join(f"{name} {count}" for name, count in owners.items() if not name.startswith("受限"))
    lines = [
        f"来件 {told['rows']}    承办：{owned}    无主 {owners.get('无主', 0)}",
        f"受限 {owners['受限']}    其中到了委员的 {owners['受限而到委员']}",
        f"委员 {len(leads)}    主办平均 {sum(leads) / max(1, len(leads)):.1f}  最多 {max(leads, default=0)}  "
        f"一件没有 {leads.count(0)}",
        f"基尼系数（主办件数）：不计公平 {told['gini']['before']:.3f}，计公平 {told['gini']['after']:.3f}；"
        f"同界别内 {told['gini_within_sectors']['before']:.3f}，{told['gini_within_sectors']['after']:.3f}",
        f"用时 {told['seconds']:.1f} 秒，每件 {1000 * told['seconds'] / max(1, told['rows']):.2f} 毫秒",
        "界别  事项  委员  可同时办理  最满时  无人可派",
    ]
    for each in told["sectors"]:
        over = "  超负荷" if each.overloaded else ""
        numbers = f"{each.matters}  {each.members}  {each.capacity}  {each.peak:.0%}  {each.unserved}"
        lines.append(f"  {each.sector}  {numbers}{over}")
    lines.append("主办最多：" + "，".join(f"{share.name} {share.lead}" for share in busiest))
    some = f"：{'、'.join(cover.empty[:_SHOWN])}{'……' if len(cover.empty) > _SHOWN else ''}" if cover.empty else ""
    lines.append(f"网格 {cover.grids}    没有委员的 {len(cover.empty)}{some}")
    lines.append(f"没有站点的委员 {len(cover.alone)}" + (f"：{'、'.join(cover.alone[:_SHOWN])}" if cover.alone else ""))
    return lines


def _write(out: Path, after: Spread, told: dict[str, Any]) -> None:
    """Write the shares of the members as a table, or all figures as JSON."""
    rows = [[*astuple(share)[:2], "|".join(share.sectors), *astuple(share)[3:]] for share in after.shares]
    with beside(out) as temporary:
        if out.suffix.lower() == ".json":
            temporary.write_bytes(to_json(told) + b"\n")
        elif out.suffix.lower() == ".csv":
            with temporary.open("w", encoding="utf-8-sig", newline="") as stream:
                csv.writer(stream).writerows([_COLUMNS, *([disarm(cell) for cell in row] for row in rows)])
        else:
            from openpyxl import Workbook

            book = Workbook()
            for row in (_COLUMNS, *rows):
                book.active.append(row)
            book.save(temporary)
