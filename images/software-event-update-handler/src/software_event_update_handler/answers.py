"""The shapes of the answers; `api` describes them, the handler gives them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from software_event_update_handler.events import Name, Status

if TYPE_CHECKING:
    from software_event_update_handler.progress import Progress


class State(BaseModel):
    """Where a device stands."""

    version: str
    status: Status
    event_id: str = Field(description="The event that brought it there.")
    event_time: datetime

    @classmethod
    def of(cls, stands: Progress | None) -> Self | None:
        """What a device's log comes to; None before its first `requested`."""
        if stands is None:
            return None
        last = stands.last
        return cls(
            version=last.version,
            status=last.status,
            event_id=last.event_id,
            event_time=last.event_time,
        )


class Kept(BaseModel):
    """An event that counts."""

    success: bool = Field(description="Always true.")
    device_id: str
    event_id: str
    duplicate: bool = Field(description="Whether the event was there already.")
    state: State
    request_id: str


class Refusal(BaseModel):
    """Why an event does not count."""

    code: str = Field(description="illegal_transition, stale_transition or event_id_reused.")
    message: str


class Refused(BaseModel):
    """An event that does not count."""

    success: bool = Field(description="Always false.")
    error: Refusal
    kept: bool = Field(description="Whether it is in the device's log all the same.")
    state: State | None = Field(description="Where the device stands; null before a `requested`.")
    request_id: str


class HistoryEvent(BaseModel):
    """An event of a device's log."""

    event_id: str
    version: str
    status: Status
    event_time: datetime
    detail: str | None


class History(BaseModel):
    """Where a device stands, and what it told, newest first."""

    device_id: str
    state: State | None = Field(description="Where the device stands; null before a `requested`.")
    events: list[HistoryEvent]
    next_cursor: str | None = Field(description="For the next page; null after the last.")
    request_id: str


class HistoryPath(BaseModel):
    """Whose history."""

    model_config = ConfigDict(frozen=True)

    device_id: Name = Field(description="Whose.")


class HistoryQuery(BaseModel):
    """Which page of a history."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    limit: Annotated[int, Field(ge=1, le=200)] = Field(50, description="How many events at most.")
    cursor: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Of the page before."
    )
