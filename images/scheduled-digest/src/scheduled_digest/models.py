"""What comes in and goes out: the event, the rows of `monitors`, and the result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, TypedDict
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

type Frequency = Literal["daily", "weekly"]
type Count = Annotated[int, Field(ge=0)]

MAX_DEFERRED = 1000
"""Monitors that one run may leave to the next: their list must fit an asynchronous event."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many monitors came to which end, over the whole chain of runs.

    Attributes:
        active: Due monitors, counted when the chain began.
        succeeded: Digests that the backend accepted.
        failed: Malformed rows, and digests that it did not accept.
        skipped: Monitors that already had today's digest, or are another run's.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    active: Count = 0
    succeeded: Count = 0
    failed: Count = 0
    skipped: Count = 0


class _Handed(BaseModel):
    # Values stay out of error texts: an event is logged when it is refused. Built when the first
    # continuation comes: most cold starts are for a chain's first run.
    model_config = ConfigDict(
        frozen=True, hide_input_in_errors=True, extra="forbid", defer_build=True
    )


class Deferred(_Handed):
    """A monitor that was read, and left to the next run.

    Attributes:
        id: The monitor.
        attempts: Calls already made for it.
    """

    id: UUID
    attempts: Count = 0


class Continuation(_Handed):
    """Where a run leaves off, for the next one.

    Attributes:
        root_request_id: The request id of the chain's first run.
        link: The number of the run that this starts; the first run has 0.
        day: The UTC day whose digests these are: the first run's.
        after: The last monitor read, or None.
        deferred: Monitors before that one which still have no digest.
        counts: So far.
        purged: Rows purged by the first run; None when the purge failed.
        not_before: Epoch seconds until which the backend asked not to be called.
    """

    root_request_id: Annotated[str, Field(pattern=r"^[\w-]{1,64}$")]
    link: Annotated[int, Field(ge=1)]
    day: date
    after: UUID | None
    deferred: Annotated[tuple[Deferred, ...], Field(max_length=MAX_DEFERRED)]
    counts: Counts
    purged: Count | None
    not_before: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Event(BaseModel):
    """What starts a run.

    Keys that are not named here are let through: other schedulers send an envelope.

    Attributes:
        frequency: Whose digests are due; None is everyone's.
        continuation: Given by the run before.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    frequency: Frequency | None = None
    continuation: Any = None  # a Continuation; declared as such, every cold start would build it

    @field_validator("continuation")
    @classmethod
    def _parse(cls, value: object) -> Continuation | None:
        return None if value is None else Continuation.model_validate(value)

    @property
    def frequencies(self) -> tuple[Frequency, ...]:
        """The frequencies that are due."""
        return (self.frequency,) if self.frequency else ("daily", "weekly")


class Monitor(BaseModel):
    """A row that a digest can be sent for."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: UUID
    repo: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$")]
    delivery_method: Literal["slack", "discord", "email"]
    frequency: Frequency
    webhook_url: Annotated[str, Field(pattern=r"^https://[^/\s]+\S*$", max_length=2048)] | None = (
        None
    )
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _only_the_address_in_use(cls, row: Any) -> Any:
        """An email monitor's leftover webhook is no reason to refuse it, nor the reverse."""
        if not isinstance(row, dict):
            return row
        unused = "webhook_url" if row.get("delivery_method") == "email" else "email"
        return {key: value for key, value in row.items() if key != unused}

    @model_validator(mode="after")
    def _addressed(self) -> Monitor:
        needed = "email" if self.delivery_method == "email" else "webhook_url"
        if getattr(self, needed) is None:
            raise ValueError(f"{needed} is missing")
        return self

    def request(self) -> dict[str, str | None]:
        """The body of the call to the backend."""
        body = {
            "repo": self.repo,
            "delivery_method": self.delivery_method,
            "webhook_url": self.webhook_url,
            "frequency": self.frequency,
        }
        return body | ({"email": self.email} if self.delivery_method == "email" else {})


class Result(TypedDict):
    """What a run answers; the counts are those of the chain so far, see `Counts`.

    Attributes:
        frequency: daily, weekly or both.
        active: Due monitors.
        succeeded: Digests sent.
        failed: Digests and rows that failed.
        skipped: Monitors passed over.
        purged: Rows that the purge removed, or None when it failed.
        continued: Whether another run goes on from here.
    """

    frequency: Literal["daily", "weekly", "both"]
    active: int
    succeeded: int
    failed: int
    skipped: int
    purged: int | None
    continued: bool


def faults(error: ValidationError) -> list[str]:
    """What is wrong with a row: the names of its fields and why, never a value."""
    return [
        ": ".join([*map(str, item["loc"]), item["msg"]])
        for item in error.errors(include_input=False, include_context=False, include_url=False)
    ]
