"""Reading an office's table row by row, so that all its faults are told together, by file, row and value."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from pathlib import Path

from pipeline.errors import InputError
from pipeline.knowledge import table

ALSO = {
    "id": ("编号",), "name": ("姓名", "名称"), "parent": ("上级",), "aliases": ("别名", "又名"),
    "sectors": ("界别",), "sector": ("牵头界别", "界别"),
    "assist": ("协办界别",), "committee": ("专委会",), "place": ("地点",), "stations": ("站点",),
    "speciality": ("专长", "特色"), "organisation": ("单位", "工作单位"), "capacity": ("容量", "可办件数"),
    "absences": ("缺席", "请假"), "active": ("在任",), "open": ("在办件数",), "taken": ("近一年件数",),
    "stakes": ("回避",),
    "kind": ("类型",), "convenors": ("召集人",), "leader": ("联系领导",), "level1": ("一级主题",),
    "level2": ("二级主题",), "restricted": ("只到办公室",), "valid_from": ("生效日期",), "editor": ("编辑人",),
    "note": ("备注",), "code": ("代码",), "topics": ("适用主题",), "levels": ("适用紧急程度",),
    "status": ("适用状态",), "hints": ("提示词",), "pattern": ("匹配式",), "desk": ("承办",), "members": ("委员权限",),
    "days": ("工作日数",), "reason": ("理由",), "from": ("起",), "to": ("止",), "works": ("上班",), "term": ("词语",),
    "weight": ("分量",), "value": ("取值",),
}  # fmt: skip
"""Column → the Chinese headers that an office may use for it."""
_YES, _NO = ("1", "是", "true", "yes", ""), ("0", "否", "false", "no")
_TOLD = 10


class Faults:
    """The faults of one table, collected row by row and told together."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[str] = []
        self.line = 0
        self._where = ""

    def rows(self, *required: str) -> Iterator[dict[str, str]]:
        """Yield the rows of the table; faults that are added meanwhile are of the row."""
        seen: dict[str, int] = {}
        other = "sector" if "sectors" in required else "sectors"  # both may be headed 界别
        also = {name: others for name, others in ALSO.items() if name != other}
        for line, row in table(self.path, *required, also=also):
            self.line = line
            called = row.get("name") or row.get("id") or row.get("level1") or row.get("code") or "无名"
            self._where = f"{self.path} 第 {line} 行（{called}）："
            if "id" in required:
                if not row["id"] or not row["name"]:
                    self.add("缺 id 或 name。")
                elif row["id"] in seen:
                    self.add(f"id“{row['id']}”重复，第 {seen[row['id']]} 行已有。每行一个 id。")
                seen.setdefault(row["id"], line)
            yield row

    def add(self, fault: str, line: int | None = None, called: str = "") -> None:
        """Note a fault of the row that is being read, or of an earlier one."""
        self.told.append((f"{self.path} 第 {line} 行（{called}）：" if line else self._where) + fault)

    def known(self, values: Sequence[str], known: Collection[str], kind: str, where: str) -> None:
        """Note the values that are not among the known ones."""
        for value in values:
            if value not in known:
                self.add(f"没有{kind}“{value}”。{kind}见 {where}。")

    def number(self, cell: str, column: str, default: int) -> int:
        """Return a cell as a count, or the default where it is empty."""
        if not cell or cell.isdecimal():
            return int(cell or default)
        self.add(f"{column} 是“{cell}”，应为不小于 0 的整数。")
        return default

    def day(self, cell: str, column: str) -> date | None:
        """Return a cell as a day, or None where it is empty."""
        try:
            return date.fromisoformat(cell) if cell else None
        except ValueError:
            self.add(f"{column} 里的“{cell}”不是日期。请写成 2026-03-07 这样。")
            return None

    def yes(self, cell: str, column: str, default: bool) -> bool:
        """Return a cell as yes or no, or the default where it is empty."""
        if cell.lower() not in (*_YES, *_NO):
            self.add(f"{column} 是“{cell}”，只能是 1（是）或 0（否）。")
        return default if not cell else cell.lower() in _YES

    def check(self) -> None:
        """Raise `InputError` where there is any fault."""
        if self.told:
            more = [f"…… 另有 {len(self.told) - _TOLD} 处。"] if len(self.told) > _TOLD else []
            raise InputError("\n".join([*self.told[:_TOLD], *more]))
