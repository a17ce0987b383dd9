"""Metrics in CloudWatch's embedded metric format, written to standard output.

CloudWatch reads the metrics out of the log lines, so that no call is made from the function.
Specification: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import math
import sys
import time
import weakref
from itertools import batched, islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_AMOUNTS = {
    "Count",
    *(f"{size}{unit}" for size in ("Kilo", "Mega", "Giga", "Tera") for unit in ("bytes", "bits")),
    *("Bytes", "Bits"),
}
UNITS: Final = frozenset(
    {"Seconds", "Microseconds", "Milliseconds", "Percent", "None"}
    | _AMOUNTS
    | {f"{unit}/Second" for unit in _AMOUNTS}
)
MAX_METRICS: Final = 100  # in one line
MAX_VALUES: Final = 100  # of one metric in one line
_MAX_NAME = 1024
_RESERVED = frozenset({"_aws", "service", "environment"})

_all: weakref.WeakSet[Metrics] = weakref.WeakSet()


class Metrics:
    """Collects values until `flush`, which writes them with the time of the flush."""

    def __init__(
        self,
        namespace: str,
        service: str,
        environment: str,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Make an empty collection.

        Args:
            namespace: CloudWatch's namespace.
            service: The dimension `service`.
            environment: The dimension `environment`.
            clock: Seconds since the epoch.
        """
        self._namespace = namespace
        self._dimensions = {"service": service, "environment": environment}
        self._clock = clock
        self._values: dict[str, list[float]] = {}
        self._units: dict[str, str] = {}
        _all.add(self)

    def add(self, name: str, value: float, unit: str = "Count") -> None:
        """Record one value.

        Args:
            name: The metric's name, up to 1,024 characters.
            value: A finite number.
            unit: A unit that CloudWatch knows (`UNITS`).

        Raises:
            ValueError: CloudWatch would drop it: an unknown unit, another unit than before, a
                number that is not finite, or a name that is empty, too long or taken.
        """
        if unit not in UNITS:
            raise ValueError(f"unknown unit {unit!r}")
        if not math.isfinite(value):
            raise ValueError(f"metric {name!r} must be a finite number")
        if not name.strip() or len(name) > _MAX_NAME or name in _RESERVED:
            raise ValueError(f"metric name {name[:80]!r} is empty, too long or reserved")
        if self._units.setdefault(name, unit) != unit:
            raise ValueError(f"metric {name!r} is already in {self._units[name]}")
        self._values.setdefault(name, []).append(value)

    def flush(self) -> None:
        """Write what was collected, at most 100 metrics a line, and start afresh."""
        values, units = self._values, self._units
        self._values, self._units = {}, {}
        timestamp = int(self._clock() * 1000)
        for rows in _rows(values):
            for part in batched(rows, MAX_METRICS, strict=False):
                line = self._line(timestamp, dict(part), units)
                sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def _line(
        self, timestamp: int, values: dict[str, list[float]], units: dict[str, str]
    ) -> dict[str, object]:
        directive = {
            "Namespace": self._namespace,
            "Dimensions": [list(self._dimensions)],
            "Metrics": [{"Name": name, "Unit": units[name]} for name in values],
        }
        return {
            "_aws": {"Timestamp": timestamp, "CloudWatchMetrics": [directive]},
            **self._dimensions,
            **{name: row[0] if len(row) == 1 else row for name, row in values.items()},
        }


def flush_all() -> None:
    """Flush every collection of this process; the handler does so after each invocation."""
    for metrics in tuple(_all):
        metrics.flush()


def _rows(values: dict[str, list[float]]) -> Iterator[list[tuple[str, list[float]]]]:
    """The values in rounds of at most 100 of each metric, in the order they came."""
    iterators = {name: iter(items) for name, items in values.items()}
    while iterators:
        rows = [(name, list(islice(it, MAX_VALUES))) for name, it in iterators.items()]
        rows = [row for row in rows if row[1]]
        if not rows:
            return
        yield rows
