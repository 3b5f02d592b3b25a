"""What tables and columns are called on the pages, what may stand in a cell, and errors in these words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.knowledge import CORPORA, table
from pipeline.route.faults import ALSO
from pipeline.route.router import rule_tables
from pipeline.route.tables import KINDS
from service.desk.sheets import rows_of
from service.export import labels

TABLES = labels.TABLES
ABOUT = {
    "members": "谁能承办：界别、所在地点、专长、同时能办几件、何时不在。",
    "places": "从县到村的地点树；别名也会在来件里认出来。",
    "stations": "委员工作室、议事室、联络站，设在哪里、由谁召集。",
    "crosswalk": "每个主题由哪个界别牵头、哪些协办、归哪个专委会。",
    "rules": "哪些来件只到办公室或值班室、几个工作日内办；从上往下，先满足的先定。",
    "holidays": "放假和调休的日子，用来算期限。",
    "sectors": "界别的名称。",
    "committees": "专委会的名称。",
    "lexicon": "本单位的名称、项目、简称：作为一个词看待；指了主题的，还会让那个主题更有可能。",
}
_SPECIAL = {("members", "name"): "姓名", ("stations", "sector"): "界别", ("crosswalk", "sector"): "牵头界别",
            ("rules", "valid_from"): "生效日期"}  # fmt: skip
_MANY = frozenset(
    "aliases sectors stations absences stakes assist convenors topics levels status hints".split()  # noqa: SIM905
)
"""Columns that hold a list."""
_YES_NO = (("1", "是"), ("0", "否"))
_FIXED: dict[tuple[str, str], Sequence[tuple[str, str]]] = {
    ("members", "active"): _YES_NO,
    ("holidays", "works"): (("0", "放假"), ("1", "上班")),
    ("crosswalk", "restricted"): (("", "否"), ("1", "是")),
    ("lexicon", "weight"): (("1", "略有关（机会翻一倍）"), ("2", "很有关（五倍）"), ("3", "几乎就是（二十倍）")),
    ("rules", "members"): (
        ("", "不由这条定"), ("assign", "可以承办"), ("inform", "只知情"), ("restricted", "不能看"), ("none", "无关"),
    ),
    ("stations", "kind"): (("", ""), *((each, each) for each in KINDS)),
}  # fmt: skip
_HINTS = {
    ("members", "id"): "编号定下后不要改：交办记录和账号都用它。",
    ("members", "capacity"): "同时能办几件，空着按 5 件。",
    ("members", "absences"): "写成 2026-03-07..2026-03-20。",
    ("members", "stakes"): "不宜承办的单位或事项的名称。",
    ("members", "active"): "离任的改成“否”，不要删：他办过的都在。",
    ("places", "parent"): "上一级的编号；最上级空着。",
    ("stations", "convenors"): "一至两位委员的编号，按先后。",
    ("stations", "leader"): "联系领导的委员编号。",
    ("crosswalk", "level2"): "空着就管这个一级主题的全部。",
    ("crosswalk", "valid_from"): "从哪天起；空着是一直。到那天起代替旧的一行。",
    ("rules", "valid_from"): "从哪天起；空着是一直。",
    ("rules", "pattern"): "正则表达式；不熟悉就空着。",
    ("rules", "hints"): "文中有其一才算。",
    ("lexicon", "level1"): "空着就只当一个词，不指向主题。",
}
_DATES = frozenset({"valid_from", "from", "to"})
_QUOTED = re.compile("(“[^”]*”)")


@dataclass(frozen=True, slots=True)
class Field:
    """A cell as a form has it: its column, label, hint, and what may be chosen or typed; `values` are several cells."""

    column: str
    label: str
    hint: str
    values: tuple[str, ...]
    many: bool = False
    fixed: Sequence[tuple[str, str]] = ()
    known: Sequence[tuple[str, str]] = ()
    date: bool = False
    required: bool = False


def label(kind: str, column: str) -> str:
    """Return what a column is called; one of the office's own as the office wrote it."""
    return _SPECIAL.get((kind, column)) or ALSO.get(column, (column,))[-1 if column == "name" else 0]


def shipped(kind: str) -> str:
    """Return the content of a table that ships, "" where none does."""
    path = rule_tables(None).get(kind)
    return path.read_text("utf-8-sig") if path else ""


def fields(kind: str, columns: Sequence[str], row: Mapping[str, str], kept: Mapping[str, str]) -> list[Field]:
    """Return the cells of a row as a form has them.

    Parameters
    ----------
    kept : the tables that the office keeps; what they name may be chosen.
    """
    made = []
    for column in columns:
        value, many = row.get(column, ""), column in _MANY
        fixed = _FIXED.get((kind, column), ())
        if fixed and value not in dict(fixed):
            fixed = ((value, value or "（空着）"), *fixed)
        values = (*filter(None, map(str.strip, value.split("|"))), "", "") if many else (value,)
        known = _known(kind, column, kept)
        hint = _HINTS.get((kind, column), "") + _means(values, dict(known))
        made.append(
            Field(
                column, label(kind, column), hint, values, many, fixed, known, column in _DATES,
                required=column in ("id", "name", "term", "code", "from", "to"),
            )
        )  # fmt: skip
    return made


def as_typed(column: str, value: str) -> str:
    """Return a cell as a form gives it back."""
    return "|".join(filter(None, map(str.strip, value.split("|")))) if column in _MANY else value.strip()


def shown(kind: str, column: str, value: str) -> str:
    """Return a cell as people read it: a list with commas, 1 and 0 as what they mean."""
    return dict(_FIXED.get((kind, column), ())).get(value, "、".join(value.split("|")) if column in _MANY else value)


def _means(values: Sequence[str], names: Mapping[str, str]) -> str:
    """Return what the ids in a cell stand for."""
    told = [f"{value} 是{names[value]}" for value in values if names.get(value)]
    return "、".join(told) + "。" if told else ""


def _known(kind: str, column: str, kept: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Return what a cell may name: value and what it means."""
    if column in ("level1", "level2", "topics"):
        names = [(row["level1"], row["level2"]) for _, row in table(CORPORA / "topics.csv", "level1", "level2")]
        firsts = dict.fromkeys(first for first, _ in names)
        return [(each, "") for each in firsts] if column != "level2" else [(second, first) for first, second in names]
    there = {
        "sectors": "sectors", "sector": "sectors", "assist": "sectors", "committee": "committees", "place": "places",
        "parent": "places", "stations": "stations", "convenors": "members", "leader": "members",
    }.get(column)  # fmt: skip
    if there is None:
        return ()
    rows = rows_of(there, kept.get(there) or shipped(there)).values()
    return [(row.get("id") or row["name"], row["name"] if "id" in row else "") for row in rows]


def told(error: str) -> list[str]:
    """Return the faults of tables in the words of the pages: names of files, columns and options as they are here."""
    return [_plain(line) for line in error.splitlines()]


def _plain(line: str) -> str:
    """Say it in the words of the pages, but for what is quoted: that is what somebody wrote."""
    for kind, name in TABLES.items():
        line = line.replace(f"corpora/{kind}.csv", f"“管理→表→{name}”").replace(f"{kind}.csv", f"{name}表")
    line = line.replace("或用 --places 给出地点表", "或先把它加进地点表").replace("corpora/topics.csv", "主题表")
    pieces = _QUOTED.split(line)
    return "".join(piece if at % 2 else _COLUMNS.sub(_said, piece) for at, piece in enumerate(pieces))


_COLUMNS = re.compile(r"(?<![\w.])(" + "|".join(sorted(ALSO, key=len, reverse=True)) + r")(?![\w.])")


def _said(found: re.Match[str]) -> str:
    return f"“{ALSO[found[0]][0]}”"
