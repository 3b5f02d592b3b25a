"""What `minyi user`, `minyi key` and `minyi audit` do."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from getpass import getpass
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.errors import InputError
from service.accounts import keys, passwords, users
from service.accounts.users import Newcomer
from service.commands.office import opened, whoever
from service.desk import audit


def add_user(name: str, role: str, shown: str, member: str | None) -> int:
    """Add a user; the password is asked for on a terminal, else made and told."""
    password = _asked()
    told = password or passwords.generated()
    with opened() as store:
        user = users.add(store, whoever(), Newcomer(name, role, told, shown, member, once=not password))
    sys.stdout.write(f"已添加用户 {user.name}（{user.role}）。\n")
    return _tell_password(None if password else told)


def list_users() -> int:
    """List all users."""
    with opened() as store, store.reading() as session:
        rows = [
            (user.name, user.shown, user.role, user.member or "", "在用" if user.active else "停用", _day(user.seen_at))
            for user in users.everybody(session)
        ]
    return _table(("用户名", "显示名", "角色", "委员编号", "状态", "最近"), rows)


def change_user(name: str, changes: dict[str, Any]) -> int:
    """Change a user."""
    if not changes:
        raise InputError("没有要改的。请给出 --role、--full-name、--member 或 --enable。")
    with opened() as store:
        with store.reading() as session:
            user = users.named(session, name)
        user = users.change(store, whoever(), user.id, changes)
    sys.stdout.write(f"已修改用户 {user.name}：{user.role}，{'在用' if user.active else '停用'}。\n")
    return 0


def new_password(name: str) -> int:
    """Give a user a new password."""
    password = _asked()
    told = password or passwords.generated()
    with opened() as store:
        with store.reading() as session:
            user = users.named(session, name)
        users.give_password(store, whoever(), user.id, told, once=not password)
    sys.stdout.write(f"已重设用户 {user.name} 的口令，原有登录全部失效。\n")
    return _tell_password(None if password else told)


def add_key(name: str, scopes: Sequence[str], site: str | None, expires: str | None) -> int:
    """Make a key and tell it, this once."""
    with opened() as store:
        key, token = keys.add(store, whoever(), keys.Wish(name, scopes, site, _end_of(expires)))
    sys.stderr.write(f"密钥 {key.prefix}（{'、'.join(key.scopes)}）只显示这一次，请立即存好：\n")
    sys.stdout.write(f"{token}\n")
    return 0


def list_keys() -> int:
    """List all keys."""
    with opened() as store, store.reading() as session:
        rows = [
            (key.prefix, key.name, "、".join(key.scopes), key.site or "", _day(key.expires_at), _day(key.seen_at),
             "停用" if key.revoked_at else "在用")
            for key in keys.every(session)
        ]  # fmt: skip
    return _table(("开头", "名称", "权限", "站点", "到期", "最近", "状态"), rows)


def revoke_key(prefix: str) -> int:
    """Make a key useless, for good."""
    with opened() as store:
        key = keys.revoke(store, whoever(), prefix)
    sys.stdout.write(f"已停用密钥 {key.prefix}（{key.name}）。\n")
    return 0


def verify_audit(known: str | None) -> int:
    """Check the audit; 1 where it is not whole."""
    with opened() as store, store.reading() as session:
        entries, broken = audit.verify(session)
        head = audit.head(session)
        cut = known is not None and not audit.holds(session, known)
    if broken:
        sys.stdout.write(f"审计记录在第 {broken} 条断开：这一条被改过、删过或插入过。请与备份核对。\n")
        return 1
    if cut:
        sys.stdout.write(f"审计记录 {entries} 条首尾相接，但没有 {known}：记下它以后被截掉或重写过。请与备份核对。\n")
        return 1
    sys.stdout.write(f"审计记录 {entries} 条，完整。末条（请另存一处，下次用 --head 核对）：\n{head}\n")
    return 0


def _asked() -> str | None:
    """Return the password that was typed twice, None where there is no terminal or nothing was typed."""
    if not sys.stdin.isatty():
        return None
    password = getpass("口令（直接回车则自动生成）：")
    if password and getpass("再输一次：") != password:
        raise InputError("两次输入的口令不同。请重来。")
    return password or None


def _tell_password(password: str | None) -> int:
    if password:
        sys.stderr.write("口令只显示这一次，请立即转告本人；第一次登录时要换成自己的：\n")
        sys.stdout.write(f"{password}\n")
    return 0


def _end_of(day: str | None) -> datetime | None:
    """Return the end of a day here, or of the day in so many days."""
    if day is None:
        return None
    try:
        last = datetime.now() + timedelta(int(day)) if day.isdigit() else datetime.fromisoformat(day)
    except (ValueError, OverflowError) as error:
        raise InputError(f"--expires {day}：应写成日期（2027-06-30）或天数（90）。") from error
    return last.replace(hour=23, minute=59, second=59, microsecond=0).astimezone(UTC)


def _day(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else ""


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200, highlight=False).print(table)
    return 0
