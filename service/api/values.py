"""Values that several routes take: numbers and versions in their bounds, words without what a database refuses."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Header, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_PLAIN = r"^[^\x00]*$"
"""No database of ours keeps the sign NUL in a text."""
Short = Annotated[str, StringConstraints(max_length=200, pattern=_PLAIN)]
Long = Annotated[str, StringConstraints(max_length=200_000, min_length=1, pattern=_PLAIN)]
Reason = Annotated[str, StringConstraints(max_length=2000, pattern=_PLAIN)]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Number = Annotated[int, Path(ge=1, le=2**53, description="来件编号")]
Name = Annotated[str, Path(min_length=1, max_length=80, pattern=_PLAIN)]
Version = Annotated[int, Field(ge=1, le=2**31, description="您看到的版本")]
Role = Literal["officer", "clerk", "member", "analyst", "administrator"]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Which = Annotated[int, Path(ge=1, le=2**53)]
AskedKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="重发时用同一个键：不会做两遍，答复也一样；同一个键不能用于不同的内容",
    ),
]


class Sent(BaseModel):
    """What is sent; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Exact(BaseModel):
    """What is sent to the letter: a blank may belong to a password."""

    model_config = ConfigDict(extra="forbid")


class Given(BaseModel):
    """What is answered, read off a row or record."""

    model_config = ConfigDict(from_attributes=True)
