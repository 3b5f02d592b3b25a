"""Who may come in, and the record of what was done: `minyi user …`, `minyi key …`, `minyi audit …`."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)
user = typer.Typer(help="用户：添加、列出、修改、停用、重设口令。", no_args_is_help=True)
key = typer.Typer(help="密钥：给程序和公开表单用。", no_args_is_help=True)
audit = typer.Typer(help="审计记录：谁在何时做了什么。", no_args_is_help=True)
app.add_typer(user, name="user")
app.add_typer(key, name="key")
app.add_typer(audit, name="audit")

Name = Annotated[str, typer.Argument(help="用户名。", show_default=False)]
_ROLES = "officer 信息员、clerk 录入员、member 委员、analyst 分析员、administrator 管理员"
FullName = Annotated[str | None, typer.Option("--full-name", help="显示的姓名，默认为用户名。")]
MemberId = Annotated[str | None, typer.Option("--member", help="委员账号对应的委员编号。")]


@user.command("add")
def user_add(
    name: Name,
    role: Annotated[str, typer.Option("--role", help=f"角色：{_ROLES}。")],
    full_name: FullName = None,
    member: MemberId = None,
) -> None:
    """添加用户；在终端上输入口令，直接回车则自动生成，只显示一次。"""
    from service.commands.accounts import add_user

    raise typer.Exit(add_user(name, role, full_name or "", member))


@user.command("list")
def user_list() -> None:
    """列出全部用户。"""
    from service.commands.accounts import list_users

    raise typer.Exit(list_users())


@user.command("change")
def user_change(
    name: Name,
    role: Annotated[str | None, typer.Option("--role", help=f"新角色：{_ROLES}。")] = None,
    full_name: FullName = None,
    member: MemberId = None,
    enable: Annotated[bool, typer.Option("--enable", help="重新启用。")] = False,
) -> None:
    """修改用户的角色、显示名，或重新启用。"""
    from service.commands.accounts import change_user

    told = {"role": role, "shown": full_name, "member": member, "active": enable or None}
    changes: dict[str, str | bool | None] = {name: value for name, value in told.items() if value is not None}
    if role and role != "member":
        changes["member"] = None
    raise typer.Exit(change_user(name, changes))


@user.command("disable")
def user_disable(name: Name) -> None:
    """停用用户，原有登录立即失效；经手的记录都保留。"""
    from service.commands.accounts import change_user

    raise typer.Exit(change_user(name, {"active": False}))


@user.command("password")
def user_password(name: Name) -> None:
    """重设口令，原有登录立即失效。"""
    from service.commands.accounts import new_password

    raise typer.Exit(new_password(name))


@key.command("add")
def key_add(
    name: Annotated[str, typer.Argument(help="给谁、做什么用。", show_default=False)],
    scope: Annotated[list[str] | None, typer.Option("--scope", help="权限，可多次给出，如 submit、read。")] = None,
    site: Annotated[str | None, typer.Option("--site", help="公开表单的站点名：只能收件，来源固定为它。")] = None,
    expires: Annotated[str | None, typer.Option("--expires", help="到期日（2027-06-30）或天数（90）。")] = None,
) -> None:
    """生成密钥，只显示一次。"""
    from service.commands.accounts import add_key

    raise typer.Exit(add_key(name, scope or [], site, expires))


@key.command("list")
def key_list() -> None:
    """列出全部密钥，不含密钥本身。"""
    from service.commands.accounts import list_keys

    raise typer.Exit(list_keys())


@key.command("revoke")
def key_revoke(prefix: Annotated[str, typer.Argument(help="密钥的开头，如 mkabcdefgh。", show_default=False)]) -> None:
    """停用密钥，不能恢复。"""
    from service.commands.accounts import revoke_key

    raise typer.Exit(revoke_key(prefix))


@audit.command("verify")
def audit_verify(
    head: Annotated[
        str | None, typer.Option("--head", help="以前记下的末条（序号:哈希），核对后面有没有被截掉。")
    ] = None,
) -> None:
    """逐条核对审计记录有没有被改过、删过、插入过。"""
    from service.commands.accounts import verify_audit

    raise typer.Exit(verify_audit(head))
