"""Which of the fleet's alarms a soak should set off, and which did.

The local AWS has no metrics of queues, and holds an alarm to every function's data whatever its
dimensions. So the alarms are held here to what is measured: each deployed alarm's own threshold
and comparison to the depth of the queue, or the errors of the function, that it names.
"""

from __future__ import annotations

import operator
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from fleet.commands.options import Workplace

EVERY = 5.0  # seconds
_COMPARISONS = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


@dataclass
class Alarms:
    """The alarms of queues and functions, held to what is measured.

    Attributes:
        fired: Names of those that went off.
        depths: By queue, the most that was in it.
    """

    place: Workplace
    fired: set[str] = field(default_factory=set)
    depths: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        self._began = datetime.now(UTC)
        client = self.place.environment.client("cloudwatch")
        pages = client.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"])
        alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
        self.queues = {a["AlarmName"]: a for a in alarms if _named(a, "QueueName")}
        self.functions = {
            a["AlarmName"]: a
            for a in alarms
            if _named(a, "FunctionName") and a.get("MetricName") == "Errors"
        }

    def run(self, stop: threading.Event) -> None:
        """Look at the queues until it is over, and then at the functions' errors."""
        while not stop.wait(EVERY):
            self.look()

    def look(self) -> None:
        """The depth of each queue now; nothing when nobody answers."""
        sqs = self.place.environment.client("sqs")
        for name, alarm in self.queues.items():
            if alarm.get("MetricName") != "ApproximateNumberOfMessagesVisible":
                continue
            queue = _named(alarm, "QueueName")
            try:
                url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
                found = sqs.get_queue_attributes(
                    QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
                )
            except (ClientError, BotoCoreError):
                continue
            depth = int(found["Attributes"]["ApproximateNumberOfMessages"])
            self.depths[queue] = max(self.depths[queue], depth)
            if breaches(alarm, depth):
                self.fired.add(name)

    def errors(self) -> dict[str, float]:
        """By function, how many of its invocations failed since the beginning."""
        client = self.place.environment.client("cloudwatch")
        found = {}
        for name, alarm in self.functions.items():
            function = _named(alarm, "FunctionName")
            points = client.get_metric_statistics(
                Namespace="AWS/Lambda", MetricName="Errors", Statistics=["Sum"], Period=60,
                Dimensions=[{"Name": "FunctionName", "Value": function}],
                StartTime=self._began, EndTime=datetime.now(UTC) + timedelta(minutes=1),
            )["Datapoints"]  # fmt: skip
            found[function] = sum(point["Sum"] for point in points)
            if any(breaches(alarm, point["Sum"]) for point in points):
                self.fired.add(name)
        return found


def breaches(alarm: dict[str, Any], value: float) -> bool:
    """Whether a value is one that the alarm is about."""
    return bool(_COMPARISONS[alarm["ComparisonOperator"]](value, alarm["Threshold"]))


def judge(fired: set[str], must: set[str], may: set[str]) -> list[str]:
    """What is wrong with the alarms that went off.

    Args:
        fired: Those that did.
        must: Those that had to.
        may: Those that could as well: of functions whose containers were killed.
    """
    silent = [f"{name} should have gone off" for name in sorted(must - fired)]
    return silent + [f"{name} went off for nothing" for name in sorted(fired - must - may)]


def _named(alarm: dict[str, Any], dimension: str) -> str:
    found = {d["Name"]: d["Value"] for d in alarm.get("Dimensions", ())}
    return str(found.get(dimension, ""))
