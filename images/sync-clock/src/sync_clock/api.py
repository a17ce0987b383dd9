"""What the function answers over HTTP."""

from __future__ import annotations

from datetime import datetime

from function_kit.openapi import Answer, Operation
from pydantic import BaseModel, Field

from sync_clock.request import ClockRequest


class Timestamp(BaseModel):
    """One moment, in three ways."""

    iso: datetime = Field(description="ISO 8601, UTC, with milliseconds.")
    unix: int = Field(description="Unix seconds.")
    formatted: str = Field(description="For people: 2026-11-23 09:00:00 UTC.")


class Measured(BaseModel):
    """What the exchange before says of the device's clock (RFC 5905)."""

    offset: float = Field(description="Seconds to add to the device's clock.")
    delay: float = Field(description="Seconds on the way, there and back.")
    error_bound: float = Field(ge=0, description="Seconds by which the offset may be wrong.")


class Ntp(BaseModel):
    """How the device's clock stands to ours."""

    t1: float = Field(description="As the device told it, in Unix seconds.")
    t2: float = Field(description="When this request was received.")
    t3: float = Field(description="When this answer was made.")
    last: Measured | None = Field(description="Of the exchange before, where that was told.")
    leap: bool = Field(description="Whether the device's clock was set or jumped.")
    drift_ppm: float | None = Field(description="Millionths by which the device's clock is fast.")
    stored: bool = Field(description="Whether the sync was kept.")


class Clock(BaseModel):
    """The time."""

    timestamp: Timestamp
    time_est: str = Field(description="On the east coast of the United States.")
    timestamp_unix: int = Field(description="Unix seconds.")
    environment: str
    function_name: str
    aws_region: str
    aws_request_id: str
    status: str = Field(description="Always success.")
    request_id: str = Field(description="The invocation's id, which finds its log lines.")


class DeviceClock(Clock):
    """The time, and how the device's clock stands to ours."""

    ntp: Ntp


_NO_CACHE = {"cache-control": "Never to be cached."}
OPERATIONS = (
    Operation(
        route="GET /clock",
        id="readClock",
        summary="The time",
        tag="Clock",
        answers={200: Answer("The time.", Clock, headers=_NO_CACHE)},
    ),
    Operation(
        route="POST /clock",
        id="syncClock",
        summary="The time, and how far off a device's clock is",
        tag="Clock",
        description="A request's own t4 is known only after its answer, so it comes with the next.",
        body=ClockRequest,
        examples={
            "first": {"device_id": "ppu-0042", "t1": 1763888400.25},
            "next": {
                "device_id": "ppu-0042",
                "t1": 1763888460.5,
                "last": {
                    "t1": 1763888400.25,
                    "t2": 1763888401.3,
                    "t3": 1763888401.31,
                    "t4": 1763888400.36,
                },
            },
        },
        answers={
            200: Answer("The time, and the device's clock.", DeviceClock, headers=_NO_CACHE),
            400: Answer("A time is missing or absurd."),
        },
    ),
)
