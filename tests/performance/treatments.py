"""Treatments as devices send them: the same on every machine."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_PROGRAMS = ("rehab-a", "rehab-b", "rehab-c", "maintenance")
_NOTES = ("", "patient reported mild discomfort", "Druckabfall während der Pause", "cuff refitted")


def lines(count: int) -> list[bytes]:
    """NDJSON, in the order of time, about 360 bytes each."""
    rng = random.Random(7)
    return [
        json.dumps(_treatment(rng, n), ensure_ascii=False).encode() + b"\n" for n in range(count)
    ]


def _treatment(rng: random.Random, number: int) -> dict[str, Any]:
    time = _BEGAN + timedelta(seconds=7 * number, milliseconds=rng.randrange(1000))
    return {
        "patient_id": f"P-{rng.randrange(20_000):06d}",
        "treatment_data": {
            "timestamp": time.isoformat(timespec="milliseconds"),
            "device_id": f"PPU-{rng.randrange(500):04d}",
            "firmware": "4.2.1",
            "program": rng.choice(_PROGRAMS),
            "duration_s": rng.randrange(60, 3600),
            "pressure_kpa": round(rng.uniform(10, 60), 2),
            "flow_l_min": round(rng.uniform(1, 9), 3),
            "temperature_c": round(rng.uniform(20, 40), 1),
            "alarms": rng.sample(["leak", "low battery", "occlusion"], rng.choice([0, 0, 0, 1])),
            "outcome": rng.choice(["completed", "completed", "aborted"]),
            "notes": rng.choice(_NOTES),
        },
    }
