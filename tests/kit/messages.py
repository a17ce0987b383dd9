"""The world around the messaging functions: a real table, topic, queues and schedules, and ntfy.

Lambda's event source mapping is played by `Mapping`: it receives a batch, calls the handler, and
deletes what the handler says is done, as Lambda's pollers do.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
from botocore.config import Config
from function_kit.signed_api import SignedApi
from message_kit import outbound
from message_kit.message import Draft, Message, MessageType
from message_kit.outbox import Outbox
from message_kit.records import INDEXES
from message_kit.store import MessageStore
from message_kit.topic import Topic
from standins import ntfy, serving, web

from tests.kit import secret_clients
from tests.kit.invoke import LambdaContext
from tests.kit.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STAGE = "dev"
NOTIFIED = ["hello_world", "notify", "agent_response", "scheduled", "schedule_creation"]
_TABLE = {
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"}
        for name in ("id", "created_date", "stage", "status")
    ],
    "KeySchema": [
        {"AttributeName": "id", "KeyType": "HASH"},
        {"AttributeName": "created_date", "KeyType": "RANGE"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": index,
            "KeySchema": [
                {"AttributeName": attribute, "KeyType": "HASH"},
                {"AttributeName": "created_date", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
        for attribute, index in INDEXES.items()
    ],
    "BillingMode": "PAY_PER_REQUEST",
}

_RESULTS = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@dataclass
class World:
    """Everything that the functions talk to.

    Attributes:
        endpoint: The local AWS's.
        ntfy: The stand-in's state.
        ntfy_url: The topic's URL.
        name: What names of this world's resources begin with.
    """

    endpoint: str
    ntfy: ntfy.Ntfy
    ntfy_url: str
    name: str = field(default_factory=lambda: f"world-{uuid.uuid4().hex[:10]}")
    queue: str = ""
    dead_letters: str = ""
    action_queue: str = ""
    web: web.Web = field(default_factory=web.Web)
    web_url: str = ""
    topic: str = ""

    def __post_init__(self) -> None:
        self.clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """A client of the local AWS, made once."""
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service,
                region_name="us-east-1",
                endpoint_url=self.endpoint,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(max_pool_connections=20),
            )
        return self.clients[service]

    def build(self) -> None:
        """Make the table, the topic, the queues and their subscriptions, and the group."""
        self.client("dynamodb").create_table(TableName=self.name, **_TABLE)
        self.client("dynamodb").create_table(TableName=f"{self.name}-results", **_RESULTS)
        self.topic = self.client("sns").create_topic(Name=self.name)["TopicArn"]
        self.dead_letters, dead_arn = self._queue("dead")
        redrive = {"deadLetterTargetArn": dead_arn, "maxReceiveCount": 3}
        self.queue, arn = self._queue("queue", RedrivePolicy=json.dumps(redrive))
        self.action_queue, action_arn = self._queue("actions", RedrivePolicy=json.dumps(redrive))
        self._subscribe(arn, NOTIFIED)
        self._subscribe(action_arn, ["web_action"])
        self.client("scheduler").create_schedule_group(Name=self.name)

    def close(self) -> None:
        for client in self.clients.values():
            client.close()

    def _queue(self, name: str, **attributes: str) -> tuple[str, str]:
        sqs = self.client("sqs")
        url = sqs.create_queue(
            QueueName=f"{self.name}-{name}",
            Attributes={"VisibilityTimeout": "1800", "ReceiveMessageWaitTimeSeconds": "0"}
            | attributes,
        )["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn: str = found["Attributes"]["QueueArn"]
        policy = {"Version": "2012-10-17", "Statement": [self._from_topic(arn)]}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        return url, arn

    def _from_topic(self, queue_arn: str) -> dict[str, Any]:
        return {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": self.topic}},
        }

    def _subscribe(self, queue_arn: str, types: list[str]) -> None:
        policy = {"stage": [STAGE], "message_type": types, "status": ["queued"]}
        self.client("sns").subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=queue_arn,
            Attributes={"RawMessageDelivery": "true", "FilterPolicy": json.dumps(policy)},
        )

    def environment(self, **changes: object) -> dict[str, str]:
        """The functions' variables."""
        variables = {
            "ENVIRONMENT": "local",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "STAGE": STAGE,
            "MESSAGES_TABLE": self.name,
            "MESSAGES_TOPIC_ARN": self.topic,
            "NTFY_URL": self.ntfy_url,
            "QUEUE_URL": self.queue,
            "SCHEDULE_GROUP": self.name,
            "SCHEDULE_TARGET_ARN": "arn:aws:lambda:us-east-1:000000000000:function:scheduler:live",
            "SCHEDULE_ROLE_ARN": "arn:aws:iam::000000000000:role/schedules",
            "SCHEDULE_DEAD_LETTERS_ARN": "arn:aws:sqs:us-east-1:000000000000:dead",
            "RESULTS_TABLE": f"{self.name}-results",
            "HTTP_ORIGINS": self.web_url,
            "TOKEN_ORIGINS": self.web_url,
            "WEATHER_ORIGIN": self.web_url or "https://api.weather.gov",
            "TRUSTED_NETWORKS": "127.0.0.0/8",
            "SECRET_PREFIX": f"{self.name}/",
            "ACTION_SECONDS": "3",
            # As quick as it can be: a test of a delay looks at what was asked of the queue.
            "RETRY_SECONDS": "0",
            "NTFY_SECONDS": "3",
            "NTFY_TIMEOUT": "0.5",
            "LEASE_SECONDS": "6",
        }
        return variables | {name: str(value) for name, value in changes.items()}

    @contextlib.contextmanager
    def variables(self, **changes: object) -> Iterator[None]:
        """This process with the functions' variables, and no connection left open after."""
        with (
            mock.patch.dict(os.environ, self.environment(**changes)),
            closing(SignedApi, "_connection"),
            closing(outbound, "Outbound"),
            mock.patch("message_processor.ntfy.BASE", 0.01),  # seconds between tries
            mock.patch("web_action.fetch.BASE", 0.01),
        ):
            yield

    @contextlib.contextmanager
    def function(self, name: str, **changes: object) -> Iterator[Callable[..., Any]]:
        """A function in this process, cold."""
        with self.variables(**changes):
            secret_clients.forget()
            module = importlib.import_module(f"{name}.handler")
            # Again, for the module may have been loaded with other variables.
            handler = importlib.reload(module).handler
            yield lambda event, **context: handler(event, LambdaContext(**context))

    def process(self, name: str, **changes: object) -> Process:
        """A function in a process of its own."""
        return Process(f"{name}.handler", self.environment(**changes))

    @contextlib.contextmanager
    def outbox(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Iterator[Outbox]:
        """What sends messages."""
        with self.variables():
            store = MessageStore(SignedApi("dynamodb"), self.name, clock=lambda: now().timestamp())
            yield Outbox(store, Topic(SignedApi("sns"), self.topic), now)

    def send(self, *drafts: Draft) -> list[Message]:
        """Send messages, each a second after the other."""
        began = datetime.now(UTC) - timedelta(seconds=len(drafts))
        with self.outbox() as outbox:
            made = [
                draft.message(STAGE, began + timedelta(seconds=number))
                for number, draft in enumerate(drafts)
            ]
            for message in made:
                assert outbox.send(message)
        return made

    def message(self, message_id: str) -> Message:
        """A message as it is stored."""
        with self.outbox() as outbox:
            found = outbox.store.get(message_id)
        assert found is not None
        return found

    def item(self, message: Message) -> dict[str, Any]:
        """A message's item, as DynamoDB has it."""
        key = {name: {"S": value} for name, value in message.key._asdict().items()}
        found = self.client("dynamodb").get_item(TableName=self.name, Key=key, ConsistentRead=True)
        item: dict[str, Any] = found["Item"]
        return item

    def statuses(self) -> Counter[str]:
        """How many messages are in each status."""
        found = self.client("dynamodb").scan(TableName=self.name, ConsistentRead=True)["Items"]
        return Counter(item["status"]["S"] for item in found)

    def waiting(self, url: str | None = None) -> int:
        """Records of a queue that are there, seen or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = url or self.queue
        found = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(value) for value in found["Attributes"].values())

    def behave(self, *rules: dict[str, Any], **settings: Any) -> None:
        """Script ntfy."""
        self.ntfy.reset(ntfy.Script.model_validate_json(json.dumps({"rules": rules} | settings)))

    def mapping(self, handler: Callable[..., Any], url: str | None = None) -> Mapping:
        """What feeds a handler from a queue."""
        return Mapping(self, handler, url or self.queue)


@contextlib.contextmanager
def closing(owner: Any, name: str) -> Iterator[None]:
    """Close in the end whatever a function returns meanwhile: Lambda just drops it."""
    made: list[Any] = []
    real = getattr(owner, name)

    def recording(*arguments: Any, **options: Any) -> Any:
        made.append(real(*arguments, **options))
        return made[-1]

    try:
        with mock.patch.object(owner, name, recording):
            yield
    finally:
        for opened in made:
            opened.close()


@dataclass
class Mapping:
    """An event source mapping: batches from a queue to a handler.

    Attributes:
        batches: What the handler was given, and what it answered; an exception is None.
    """

    world: World
    handler: Callable[..., Any]
    url: str
    batches: list[tuple[list[dict[str, Any]], Any]] = field(default_factory=list)

    def records(self, most: int = 10) -> list[dict[str, Any]]:
        """Receive records, as Lambda gives them."""
        answer = self.world.client("sqs").receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=most,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [
            {
                "messageId": record["MessageId"],
                "receiptHandle": record["ReceiptHandle"],
                "body": record["Body"],
                "attributes": record["Attributes"],
                "eventSource": "aws:sqs",
            }
            for record in answer.get("Messages", [])
        ]

    def once(self, **context: Any) -> bool:
        """Hand one batch over; whether there was one."""
        records = self.records()
        if not records:
            return False
        answer = self.handler({"Records": records}, **context)
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        for record in records:
            if record["messageId"] not in failed:
                self.world.client("sqs").delete_message(
                    QueueUrl=self.url, ReceiptHandle=record["receiptHandle"]
                )
        self.batches.append((records, answer))
        return True

    def drain(self, seconds: float = 30.0) -> None:
        """Hand batches over until the queue is empty.

        Raises:
            TimeoutError: It is not in time.
        """
        deadline = time.monotonic() + seconds
        while self.once() or self.world.waiting(self.url):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.world.waiting(self.url)} records are left")


def notice(text: str, **payload: Any) -> Draft:
    """A notification."""
    return Draft(message_type=MessageType.NOTIFY, payload={"message": text, **payload})


@contextlib.contextmanager
def world(endpoint: str) -> Iterator[World]:
    """A world of its own."""
    state, hosts = ntfy.Ntfy(), web.Web()
    with (
        serving.running(ntfy.application(state)) as url,
        serving.running(web.application(hosts)) as web_url,
    ):
        # As a name: no number is one that an action may call.
        named = web_url.replace("127.0.0.1", "localhost")
        made = World(endpoint, state, f"{url}/alerts", web=hosts, web_url=named)
        made.build()
        try:
            yield made
        finally:
            made.close()
