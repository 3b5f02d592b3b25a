"""The settings of the service: from the environment (MINYI_…), else from minyi.toml, else as below."""

from __future__ import annotations

import os
from pathlib import Path
from tomllib import TOMLDecodeError, loads

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from pipeline.errors import InputError

_FILE = os.environ.get("MINYI_SETTINGS", "minyi.toml")
_PREFIX = "MINYI_"


class Settings(BaseSettings):
    """What an operator may set. Every value can come from the environment as MINYI_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, toml_file=_FILE)

    data: Path = Field(default=Path("minyi-data"), description="数据文件夹：数据库、备份、上传的文件")
    database_url: SecretStr | None = Field(default=None, description="PostgreSQL 的地址；不设则用数据文件夹里的 SQLite")
    host: str = Field(default="127.0.0.1", description="监听地址；默认只听本机")
    port: int = Field(default=8000, ge=0, le=65535, description="监听端口")
    model: str | None = Field(default=None, description="模型名；默认用正在使用的")
    precision: float = Field(default=0.95, description="主题免复核的精度档位：0.95、0.97 或 0.99")
    secure_cookies: bool = Field(default=False, description="只经 HTTPS 发送登录凭据；前面有 HTTPS 反向代理时应打开")
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s/?#]+(/[^\s?#]*)?)?$",
        description="公众打开码上议用的地址，印在二维码里，如 https://minyi.example.gov.cn；不设则用打开网页时的地址",
    )
    hsts: int = Field(default=0, ge=0, description="告诉浏览器多少秒内只用 HTTPS；没有 HTTPS 时应为 0")
    max_body: int = Field(default=20_000_000, ge=1, description="一次请求最多的字节数")
    body_seconds: float = Field(default=60, gt=0, description="一次请求的正文最多用多少秒送完")
    session_idle: float = Field(default=120, gt=0, description="登录后多少分钟不操作就失效")
    session_hours: float = Field(default=12, gt=0, description="登录后最多多少小时失效")
    rate: int = Field(default=60_000, ge=1, description="每个密钥、每个用户每分钟最多的请求数（每个进程各自计数）")
    rate_intake: int = Field(default=60, ge=1, description="每个站点收件密钥每分钟最多的请求数（每个进程各自计数）")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where values come from, the strongest first."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @classmethod
    def read(cls) -> Settings:
        """Return the settings as environment and file say.

        Raises
        ------
        InputError
            Where a value cannot be used: which one, where it stands, and why. The value is not repeated.
        """
        try:
            return cls()
        except ValidationError as error:
            told = [f"{source_of(str(each['loc'][0]))} 的 {each['loc'][0]}：{each['msg']}" for each in error.errors()]
            raise InputError(
                "设置有误：" + "；".join(told) + "。运行 minyi settings --help 查看有哪些设置。"
            ) from error
        except TOMLDecodeError as error:
            raise InputError(f"{_FILE}：不是有效的 TOML（{error}）。请改正。") from error

    def prepare(self) -> None:
        """Make the data folder, for nobody else to read."""
        try:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"数据文件夹 {self.data}：建不了（{error.strerror}）。请改 MINYI_DATA 或权限。") from error

    @property
    def url(self) -> str:
        """The address of the database."""
        if self.database_url:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data / 'minyi.db'}"


def source_of(name: str) -> str:
    """Return where the value of a setting comes from: a variable of the environment, the file, or the default."""
    variable = f"{_PREFIX}{name}".upper()
    if variable in {each.upper() for each in os.environ}:
        return f"环境变量 {variable}"
    file = Path(_FILE)
    if file.is_file() and name in loads(file.read_text(encoding="utf-8")):
        return str(file)
    return "默认"
