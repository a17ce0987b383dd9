"""A request to look at whole seasons again, from a person or a program."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

type Season = Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]


class Request(BaseModel):
    """`{"seasons": ["2024-25"]}`."""

    model_config = ConfigDict(extra="forbid")

    seasons: Annotated[list[Season], Field(min_length=1, max_length=10)]
