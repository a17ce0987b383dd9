"""Dead letter queues of a local AWS, filled as AWS fills them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fleet.dead_letters.queues import DeadLetterQueue, Queues
from fleet.environments import Environment
from fleet.release.runner import Cancelled, Threads

PREFIX = "lambda-fleet-local-"
_NUMBERS = itertools.count(1)


class Waits(Threads):
    """A runner that notes its waits and does not wait; `during` happens in each of them."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []
        self.during: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.during()

    def check(self) -> None:
        super().check()


def environment(endpoint: str) -> Environment:
    return Environment("local", "lambda-fleet", "us-east-1", "x86_64", endpoint, releases=True)


@dataclass
class Letters:
    """One dead letter queue and the queues before it.

    Attributes:
        name: The dead letter queue's, without the environment's prefix.
        sources: The names of the queues before it.
    """

    endpoint: str
    sources: int = 1
    runner: Waits = field(default_factory=Waits)

    def __post_init__(self) -> None:
        number = next(_NUMBERS)
        self.place = environment(self.endpoint)
        self.sqs = self.place.client("sqs")
        self.name = f"test{number}-dead-letters"
        self.url = self._queue(self.name)
        policy = json.dumps({"deadLetterTargetArn": self.arn(self.url), "maxReceiveCount": 1})
        settings = {"RedrivePolicy": policy, "VisibilityTimeout": "0"}
        self.names = [f"test{number}-source{i}" for i in range(self.sources)]
        self.source_urls = [self._queue(name, settings) for name in self.names]

    def _queue(self, name: str, settings: dict[str, str] | None = None) -> str:
        made = self.sqs.create_queue(QueueName=PREFIX + name, Attributes=settings or {})
        url: str = made["QueueUrl"]
        return url

    def arn(self, url: str) -> str:
        asked = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn: str = asked["Attributes"]["QueueArn"]
        return arn

    def fail(self, body: str, source: int = 0, **attributes: str) -> str:
        """A message that a source's consumer took and did not delete; its id."""
        url = self.source_urls[source]
        sent = self.sqs.send_message(
            QueueUrl=url, MessageBody=body, MessageAttributes=texts(attributes)
        )
        self.fail_all(source)
        found: str = sent["MessageId"]
        return found

    def fail_all(self, source: int = 0) -> None:
        """Let a source's consumer take what is there, delete nothing, and take again."""
        url = self.source_urls[source]
        while "Messages" in self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10):
            pass

    def put(self, body: str, **attributes: str) -> str:
        """A message that some service of AWS left here itself; its id."""
        sent = self.sqs.send_message(
            QueueUrl=self.url, MessageBody=body, MessageAttributes=texts(attributes)
        )
        found: str = sent["MessageId"]
        return found

    def read(self, url: str) -> list[dict[str, Any]]:
        """Every message of a queue that can be taken now; they are gone from it then."""
        found: list[dict[str, Any]] = []
        while some := self._take(url):
            found += some
            for message in some:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def _take(self, url: str) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=30,
            MessageAttributeNames=["All"],
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    @property
    def queues(self) -> Queues:
        return Queues(self.place, self.runner)

    @property
    def queue(self) -> DeadLetterQueue:
        return self.queues.one(self.name)


def texts(attributes: dict[str, str]) -> dict[str, dict[str, str]]:
    return {k: {"DataType": "String", "StringValue": v} for k, v in attributes.items()}


def stop_after(runner: Waits, waits: int) -> None:
    """Have the operator stop a command in one of its waits."""

    def stop() -> None:
        if len(runner.slept) > waits:
            raise Cancelled("stopped by the operator")

    runner.during = stop
