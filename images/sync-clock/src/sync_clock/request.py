"""What a device may tell."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

# 2200-01-01. A time in milliseconds is far beyond.
_LATEST: Final = 7_258_118_400.0
# Seconds for which an exchange before is still worth knowing.
_OLDEST: Final = 90 * 86_400.0
# Seconds by which our own clocks may differ among each other.
_AHEAD: Final = 5.0


def _moment(value: object) -> float:
    """Unix seconds, from a number or from ISO 8601 with a zone."""
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be Unix seconds, or ISO 8601 with a zone")  # noqa: TRY004 - pydantic's
    seconds = float(min(value, 10**18)) if isinstance(value, int) else value
    if not math.isfinite(seconds):
        raise ValueError("must be a finite number")
    if seconds < 0:
        raise ValueError("must not be before 1970")
    if seconds > _LATEST:
        raise ValueError("must be before 2200, in seconds; this may be milliseconds")
    return seconds


def _parsed(text: str) -> float:
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.timestamp()
    except (ValueError, OverflowError):
        pass
    raise ValueError("must be Unix seconds, or ISO 8601 with a zone")


_SHAPE: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": _LATEST},
        {"type": "string", "format": "date-time"},
    ]
}
type Moment = Annotated[float, BeforeValidator(_moment), WithJsonSchema(_SHAPE)]


class LastExchange(BaseModel):
    """The exchange before this one, which only now is complete."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    t1: Moment = Field(description="The device's clock when it sent that request.")
    t2: Moment = Field(description="As that answer said.")
    t3: Moment = Field(description="As that answer said.")
    t4: Moment = Field(description="The device's clock when that answer came.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.t3 < self.t2:
            raise ValueError("t3 must not be before t2: both are what the answer said")
        return self


class ClockRequest(BaseModel):
    """A device's own times."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    device_id: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", strict=True)
    ] = Field(description="Whose clock it is.")
    t1: Moment = Field(description="The device's clock when it sent this request.")
    last: LastExchange | None = Field(None, description="The exchange before, once complete.")

    def problem(self, now: float) -> dict[str, str] | None:
        """What is wrong with the times of ours that the device tells back, if anything is."""
        if self.last is None:
            return None
        if self.last.t3 > now + _AHEAD:
            return {"field": "last.t3", "reason": "is in the future, so no answer can have said it"}
        if self.last.t3 < now - _OLDEST:
            return {"field": "last.t3", "reason": "is more than 90 days ago; leave last out"}
        return None
