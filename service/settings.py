"""The settings of the service: from the environment (MINYI_…), else from minyi.toml, else as below."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

FILE = "minyi.toml"


class Settings(BaseSettings):
    """What an operator may set. Every value can come from the environment as MINYI_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="MINYI_", toml_file=os.environ.get("MINYI_SETTINGS", FILE))

    data: Path = Field(Path("minyi-data"), description="数据文件夹：数据库、备份、上传的文件")
    database_url: SecretStr | None = Field(None, description="PostgreSQL 的地址；不设则用数据文件夹里的 SQLite")
    host: str = Field("127.0.0.1", description="监听地址；默认只听本机")
    port: int = Field(8000, ge=0, le=65535, description="监听端口")
    model: str | None = Field(None, description="模型名；默认用正在使用的")
    precision: float = Field(0.95, description="主题免复核的精度档位：0.95、0.97 或 0.99")
    secure_cookies: bool = Field(False, description="只经 HTTPS 发送登录凭据；前面有 HTTPS 反向代理时应打开")
    max_body: int = Field(20_000_000, ge=1, description="一次请求最多的字节数")
    body_seconds: float = Field(60, gt=0, description="一次请求的正文最多用多少秒送完")
    session_idle: float = Field(120, gt=0, description="登录后多少分钟不操作就失效")
    session_hours: float = Field(12, gt=0, description="登录后最多多少小时失效")
    rate: int = Field(60_000, ge=1, description="每个密钥、每个用户每分钟最多的请求数（每个进程各自计数）")
    rate_intake: int = Field(60, ge=1, description="每个站点收件密钥每分钟最多的请求数（每个进程各自计数）")

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

    @property
    def url(self) -> str:
        """The address of the database."""
        if self.database_url:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data / 'minyi.db'}"
