"""The tables of an office in the store: checked together before they hold, with every version kept.

A table is kept whole, as the office wrote it. What is put is read by the pipeline's own readers beside the other tables
that hold, so that a member's place exists and a station's convenor is a member; what breaks a rule is refused with
file, row and value, and nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.errors import InputError
from pipeline.lexicon import Lexicon
from pipeline.route import Router
from pipeline.route.faults import Faults
from service.accounts.actor import Actor
from service.desk import audit, dials, feed
from service.desk.acts import did
from service.desk.errors import ConflictError, NotFoundError, RuleError
from service.desk.grid import Grid
from service.desk.sheets import Difference, Row, as_files, difference, rows_of
from service.export.labels import TABLES
from service.store import Assignment, Member, OfficeTable, Store, now
from service.store.people import OFFICE_TABLES

_LONGEST = 64
"""Characters of a member's id; see `service.store.Member`."""


def held(session: Session) -> dict[str, OfficeTable]:
    """Return the tables that hold, by kind. A kind that the office never kept is not there."""
    last = select(func.max(OfficeTable.id)).group_by(OfficeTable.kind)
    return {row.kind: row for row in session.scalars(select(OfficeTable).where(OfficeTable.id.in_(last)))}


def contents(session: Session) -> dict[str, str]:
    """Return the content of the tables that hold, by kind."""
    return {kind: row.content for kind, row in held(session).items() if row.content}


def versions(session: Session) -> dict[str, int]:
    """Return the versions of the tables that hold, by kind."""
    query = select(OfficeTable.kind, func.max(OfficeTable.version)).group_by(OfficeTable.kind)
    return {row.kind: row[1] for row in session.execute(query)}


def get_or_raise(session: Session, kind: str, version: int | None = None) -> OfficeTable:
    """Return a version of a table, the one that holds by default."""
    query = select(OfficeTable).where(OfficeTable.kind == known(kind)).order_by(OfficeTable.version.desc())
    row = session.scalars(query if version is None else query.where(OfficeTable.version == version)).first()
    if row is None:
        which = "" if version is None else f"第 {version} 版"
        raise NotFoundError(
            f"没有 {kind} 表{which}。请在这张表的历次版本（“管理→表”，或命令 minyi tables history {kind}）里核对。"
        )
    return row


def history(session: Session, kind: str) -> Sequence[OfficeTable]:
    """Return all versions of a table, the latest first."""
    query = select(OfficeTable).where(OfficeTable.kind == known(kind)).order_by(OfficeTable.version.desc())
    return session.scalars(query).all()


def known(kind: str) -> str:
    """Return a kind of table, having made sure that there is such a one."""
    if kind not in OFFICE_TABLES:
        raise NotFoundError(f"没有“{kind}”这种表。有：{'、'.join(OFFICE_TABLES)}。")
    return kind


def check(tables: Mapping[str, str]) -> Router:
    """Return the router that tables make together.

    Raises
    ------
    RuleError
        Where one breaks a rule: file, row, value and what to do.
    """
    try:
        _ids_fit(rows_of("members", tables.get("members", "")))
        dials.read(tables.get("dials", ""))
        with as_files(tables) as paths:
            lexicon = paths.pop("lexicon", None)
            if lexicon:
                Lexicon.load(lexicon)
            return Router.load(**paths)
    except InputError as error:
        raise RuleError(str(error), field=str(error).partition(".csv")[0]) from error


def preview(session: Session, given: Mapping[str, str]) -> list[Difference]:
    """Return what tables would change, having checked them together with those that hold."""
    rows = held(session)
    check({kind: row.content for kind, row in rows.items()} | {known(kind): text for kind, text in given.items()})
    for kind, text in given.items():
        Grid.of(kind, text).check()
    return [_difference(session, kind, rows.get(kind), text) for kind, text in given.items()]


def put(
    store: Store, given: Mapping[str, str], seen: Mapping[str, int], actor: Actor, note: str = ""
) -> list[Difference]:
    """Let tables hold from now on, all of them or none.

    Parameters
    ----------
    given : kind → content as CSV; "" gives the table up, for the one that ships or none.
    seen : kind → the version that the editor saw, 0 where there was none.

    Raises
    ------
    RuleError, ConflictError
        Where they break a rule, or somebody else changed a table meanwhile.
    """
    with store.reading() as session:
        checked = versions(session)
        found = preview(session, given)
    with store.writing() as session:
        rows = held(session)
        _unchanged(session, rows, dict.fromkeys(given, 0) | checked | dict(seen))
        for each in found:
            if each:
                _save(session, each, rows.get(each.kind), given[each.kind], actor, note)
    return found


def restore(store: Store, kind: str, version: int, seen: int, actor: Actor, note: str = "") -> list[Difference]:
    """Let an earlier version hold again, as a version of its own; 0 gives the table up."""
    with store.reading() as session:
        content = get_or_raise(session, kind, version).content if version else ""
    return put(store, {known(kind): content}, {kind: seen}, actor, note or f"恢复第 {version} 版")


def _ids_fit(members: Mapping[str, Row]) -> None:
    long = [row["id"] for row in members.values() if len(row["id"]) > _LONGEST]
    if long:
        raise InputError(f"members.csv：id“{long[0][:20]}…”有 {len(long[0])} 个字符，最多 {_LONGEST} 个。请换短的。")


def _active(row: Row) -> bool:
    return Faults(Path()).yes(row.get("active", ""), "active", default=True)


def _difference(session: Session, kind: str, before: OfficeTable | None, content: str) -> Difference:
    """Return what a table would change, with a warning for each member who leaves with matters in hand."""
    found = difference(kind, before.content if before else "", content, before.version if before else 0)
    if kind == "members":
        gone = [row["id"] for row in found.removed] + [row.key for row in found.changed if not _active(row.after)]
        query = (
            select(Assignment.member, func.count())
            .where(Assignment.member.in_(gone), Assignment.state.in_(("sent", "accepted")))
            .group_by(Assignment.member)
            .order_by(Assignment.member)
        )
        in_hand = session.execute(query).all() if gone else ()
        found.warnings.extend(f"委员 {member} 手上还有 {count} 件，请改交他人。" for member, count in in_hand)
    return found


def _unchanged(session: Session, rows: Mapping[str, OfficeTable], seen: Mapping[str, int]) -> None:
    """Refuse where a table is not of the version that was seen."""
    for kind, version in seen.items():
        row = rows.get(kind)
        if (row.version if row else 0) == version:
            continue
        changed: dict[str, Any] = {"kind": kind, "version": row.version if row else 0}
        if row:
            changed |= {"editor": row.editor, "at": row.at.isoformat(), "note": row.note}
        now_is = did(session, row.editor, row.at, f"改到第 {row.version} 版") if row else "这张表还没有"
        raise ConflictError(f"{TABLES[kind]}表：您看到的是第 {version} 版，{now_is}。请看过现在的再改。", changed)


def _save(
    session: Session, found: Difference, before: OfficeTable | None, content: str, actor: Actor, note: str
) -> None:
    version = (before.version if before else 0) + 1
    row = OfficeTable(kind=found.kind, version=version, content=content, editor=str(actor), note=note, at=now())
    session.add(row)
    if found.kind == "members":
        _project(session, rows_of("members", content))
    told = {"version": version} | found.counts
    audit.record(session, actor, "table.put", f"table:{found.kind}", {"version": version - 1}, told, note)
    feed.tell(session, "table.changed", [(None, {"kind": found.kind} | told)])


def _project(session: Session, rows: Mapping[str, Row]) -> None:
    """Bring the rows of members in line with the roster; who is not on it stays, not active."""
    there = {member.id: member for member in session.scalars(select(Member))}
    for name, member in there.items():
        member.active = name in rows
    for name, row in rows.items():
        member = there.get(name) or Member(id=name)
        member.name, member.active, member.row = row["name"], _active(row), row
        session.add(member)
    session.flush()
