"""The service in operation: `minyi serve`, `settings`, `doctor`, `backup`, `restore` and `minyi db …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()
db = typer.Typer(name="db", help="数据库的表：升级、退回、查看版本。", no_args_is_help=True)
app.add_typer(db)


@app.command()
def serve(
    host: Annotated[
        str | None, typer.Option("--host", help="监听地址，默认只听本机（127.0.0.1）；对外应放在 HTTPS 反向代理之后。")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", help="监听端口，默认 8000；0 为任选一个。")] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="几个进程；多于一个须用 PostgreSQL。")] = 1,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="先升级数据库的表。")] = False,
) -> None:
    """运行服务：HTTP 接口和接口说明页；日志是 JSON 行，写到标准错误。按 Ctrl-C 或 SIGTERM 从容停下。"""
    from service.commands.serve import run_serve

    raise typer.Exit(run_serve(host, port, workers, upgrade=upgrade))


@app.command()
def settings() -> None:
    """列出所有设置：值、从哪里来（环境变量、文件、默认）、含义；口令不显示。"""
    from service.commands.operation import run_settings

    raise typer.Exit(run_settings())


@app.command()
def doctor() -> None:
    """检查能不能正常工作：数据库、模型、表、磁盘、时钟、权限；有问题的说明下一步，退出码 1。"""
    from service.commands.doctor import run_doctor

    raise typer.Exit(run_doctor())


@app.command()
def backup(
    out: Annotated[Path, typer.Argument(help="备份文件（.tar.gz）；不覆盖已有的。", show_default=False)],
) -> None:
    """把数据库、数据文件夹和本单位的模型备份成一个文件，附清单和校验；服务可以照常运行。"""
    from service.commands.backup import run_backup

    raise typer.Exit(run_backup(out))


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="minyi backup 写出的文件。", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="已有数据也恢复；原来的数据文件夹改名留着。")] = False,
) -> None:
    """从备份恢复，并核对：文件校验、数据库完整性、审计链、各表行数。先停下服务。"""
    from service.commands.backup import run_restore

    raise typer.Exit(run_restore(file, force=force))


@db.command("upgrade")
def db_upgrade(version: Annotated[str, typer.Argument(help="版本，默认最新。")] = "head") -> None:
    """建表，或升级到新版本；全部成功或毫无改动。"""
    from service.commands.operation import run_upgrade

    raise typer.Exit(run_upgrade(version))


@db.command("downgrade")
def db_downgrade(
    version: Annotated[str, typer.Argument(help="退回到哪个版本；base 为删去所有表。", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="确认：退回会丢掉新版本才有的数据。")] = False,
) -> None:
    """退回到早先的版本；先备份。"""
    from service.commands.operation import run_downgrade

    raise typer.Exit(run_downgrade(version, force=force))


@db.command("current")
def db_current() -> None:
    """显示数据库的版本和软件需要的版本；不一致时退出码 1。"""
    from service.commands.operation import run_current

    raise typer.Exit(run_current())
