"""What a device tells of an update."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_AHEAD: Final = timedelta(hours=24)  # of our clock; a device's own may be a zone off
_MILLION: Final = 1_000_000


class Status(StrEnum):
    """How far an update has come."""

    REQUESTED = "requested"
    DOWNLOADING = "downloading"
    INSTALLING = "installing"
    INSTALLED = "installed"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"


def _moment(value: object) -> datetime:
    """A time with a zone, from ISO 8601 or Unix seconds."""
    if isinstance(value, str):
        found = _parsed(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = _from_seconds(value)
    else:
        found = None
    if found is None:
        raise ValueError("must be ISO 8601 with a zone, or Unix seconds")
    if not _EARLIEST <= found < _LATEST:
        raise ValueError("must be from 2000 to 2199")
    return found.astimezone(UTC)


def _parsed(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _from_seconds(value: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(value, UTC) if math.isfinite(value) else None
    except (ValueError, OverflowError, OSError):
        return _LATEST  # beyond what a date can say


_SHAPE: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "string", "format": "date-time"},
        {"type": "number", "minimum": 946_684_800, "exclusiveMaximum": 7_258_118_400},
    ]
}
type Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema(_SHAPE, "validation")]
type Name = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", strict=True)
]


class UpdateEvent(BaseModel):
    """One thing that happened on a device."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    device_id: Name = Field(description="Whose.")
    event_id: Name = Field(description="The event's own, for good.")
    version: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$", strict=True)
    ] = Field(description="Of the software.")
    status: Status
    event_time: Moment = Field(
        description="When it happened, by the device; at most 24 hours ahead of our clock."
    )
    detail: Annotated[str | None, StringConstraints(max_length=1000, strict=True)] = Field(
        None, description="For people."
    )

    def problem(self, now: datetime) -> dict[str, str] | None:
        """What is wrong with the event as it arrives, if anything is.

        One `requested` of a clock that is years ahead would make all that the device tells until
        then stale. What the log has is not asked: that must stay readable whatever time it is.
        """
        if self.event_time > now + _AHEAD:
            return {"field": "event_time", "reason": "is in the future by our clock; see /clock"}
        return None

    @property
    def order(self) -> str:
        """What the log is ordered by: the time to the microsecond, then the id."""
        # By whole numbers: a float of this size is a few microseconds off.
        whole = int(self.event_time.replace(microsecond=0).timestamp())
        return f"{whole * _MILLION + self.event_time.microsecond:020d}#{self.event_id}"
