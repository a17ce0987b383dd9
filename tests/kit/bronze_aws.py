"""bronze-ingestion with a real bucket, queue and table, and the stand-in over HTTP."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest import mock

import botocore.session
from function_kit import http
from standins import nba, serving

from tests.kit.invoke import LambdaContext
from tests.kit.small_aws import closing_apis

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx


@dataclass
class BronzeAws:
    """What the function talks to, empty at first.

    Attributes:
        source: The stand-in for stats.nba.com.
        variables: The function's environment.
    """

    source: nba.Source
    variables: dict[str, str]
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client of the local AWS."""
        if service not in self._clients:
            self._clients[service] = botocore.session.get_session().create_client(
                service,
                region_name=self.variables["AWS_REGION"],
                endpoint_url=self.variables["AWS_ENDPOINT_URL"],
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return self._clients[service]

    def reset(self) -> None:
        """Make a bucket of each layer, a queue and a table, of new names."""
        self.source.reset(nba.Behaviour(rate_per_minute=None))
        name = uuid.uuid4().hex[:12]
        self.variables |= {
            "BRONZE_BUCKET": f"bronze-{name}",
            "GOLD_BUCKET": f"gold-{name}",
            "INGESTION_TABLE": f"bronze-{name}",
        }
        for layer in ("BRONZE_BUCKET", "GOLD_BUCKET"):
            self.client("s3").create_bucket(Bucket=self.variables[layer])
        self.client("dynamodb").create_table(
            TableName=self.variables["INGESTION_TABLE"],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        made = self.client("sqs").create_queue(QueueName=f"bronze-{name}")
        self.variables["INGESTION_QUEUE_URL"] = made["QueueUrl"]

    def close(self) -> None:
        """Close the clients that were made."""
        while self._clients:
            self._clients.popitem()[1].close()

    @contextlib.contextmanager
    def function(self, **changes: object) -> Iterator[Function]:
        """The function in this process, cold, with changed variables."""
        named = {name.upper(): str(value) for name, value in changes.items()}
        opened: list[httpx.Client] = []
        real = http.client

        def recorded(**options: Any) -> httpx.Client:
            opened.append(real(**options))
            return opened[-1]

        with (
            mock.patch.dict(os.environ, self.variables | named),
            mock.patch.object(http, "client", recorded),
            closing_apis(),
        ):
            module = importlib.import_module("bronze_ingestion.handler")
            try:
                # Again, for the module may have been loaded with other variables.
                yield Function(self, importlib.reload(module).handler)
            finally:
                for each in opened:
                    each.close()

    def objects(self, prefix: str = "") -> dict[str, tuple[bytes, str]]:
        """Every object's bytes and when it was written, by key."""
        s3, bucket = self.client("s3"), self.variables["BRONZE_BUCKET"]
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        found = {}
        for key in keys:
            answer = s3.get_object(Bucket=bucket, Key=key)
            with answer["Body"] as body:
                found[key] = (body.read(), str(answer["LastModified"]))
        return found

    def summary(self) -> dict[str, Any]:
        """What the layer above is told."""
        body = self.objects("_metadata/summary.json")["_metadata/summary.json"][0]
        stats: dict[str, Any] = json.loads(body)["bronze_layer_stats"]
        return stats

    def asked(self) -> list[str]:
        """What the source was asked for."""
        return [entry["what"] for entry in self.source.ledger]


@dataclass
class Function:
    """A handler, called as Lambda calls it, and driven by the queue."""

    world: BronzeAws
    handler: Any

    def __call__(self, event: dict[str, Any], seconds: float = 300) -> dict[str, Any]:
        answer: dict[str, Any] = self.handler(event, LambdaContext(seconds=seconds))
        return answer

    def ask(self, **parameters: Any) -> dict[str, Any]:
        """Invoke it directly."""
        return self({"source": "test", "trigger_type": "manual", "parameters": parameters})

    def drain(self) -> int:
        """Let the queue drive it until nothing is under way; return how often it was called."""
        sqs, url = self.world.client("sqs"), self.world.variables["INGESTION_QUEUE_URL"]
        calls = 0
        while self.under_way():
            for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
                calls += 1
                record = {
                    "messageId": message["MessageId"],
                    "body": message["Body"],
                    "attributes": {"ApproximateReceiveCount": "1"},
                }
                assert self({"Records": [record]}) == {"batchItemFailures": []}
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return calls

    def under_way(self) -> int:
        """How many messages there are, those that wait for their time included."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed")
        counts = self.world.client("sqs").get_queue_attributes(
            QueueUrl=self.world.variables["INGESTION_QUEUE_URL"], AttributeNames=["All"]
        )["Attributes"]
        return sum(int(counts.get(name, 0)) for name in names)


@contextlib.contextmanager
def bronze_aws(endpoint: str) -> Iterator[BronzeAws]:
    """The function's world on a local AWS, with a source of one season."""
    source = nba.Source([2024])
    with serving.running(nba.application(source)) as url:
        variables = {
            "ENVIRONMENT": "local",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "SOURCE_URL": f"{url}/stats",
            # As fast as it can, so that only the tests of the rate wait for it.
            "RATE_PER_MINUTE": "60000",
            "RATE_GAP": "0",
        }
        made = BronzeAws(source, variables)
        yield made
        made.close()
