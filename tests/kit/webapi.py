"""The function message-webapi in this process, with a table, a topic and schedules of its own."""

from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode

import boto3
import pytest
from function_kit.signed_api import SignedApi
from message_kit import items
from message_kit.message import Message

from tests.kit.gateway import DEFAULT, Gateway, gateway
from tests.kit.invoke import LambdaContext

STAGE = "dev"
_KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
_NUMBERS = itertools.count(1)


@dataclass
class WebApi:
    """The function, and what it works with.

    Attributes:
        handler: The function's.
        table: The table's name.
        variables: What the function is told by its environment.
    """

    endpoint: str
    handler: Any
    table: str
    variables: dict[str, str]

    @property
    def topic(self) -> str:
        return self.variables["MESSAGES_TOPIC_ARN"]

    @property
    def group(self) -> str:
        return self.variables["SCHEDULE_GROUP"]

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint, **_KEYS)

    def send(
        self,
        method: str,
        path: str,
        query: str = "",
        body: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """The function's own answer to a request as API Gateway passes it on."""
        given = parse_qs(query, keep_blank_values=True)
        event = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers or {},
            "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
            "isBase64Encoded": False,
        }
        if given:
            event["queryStringParameters"] = {k: ",".join(v) for k, v in given.items()}
        if body is not None:
            event["body"] = body
        answer: dict[str, Any] = self.handler(event, LambdaContext(seconds=30))
        return answer

    def ask(
        self, method: str, path: str, body: Any = None, **query: object
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON of an answer."""
        text = None if body is None else json.dumps(body)
        answer = self.send(method, path, urlencode(query), text)
        return answer["statusCode"], json.loads(answer["body"])

    def store(self, *messages: Message) -> None:
        """Put messages into the table as they are."""
        for some in itertools.batched(messages, 25, strict=False):
            puts = [
                {"PutRequest": {"Item": items.item(m.model_dump(mode="json", exclude_none=True))}}
                for m in some
            ]
            self.client("dynamodb").batch_write_item(RequestItems={self.table: puts})


def fronted(api: WebApi, **settings: Any) -> contextlib.AbstractContextManager[Gateway]:
    """The function behind a gateway with the routes that Terraform makes."""
    documented = importlib.import_module("message_webapi.api").OPERATIONS
    public = {operation.route for operation in documented if operation.public}
    routes = [operation.route for operation in documented]
    return gateway(api.handler, [*routes, DEFAULT], public, **settings)


@contextlib.contextmanager
def web_api(endpoint: str) -> Iterator[WebApi]:
    """A WebApi on a local AWS; the variables that it needs are set meanwhile."""
    name = f"webapi{next(_NUMBERS)}"
    made = _made(endpoint, name)
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in made.items():
            patch.setenv(variable, value)
        module = importlib.reload(importlib.import_module("message_webapi.handler"))
        yield WebApi(endpoint, module.handler, name, made)
    _forget()


def _made(endpoint: str, name: str) -> dict[str, str]:
    """The variables, after what they name was made."""
    clients = {s: boto3.client(s, endpoint_url=endpoint, **_KEYS) for s in ("sns", "scheduler")}
    create_table(boto3.client("dynamodb", endpoint_url=endpoint, **_KEYS), name)
    clients["scheduler"].create_schedule_group(Name=name)
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "ENVIRONMENT": "local",
        "STAGE": STAGE,
        "MESSAGES_TABLE": name,
        "MESSAGES_TOPIC_ARN": clients["sns"].create_topic(Name=name)["TopicArn"],
        "SCHEDULE_GROUP": name,
        "SCHEDULE_TARGET_ARN": "arn:aws:lambda:us-east-1:000000000000:function:scheduler:live",
        "SCHEDULE_ROLE_ARN": "arn:aws:iam::000000000000:role/schedules",
        "SCHEDULE_DEAD_LETTERS_ARN": "arn:aws:sqs:us-east-1:000000000000:dead-letters",
        "API_AUTHORIZATION": "AWS_IAM",
    }


def create_table(dynamodb: Any, name: str) -> None:
    """The messages' table."""
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_keys("id", "created_date"),
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": "S"}
            for attribute in ("id", "created_date", "stage", "status")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": f"{attribute}-created_date-index",
                "KeySchema": _keys(attribute, "created_date"),
                "Projection": {"ProjectionType": "ALL"},
            }
            for attribute in ("stage", "status")
        ],
    )


def _keys(hash_key: str, range_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": hash_key, "KeyType": "HASH"},
        {"AttributeName": range_key, "KeyType": "RANGE"},
    ]


def _forget() -> None:
    """Close the connections that the function keeps open for its life."""
    for kept in gc.get_objects():
        if isinstance(kept, SignedApi):
            kept.close()
