"""What the `minyi tables` commands do."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import InputError
from service.accounts.actor import Actor, command
from service.commands.models import table, tell
from service.commands.operation import opened
from service.desk import tables
from service.desk.sheets import Difference, Row, as_text
from service.store.people import OFFICE_TABLES

_SHOWN = 10
"""Rows of a kind that are told one by one."""


def me() -> Actor:
    """Return the actor of this command line."""
    return command(getpass.getuser())


def run_put(files: Sequence[str], note: str, *, preview: bool) -> int:
    """Let tables hold; see `service.cli.tables.tables_put`."""
    given = dict(_read(file) for file in files)
    with opened() as store:
        with store.reading() as session:
            seen = dict.fromkeys(given, 0) | tables.versions(session)
            found = tables.preview(session, given)
        _tell(found)
        if preview:
            tell("只是预览，没有保存。")
        else:
            tables.put(store, given, {kind: seen[kind] for kind in given}, me(), note)
            tell("已保存。" if any(found) else "与现行的一样，没有改动。")
    return 0


def run_show(kind: str | None, version: int | None) -> int:
    """Show a table, or which there are; see `service.cli.tables.tables_show`."""
    with opened() as store, store.reading() as session:
        if kind:
            sys.stdout.write(tables.get_or_raise(session, kind, version).content)
            return 0
        shown = table("现行的表", "表", "版本", "行数", "编辑人", "时间", "备注")
        for each, row in sorted(tables.held(session).items()):
            lines = str(max(0, row.content.count("\n") - 1)) if row.content else "不再自备"
            shown.add_row(each, str(row.version), lines, row.editor, _when(row.at), row.note)
    tell(shown, "没有列出的，用软件自带的。")
    return 0


def run_history(kind: str) -> int:
    """List the versions of a table; see `service.cli.tables.tables_history`."""
    with opened() as store, store.reading() as session:
        shown = table(f"{kind} 的各个版本", "版本", "编辑人", "时间", "备注")
        for row in tables.history(session, kind):
            shown.add_row(str(row.version), row.editor, _when(row.at), row.note)
    tell(shown, f"查看：minyi tables show {kind} --version 版本；恢复：minyi tables restore {kind} 版本。")
    return 0


def run_restore(kind: str, version: int, note: str) -> int:
    """Let an earlier version hold again; see `service.cli.tables.tables_restore`."""
    with opened() as store:
        with store.reading() as session:
            seen = tables.versions(session).get(tables.known(kind), 0)
        _tell(tables.restore(store, kind, version, seen, me(), note))
    tell("已恢复。" if version else "已改用自带的。")
    return 0


def _read(told: str) -> tuple[str, str]:
    """Return kind and content of a file that is given as FILE or KIND=FILE."""
    kind, sign, name = told.partition("=")
    path = Path(name if sign else told)
    kind = kind if sign else path.stem
    if kind not in OFFICE_TABLES:
        raise InputError(f"{told}：不知道是哪种表。请写成 种类=文件；种类有：{'、'.join(OFFICE_TABLES)}。")
    try:
        return kind, as_text(path.read_bytes(), path.name)
    except FileNotFoundError as error:
        raise InputError(f"{path}：没有这个文件。请检查路径。") from error


def _tell(found: Sequence[Difference]) -> None:
    for each in found:
        counts = each.counts
        moved = "，次序有变" if each.reordered else ""
        tell(f"{each.kind}：新增 {counts['added']} 行，删去 {counts['removed']} 行，改动 {counts['changed']} 行{moved}")
        lines = [f"  + {_row(row)}" for row in each.added] + [f"  - {_row(row)}" for row in each.removed]
        for change in each.changed:
            cells = "，".join(f"{name} “{change.before[name]}”→“{now}”" for name, now in change.after.items())
            lines.append(f"  * {change.key}：{cells}")
        tell(*lines[:_SHOWN], *([f"  …… 另有 {len(lines) - _SHOWN} 行"] if len(lines) > _SHOWN else []))
        tell(*(f"  注意：{warning}" for warning in each.warnings))


def _row(row: Row) -> str:
    return "，".join(value for value in row.values() if value)


def _when(at: object) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
