"""The answer, as clients know it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

# Read when the environment starts: time zones are files.
_EASTERN: Final = ZoneInfo("America/New_York")
NO_CACHE: Final = {
    "cache-control": "no-store, no-cache, must-revalidate, max-age=0",
    "pragma": "no-cache",
    "expires": "0",
}


def clock(now: float, ntp: dict[str, Any] | None, environment: str, context: Any) -> dict[str, Any]:
    """The body of an answer.

    Args:
        now: Unix seconds.
        ntp: What there is to say of the device's clock; `t3` is added.
        environment: The environment's name.
        context: Lambda's.
    """
    utc = datetime.fromtimestamp(now, UTC)
    body: dict[str, Any] = {
        "timestamp": {
            "iso": utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "unix": int(now),
            "formatted": f"{utc:%Y-%m-%d %H:%M:%S} UTC",
        },
        "time_est": eastern(now),
        "timestamp_unix": int(now),
        "environment": environment,
        "function_name": context.function_name,
        "aws_region": os.environ.get("AWS_REGION", ""),
        "aws_request_id": context.aws_request_id,
        "status": "success",
    }
    if ntp is not None:
        body["ntp"] = {**ntp, "t3": now}
    return body


def eastern(now: float) -> str:
    """The time on the east coast of the United States, with EST or EDT behind it."""
    return f"{datetime.fromtimestamp(now, _EASTERN):%Y-%m-%d %H:%M:%S %Z}"
