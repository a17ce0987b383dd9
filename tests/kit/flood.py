"""Many messages through the deployed functions, while everything around them goes wrong.

ntfy is slow, fails, lies, hangs and redirects; records are delivered twice; processors are killed.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any
from unittest import mock

import httpx
from function_kit.signed_api import SignedApi
from message_kit import items
from message_kit.claims import Claims
from message_kit.message import Draft, Message, MessageType, Status
from message_scheduler.sweep import CUT_OFF

from tests.kit.messages import closing
from tests.kit.program import fleet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleet.environments import Environment

POISONS = {
    "poison-refused": {"kind": "error", "status": 400},
    "poison-down": {"kind": "error", "status": 503},
    "poison-redirected": {"kind": "redirect"},
    "poison-cut": {"kind": "drop_before"},
}
REASONS = {
    "poison-refused": "ntfy answered 400",
    "poison-down": "ntfy answered 503",
    "poison-redirected": "ntfy answered 307",
    "poison-cut": "ntfy: the connection failed: RemoteProtocolError",
}
TROUBLES = [
    {"behaviour": {"kind": "error", "status": 503}, "times": 2, "probability": 0.03},
    {"behaviour": {"kind": "error_after", "status": 500}, "times": 2, "probability": 0.03},
    {"behaviour": {"kind": "drop_before"}, "times": 2, "probability": 0.01},
    {"behaviour": {"kind": "drop_after"}, "times": 2, "probability": 0.01},
    {"behaviour": {"kind": "hang_after"}, "times": 1, "probability": 0.003},
    {"behaviour": {"kind": "hang"}, "times": 1, "probability": 0.003},
    {"behaviour": {"kind": "rate_limited", "retry_after": 1}, "times": 1, "probability": 0.01},
    {"behaviour": {"kind": "no_content"}, "probability": 0.05},
    {"behaviour": {"kind": "ok", "latency": 0.5}, "probability": 0.01},
]
LATENCY = 0.02
VISIBILITY = 20  # seconds, so that nobody waits half an hour for a record of a killed processor


@dataclass
class Flood:
    """The messages, and the deployed functions that they go through.

    Attributes:
        environment: Where.
        outputs: Terraform's output `messages`.
        good: Those that ntfy takes, sooner or later.
        poison: Those that it does not, by why.
        kills: How many processors were killed.
    """

    environment: Environment
    outputs: dict[str, Any]
    seed: int = 0
    good: list[Message] = field(default_factory=list)
    poison: dict[str, list[Message]] = field(default_factory=dict)
    kills: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.sqs = self.environment.client("sqs", max_pool_connections=20)
        self.sns = self.environment.client("sns", max_pool_connections=20)
        self.dynamodb = self.environment.client("dynamodb", max_pool_connections=20)
        assert self.environment.instance is not None
        self.ntfy = f"http://127.0.0.1:{self.environment.instance.ntfy_port}"
        self.queue = self.outputs["queues"]["messages"]["url"]
        self.dead_letters = self.outputs["queues"]["messages"]["dead_letters_url"]

    @property
    def messages(self) -> list[Message]:
        """All of them."""
        return [*self.good, *(m for found in self.poison.values() for m in found)]

    def behave(self, *, fixed: bool = False) -> None:
        """Let ntfy go wrong; when it is fixed, only what is not poison does."""
        poisons = (
            []
            if fixed
            else [
                {"containing": name, "behaviour": behaviour} for name, behaviour in POISONS.items()
            ]
        )
        script = {"rules": [*poisons, *TROUBLES], "latency": LATENCY, "seed": self.seed}
        httpx.put(f"{self.ntfy}/__control", json=script).raise_for_status()

    def ledger(self) -> dict[str, Any]:
        """What ntfy has seen."""
        found: dict[str, Any] = httpx.get(f"{self.ntfy}/__ledger", timeout=60).json()
        return found

    def make(self, count: int, poisoned: float) -> None:
        """Make messages; so large a share of them is poison."""
        began = datetime.now(UTC) - timedelta(seconds=count)
        kinds = [*POISONS]
        for number in range(count):
            bad = number < count * poisoned
            text = kinds[number % len(kinds)] if bad else f"good {number}"
            draft = Draft(
                message_type=MessageType.NOTIFY,
                payload={"message": text, "title": f"n° {number}"},
                created_by="flood",
            )
            message = draft.message(self.outputs["stage"], began + timedelta(seconds=number))
            message = message.model_copy(update={"status": Status.QUEUED})
            (self.poison.setdefault(text, []) if bad else self.good).append(message)

    def send(self, duplicated: float) -> int:
        """Store and publish all of them in any order, some more than once; returns how often."""
        shuffled = self.random.sample(self.messages, len(self.messages))
        again = self.random.sample(shuffled, int(len(shuffled) * duplicated))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self._store, batched(shuffled, 25, strict=False)))
            published = [*shuffled, *again]
            self.random.shuffle(published)
            list(pool.map(self._publish, batched(published, 10, strict=False)))
        return len(published)

    def _store(self, messages: tuple[Message, ...]) -> None:
        puts = [
            {"PutRequest": {"Item": items.item(m.model_dump(mode="json", exclude_none=True))}}
            for m in messages
        ]
        self.dynamodb.batch_write_item(RequestItems={self.outputs["table"]: puts})

    def _publish(self, messages: tuple[Message, ...]) -> None:
        entries = [
            {
                "Id": str(number),
                "Message": message.model_dump_json(exclude={"timeline"}),
                "MessageAttributes": {
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in {
                        "stage": message.stage,
                        "message_type": message.message_type.value,
                        "status": message.status.value,
                    }.items()
                },
            }
            for number, message in enumerate(messages)
        ]
        self.sns.publish_batch(
            TopicArn=self.outputs["topic_arn"], PublishBatchRequestEntries=entries
        )

    @contextmanager
    def short_visibility(self) -> Iterator[None]:
        """What a killed processor has taken comes back soon."""
        before = self.sqs.get_queue_attributes(
            QueueUrl=self.queue, AttributeNames=["VisibilityTimeout"]
        )["Attributes"]
        short = {"VisibilityTimeout": str(VISIBILITY)}
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes=short)
        try:
            yield
        finally:
            self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes=before)

    @contextmanager
    def killing(self, image: str, every: float) -> Iterator[None]:
        """Kill a processor now and then.

        Args:
            image: Of the processor.
            every: Seconds between two, on the average.
        """
        stop = threading.Event()

        def kill() -> None:
            while not stop.wait(self.random.expovariate(1 / every)):
                listed = ["docker", "ps", "-q", "--filter", f"ancestor={image}"]
                found = subprocess.run(listed, capture_output=True, text=True, check=True)
                if running := found.stdout.split():
                    victim = self.random.choice(running)
                    subprocess.run(["docker", "kill", victim], capture_output=True, check=False)
                    self.kills += 1

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            yield
        finally:
            stop.set()
            killer.join()

    def waiting(self, url: str) -> int:
        """Records of a queue, seen or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))

    def settle(self, seconds: float) -> float:
        """Wait until the queue is empty; returns how many seconds that took.

        Raises:
            TimeoutError: It is not in time.
        """
        began = time.monotonic()
        while left := self.waiting(self.queue):
            if time.monotonic() - began > seconds:
                raise TimeoutError(f"{left} records are left after {seconds} s")
            time.sleep(0.25)
        return time.monotonic() - began

    def stored(self) -> dict[str, Message]:
        """The flood's messages as they are stored now."""
        ours = {message.id for message in self.messages}
        found: dict[str, Message] = {}
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.outputs["table"], ConsistentRead=True
        )
        for page in pages:
            for item in page["Items"]:
                if item["id"]["S"] in ours:
                    message = Message.model_validate(items.values(item))
                    found[message.id] = message
        return found

    def buried(self) -> Counter[str]:
        """How many dead letters there are of each message; they stay."""
        records = [*self._dead()]
        for batch in batched(records, 10, strict=False):
            entries = [
                {"Id": str(number), "ReceiptHandle": r["ReceiptHandle"], "VisibilityTimeout": 0}
                for number, r in enumerate(batch)
            ]
            self.sqs.change_message_visibility_batch(QueueUrl=self.dead_letters, Entries=entries)
        return Counter(json.loads(record["Body"])["id"] for record in records)

    def _dead(self) -> Iterator[dict[str, Any]]:
        """Every dead letter, hidden from others for a while."""
        while records := self.sqs.receive_message(
            QueueUrl=self.dead_letters, MaxNumberOfMessages=10, VisibilityTimeout=60
        ).get("Messages"):
            yield from records

    def redrive(self) -> int:
        """Send every dead letter back to the queue, as an operator does; returns how many."""
        name = self.dead_letters.rpartition("/")[2]
        stack = os.environ.get("FLEET_STACK")
        ended = fleet("dlq", "redrive", name, "--rate", "100", "--json", FLEET_STACK=stack)
        assert ended.code == 0, ended.err
        return sum(ended.json["sent"].values())

    def go_through(self, image: str, count: int, seconds: float) -> float:
        """Send so many, 5 % of them poison and 3 % twice, and kill processors meanwhile.

        Args:
            image: Of the processor.
            count: How many messages.
            seconds: To be given up after.

        Returns:
            For how many seconds processors were at work.
        """
        # What others left: a record whose processing failed stays hidden for half an hour.
        for queue in (self.queue, self.dead_letters):
            self.sqs.purge_queue(QueueUrl=queue)
        self.behave()
        self.make(count, poisoned=0.05)
        with self.short_visibility():
            began = time.monotonic()
            with self.killing(image, every=5):
                self.send(duplicated=0.03)
                self.settle(seconds)
            took = time.monotonic() - began
            self.sweep()
        return took

    def sweep(self) -> None:
        """What the sweep does about abandoned messages, when the queue will deliver none again.

        Raises:
            TimeoutError: Some are still worked on, long after the last lease.
        """
        with self._variables():
            claims = Claims(SignedApi("dynamodb"), self.outputs["table"])
            until = time.monotonic() + 3 * VISIBILITY
            while left := [m for m in self.stored().values() if m.status is Status.PROCESSING]:
                if time.monotonic() > until:
                    raise TimeoutError(f"{len(left)} messages are left in processing")
                before = time.time()
                for key in claims.abandoned(before):
                    claims.give_up(key, before, CUT_OFF)
                time.sleep(1)

    @contextmanager
    def _variables(self) -> Iterator[None]:
        with (
            mock.patch.dict(os.environ, self.environment.variables()),
            closing(SignedApi, "_connection"),
        ):
            yield
