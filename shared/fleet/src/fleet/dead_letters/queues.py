"""The dead letter queues of one environment."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fleet.errors import ExitCode, FleetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fleet.environments import Environment
    from fleet.release.runner import Runner

# Schedules, asynchronous calls, rules and streams have dead letter queues that no queue's
# settings name: those go by the house's own name for them.
_NAMED_SO: Final = ("-dead-letters", "-dlq")
_AT_ONCE: Final = 10
_ATTRIBUTES: Final = (
    "QueueArn",
    "RedrivePolicy",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True)
class DeadLetterQueue:
    """One queue of messages that could not be dealt with.

    Attributes:
        name: Its name.
        url: Its address.
        arn: Its ARN.
        waiting: About how many messages can be taken now.
        hidden: About how many somebody has taken, or that come later.
        source_arns: The queues whose messages end here after too many tries.
    """

    name: str
    url: str
    arn: str
    waiting: int
    hidden: int
    source_arns: tuple[str, ...]

    @property
    def depth(self) -> int:
        """About how many messages are in it."""
        return self.waiting + self.hidden


class Queues:
    """The queues of one environment, by their names' prefix."""

    def __init__(self, environment: Environment, runner: Runner) -> None:
        self.prefix = environment.function_name("")
        self.client = environment.client("sqs", max_pool_connections=_AT_ONCE)
        self._metrics = environment.client("cloudwatch")
        self._runner = runner

    def all(self) -> list[DeadLetterQueue]:
        """Every dead letter queue, by name."""
        urls = self._urls()
        read = dict(zip(urls, self._runner.map(self._read, urls, _AT_ONCE), strict=True))
        feeding = _sources(read.values())
        return sorted(
            (
                _queue(url, attributes, feeding)
                for url, attributes in read.items()
                if attributes["QueueArn"] in feeding or attributes["QueueArn"].endswith(_NAMED_SO)
            ),
            key=lambda queue: queue.name,
        )

    def one(self, name: str) -> DeadLetterQueue:
        """A dead letter queue by its name, with the environment's prefix or without.

        Raises:
            FleetError: There is none of that name.
        """
        found = self.all()
        for queue in found:
            if name in {queue.name, queue.name.removeprefix(self.prefix)}:
                return queue
        known = ", ".join(queue.name.removeprefix(self.prefix) for queue in found)
        raise FleetError(
            f"unknown dead letter queue: {name}",
            f"use one of {known}" if known else f"no queue of {self.prefix}* is one yet",
            ExitCode.USAGE,
        )

    def url_of(self, arn: str) -> str:
        """The address of a queue of this account."""
        url: str = self.client.get_queue_url(QueueName=name_of(arn))["QueueUrl"]
        return url

    def ages(self, queues: Sequence[DeadLetterQueue]) -> dict[str, float]:
        """Seconds since the oldest message came, by queue, as CloudWatch last measured it.

        A queue that it has measured nothing of is not in the answer.
        """
        if not queues:
            return {}
        now = time.time()
        answer = self._metrics.get_metric_data(
            StartTime=now - 900,
            EndTime=now,
            ScanBy="TimestampDescending",
            MetricDataQueries=[_oldest(i, queue.name) for i, queue in enumerate(queues)],
        )
        series = {found["Id"]: found["Values"] for found in answer["MetricDataResults"]}
        measured = {queue.name: series.get(f"q{i}") for i, queue in enumerate(queues)}
        return {name: values[0] for name, values in measured.items() if values}

    def _urls(self) -> list[str]:
        pages = self.client.get_paginator("list_queues").paginate(
            QueueNamePrefix=self.prefix, PaginationConfig={"PageSize": 1000}
        )
        return [url for page in pages for url in page.get("QueueUrls", [])]

    def _read(self, url: str) -> dict[str, str]:
        answer = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=list(_ATTRIBUTES))
        attributes: dict[str, str] = answer["Attributes"]
        return attributes


def name_of(arn: str) -> str:
    """The name of a queue, function or schedule: the last part of its ARN."""
    return arn.rpartition(":")[2]


def _sources(queues: Any) -> dict[str, tuple[str, ...]]:
    """By dead letter queue, the queues that name it."""
    feeding: dict[str, tuple[str, ...]] = {}
    for attributes in queues:
        policy = json.loads(attributes.get("RedrivePolicy") or "{}")
        if target := policy.get("deadLetterTargetArn"):
            feeding[target] = (*feeding.get(target, ()), attributes["QueueArn"])
    return feeding


def _queue(
    url: str, attributes: Mapping[str, str], feeding: Mapping[str, tuple[str, ...]]
) -> DeadLetterQueue:
    arn = attributes["QueueArn"]
    hidden = ("ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")
    return DeadLetterQueue(
        name=name_of(arn),
        url=url,
        arn=arn,
        waiting=int(attributes["ApproximateNumberOfMessages"]),
        hidden=sum(int(attributes.get(name, 0)) for name in hidden),
        source_arns=tuple(sorted(feeding.get(arn, ()))),
    )


def _oldest(number: int, name: str) -> dict[str, Any]:
    return {
        "Id": f"q{number}",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/SQS",
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": name}],
            },
            "Period": 60,
            "Stat": "Maximum",
        },
    }
