"""The shapes that several routes share: what callers send has no unknown fields, numbers fit into the tables."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

Role = Literal["officer", "clerk", "member", "analyst", "administrator"]
Name = Annotated[str, Field(min_length=1, max_length=64)]
Secret = Annotated[str, Field(min_length=1, max_length=1000)]
LARGEST = 2**53 - 1
"""The largest whole number that JSON readers agree on."""
Which = Annotated[int, Path(ge=1, le=LARGEST)]
Before = Annotated[int | None, Query(ge=1, le=LARGEST)]
Limit = Annotated[int, Query(ge=1, le=500)]


class Sent(BaseModel):
    """What a caller sends: a field that there is not is refused, not passed over."""

    model_config = ConfigDict(extra="forbid")
