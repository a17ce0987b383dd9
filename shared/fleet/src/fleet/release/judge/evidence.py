"""Evidence: how often each version was invoked through `live`, and how often it failed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import batched
from math import ceil
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from fleet.environments import explain
from fleet.errors import FleetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fleet.environments import Environment

METRIC_LAG_SECONDS = 60
"""How long a metric may take to appear after the invocation ended. Lambda sends metrics once a
minute, under the minute in which an invocation began: so what began at t is only known at
t + the function's timeout + this."""

PERIOD_SECONDS = 60
type Series = dict[float, float]
"""Values by the minute's start, in seconds since the epoch."""

# GetMetricData takes this many queries a call.
_QUERIES_A_CALL = 500


@dataclass(frozen=True)
class Counts:
    """Invocations, and how many of them failed.

    Attributes:
        parts: the same, of each stretch of time in which the split of traffic was one; other
            counts that are added (of smoke events) are in none of them.
    """

    invocations: int
    errors: int
    parts: tuple[Counts, ...] = field(default=(), compare=False)

    def __add__(self, other: Counts) -> Counts:
        invocations, errors = self.invocations + other.invocations, self.errors + other.errors
        return Counts(invocations, errors, self.parts)

    @property
    def rate(self) -> float:
        """Errors per invocation, 0 to 1; 0 without invocations."""
        return self.errors / self.invocations if self.invocations else 0.0


class Evidence:
    """CloudWatch's counts of one environment's functions."""

    def __init__(self, environment: Environment, cloudwatch: Any = None) -> None:
        self._environment = environment
        self._cloudwatch = cloudwatch or environment.client("cloudwatch")

    def read(
        self,
        function: str,
        versions: Sequence[str],
        since: float,
        until: float,
        changes: Iterable[float] = (),
    ) -> dict[str, Counts | None]:
        """What went through `live` to each version while traffic was split between them.

        Lambda counts by version only while the alias has weights. The minutes that `since` and
        `until` (seconds since the epoch) fall into are counted whole, for every version alike:
        before the split they hold nothing. Read from the start of the canary again each time,
        because a long invocation is added to the minute in which it began.

        Args:
            function: its folder's name.
            versions: the versions that share the traffic.
            since: the start of the canary.
            until: now.
            changes: when the weights were changed; the counts have a part for each stretch
                between two of these, and for each minute that one of them falls into.

        Returns:
            None for a version of which there is no count of invocations.

        Raises:
            FleetError: the counts cannot be read.
        """
        span = _minutes(since, until)
        split = [{"ExecutedVersion": version} for version in versions]
        series = self._series(function, split, span)
        stretches = _stretches(series, sorted(changes))
        return {
            version: _counts(*pair, stretches)
            for version, pair in zip(versions, batched(series, 2, strict=True), strict=True)
        }

    def _series(
        self, function: str, narrowed: Iterable[dict[str, str]], span: tuple[float, float]
    ) -> list[Series]:
        """Invocations, then Errors, of each set of dimensions."""
        name = self._environment.function_name(function)
        alias = {"FunctionName": name, "Resource": f"{name}:live"}
        queries = [
            (metric, alias | more) for more in narrowed for metric in ("Invocations", "Errors")
        ]
        return self._ask(queries, span) if span[0] < span[1] else [{} for _ in queries]

    def _ask(
        self, queries: Sequence[tuple[str, dict[str, str]]], span: tuple[float, float]
    ) -> list[Series]:
        series: dict[str, Series] = {}
        asked = [_query(number, *query) for number, query in enumerate(queries)]
        try:
            for batch in batched(asked, _QUERIES_A_CALL, strict=False):
                self._collect(series, list(batch), span)
        except (ClientError, BotoCoreError) as error:
            reason = explain(error, self._environment)
            raise FleetError(
                f"the metrics of {queries[0][1]['FunctionName']} cannot be read: {reason.message}",
                reason.todo,
            ) from error
        return [series.get(query["Id"], {}) for query in asked]

    def _collect(
        self, series: dict[str, Series], queries: list[dict[str, Any]], span: tuple[float, float]
    ) -> None:
        since, until = (datetime.fromtimestamp(second, UTC) for second in span)
        token: dict[str, str] = {}
        while True:
            answer = self._cloudwatch.get_metric_data(
                MetricDataQueries=queries, StartTime=since, EndTime=until, **token
            )
            for result in answer.get("MetricDataResults", []):
                minutes = (moment.timestamp() for moment in result.get("Timestamps", []))
                values = zip(minutes, result.get("Values", []), strict=True)
                series.setdefault(result["Id"], {}).update(values)
            if not answer.get("NextToken"):
                _check(answer)
                return
            token = {"NextToken": answer["NextToken"]}


def _query(number: int, metric: str, dimensions: dict[str, str]) -> dict[str, Any]:
    return {
        "Id": f"q{number}",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Lambda",
                "MetricName": metric,
                "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
            },
            "Period": PERIOD_SECONDS,
            "Stat": "Sum",
        },
    }


def _check(last: dict[str, Any]) -> None:
    """Refuse half an answer: CloudWatch says 200, and of each metric whether that was all."""
    for result in last.get("MetricDataResults", []):
        if (status := result.get("StatusCode", "Complete")) != "Complete":
            raise FleetError(
                f"CloudWatch does not give all of a metric: {status}", "try again in a minute"
            )


def _counts(invocations: Series, errors: Series, stretches: list[set[float]]) -> Counts | None:
    # Lambda sends Errors of 0 only now and then; what it always sends is Invocations.
    if not invocations:
        return None
    parts = tuple(_total(invocations, errors, minutes) for minutes in stretches)
    return replace(_total(invocations, errors, set(invocations)), parts=parts)


def _total(invocations: Series, errors: Series, minutes: set[float]) -> Counts:
    seen = round(sum(invocations.get(minute, 0.0) for minute in minutes))
    failed = round(sum(errors.get(minute, 0.0) for minute in minutes))
    # Read while a minute is still filling, errors may be ahead of what they are errors of.
    return Counts(seen, min(failed, seen))


def _stretches(series: Iterable[Series], changes: list[float]) -> list[set[float]]:
    """The minutes there are, those with the same split of traffic together, by time."""
    stretches: dict[tuple[int, int], set[float]] = {}
    for minute in sorted({minute for one in series for minute in one}):
        # A minute in which the split changed has two of them: it is a stretch of its own.
        place = bisect_right(changes, minute), bisect_left(changes, minute + PERIOD_SECONDS)
        stretches.setdefault(place, set()).add(minute)
    return list(stretches.values())


def _minutes(since: float, until: float) -> tuple[float, float]:
    """The minutes that touch the time between two times."""
    first, last = int(since / PERIOD_SECONDS), ceil(until / PERIOD_SECONDS)
    return first * PERIOD_SECONDS, last * PERIOD_SECONDS
