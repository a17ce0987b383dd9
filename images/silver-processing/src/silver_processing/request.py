"""A request to make days again, from a person or a program."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_MOST = 400  # days: more than a season has


class Request(BaseModel):
    """`{"dates": ["2024-11-15"]}`, or `{"from": "2024-10-22", "to": "2025-06-30"}`."""

    model_config = ConfigDict(extra="forbid")

    dates: Annotated[list[date], Field(min_length=1, max_length=_MOST)] | None = None
    first: date | None = Field(default=None, alias="from")
    last: date | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = tuple(each is not None for each in (self.dates, self.first, self.last))
        if given not in {(True, False, False), (False, True, True)}:
            raise ValueError("give dates, or both from and to")
        if self.first and self.last and not 0 <= (self.last - self.first).days < _MOST:
            raise ValueError(f"to must be 0 to {_MOST - 1} days after from")
        return self

    def days(self) -> list[date]:
        """The days, ascending, each once."""
        if self.dates is not None:
            return sorted(set(self.dates))
        assert self.first is not None and self.last is not None  # noqa: S101, PT018 - validated
        return [self.first + timedelta(n) for n in range((self.last - self.first).days + 1)]
