"""CloudWatch, as far as a canary asks it: Lambda's metrics, which come late, and alarms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from tests.kit.world.functions import ACCOUNT, REGION, Alias, AwsError
from tests.kit.world.rates import Bucket

type Answer = dict[str, Any]
type Series = tuple[str, frozenset[tuple[str, str]]]
type State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
_MINUTE = 60
_MOST_QUERIES = 500
_MOST_NAMES = 100


@dataclass
class Metrics:
    """Counts of AWS/Lambda by minute.

    Attributes:
        delay: seconds from an invocation until it is seen.
        zero_errors: whether Errors of 0 are sent; AWS does so only at times.
        by_version: whether ExecutedVersion is there at all; the local AWS has none.
    """

    clock: Callable[[], float]
    delay: float = 45.0
    zero_errors: bool = False
    by_version: bool = True
    series: dict[Series, dict[int, list[tuple[float, float]]]] = field(default_factory=dict)

    def invoked(
        self,
        function: str,
        qualifier: str,
        version: str,
        alias: Alias | None,
        errors: int,
        count: int = 1,
    ) -> None:
        """Count invocations of this moment, and how many of them failed."""
        if not count:
            return
        resource = f"{function}:{qualifier}"
        scopes = [
            {"FunctionName": function},
            {"FunctionName": function, "Resource": resource},
        ]
        if alias and alias.weights and self.by_version:
            scopes.append(
                {"FunctionName": function, "Resource": resource, "ExecutedVersion": version}
            )
        for scope in scopes:
            dimensions = frozenset(scope.items())
            self._add(("Invocations", dimensions), count)
            if errors or self.zero_errors:
                self._add(("Errors", dimensions), errors)

    def values(self, series: Series, since: float, until: float) -> dict[int, float]:
        """Sums by minute, of what can be seen by now."""
        now = self.clock()
        found = {}
        for minute, entries in self.series.get(series, {}).items():
            seen = [value for shown, value in entries if shown <= now]
            if seen and since <= minute < until:
                found[minute] = sum(seen)
        return found

    def _add(self, series: Series, value: float) -> None:
        now = self.clock()
        minutes = self.series.setdefault(series, {})
        minutes.setdefault(int(now // _MINUTE) * _MINUTE, []).append((now + self.delay, value))


@dataclass
class Alarm:
    """An alarm whose state a test sets, or which watches a function's errors by itself.

    Attributes:
        threshold: errors in one of the last two minutes that set it off; None for never.
    """

    state: State = "OK"
    function: str = ""
    threshold: float | None = None


@dataclass
class CloudWatch:
    """Metrics and alarms of an account.

    Attributes:
        unreadable: alarms that the caller's policy hides: asking for one is refused.
        page: how many results an answer holds at most.
        describing: how often alarms may be described; None for any rate.
    """

    metrics: Metrics
    alarms: dict[str, Alarm] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    page: int = _MOST_QUERIES
    describing: Bucket | None = None

    def describe_alarms(
        self,
        AlarmNames: Sequence[str],
        AlarmTypes: Sequence[str] = ("MetricAlarm",),
        MaxRecords: int = 50,
        NextToken: str = "0",
    ) -> Answer:
        if len(AlarmNames) > _MOST_NAMES:
            raise AwsError("ValidationError", "AlarmNames: at most 100")
        if self.describing and not self.describing.take(self.metrics.clock()):
            raise AwsError("ThrottlingException", "Rate exceeded")
        if hidden := self.unreadable.intersection(AlarmNames):
            raise AwsError("AccessDenied", f"not authorized to describe {sorted(hidden)}", 403)
        known = [name for name in self.alarms if name in set(AlarmNames)]
        most, first = min(MaxRecords, self.page), int(NextToken)
        answer: Answer = {
            "MetricAlarms": [self._describe(name) for name in known[first : first + most]]
        }
        return answer | _more(first + most, len(known))

    def get_metric_data(
        self,
        MetricDataQueries: Sequence[dict[str, Any]],
        StartTime: datetime,
        EndTime: datetime,
        NextToken: str = "0",
        ScanBy: str = "TimestampDescending",
    ) -> Answer:
        if len(MetricDataQueries) > _MOST_QUERIES:
            raise AwsError("ValidationError", "MetricDataQueries: at most 500")
        span = StartTime.timestamp(), EndTime.timestamp()
        first = int(NextToken)
        part = MetricDataQueries[first : first + self.page]
        answer: Answer = {
            "MetricDataResults": [self._result(query, span, ScanBy) for query in part]
        }
        return answer | _more(first + self.page, len(MetricDataQueries))

    def _result(self, query: dict[str, Any], span: tuple[float, float], order: str) -> Answer:
        asked = query["MetricStat"]
        assert asked["Stat"] == "Sum", asked
        assert asked["Period"] == _MINUTE, asked
        metric = asked["Metric"]
        assert metric["Namespace"] == "AWS/Lambda", metric
        dimensions = frozenset((each["Name"], each["Value"]) for each in metric["Dimensions"])
        found = self.metrics.values((metric["MetricName"], dimensions), *span)
        minutes = sorted(found, reverse=order == "TimestampDescending")
        return {
            "Id": query["Id"],
            "Label": metric["MetricName"],
            "Timestamps": [datetime.fromtimestamp(minute, UTC) for minute in minutes],
            "Values": [found[minute] for minute in minutes],
            "StatusCode": "Complete",
        }

    def _describe(self, name: str) -> Answer:
        arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"
        return {"AlarmName": name, "AlarmArn": arn, "StateValue": self.state(self.alarms[name])}

    def state(self, alarm: Alarm) -> State:
        """What an alarm's state is now."""
        if alarm.threshold is None:
            return alarm.state
        now = self.metrics.clock()
        since = (now // _MINUTE - 2) * _MINUTE
        series = ("Errors", frozenset({("FunctionName", alarm.function)}))
        sums = self.metrics.values(series, since, now)
        return "ALARM" if max(sums.values(), default=0) >= alarm.threshold else "OK"


def _more(next_one: int, known: int) -> Answer:
    return {"NextToken": str(next_one)} if next_one < known else {}
