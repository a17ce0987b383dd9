"""Messages that sample events are about, and the secret that web actions may sign in with."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from fleet.environments import Environment

_MADE = "2026-01-02T12:00:00.000Z"
# By the ends of their ids.
SAMPLES: dict[str, tuple[str, dict[str, Any], dict[str, Any] | None]] = {
    "samplenotify": ("notify", {"title": "Sample", "message": "A sample notification"}, None),
    "sampleschedule": (
        "schedule_creation",
        {
            "action": "create",
            "name": "sample",
            "expression": "cron(30 9 ? * MON-FRI *)",
            "timezone": "Europe/Berlin",
            "message": {"message_type": "notify", "payload": {"message": "Stand-up"}},
        },
        None,
    ),
    "samplehttp": ("web_action", {}, {"action": "http", "url": "{web}/echo?sample=1"}),
    "sampleweather": (
        "web_action",
        {},
        {"action": "weather", "latitude": 39.7392, "longitude": -104.9903},
    ),
    "samplerefused": (
        "web_action",
        {},
        {"action": "http", "url": "http://169.254.169.254/latest/meta-data/"},
    ),
}


def prepare(environment: Environment, outputs: dict[str, Any], web: str) -> None:
    """Store the messages that are not there yet, and make the secret.

    Args:
        environment: The local one.
        outputs: Terraform's output `messages`.
        web: The stand-in for web actions' hosts, as functions reach it.
    """
    dynamodb = environment.client("dynamodb")
    for name, (kind, payload, arguments) in SAMPLES.items():
        item = _item(name, kind, payload, arguments, outputs["stage"])
        text = json.dumps(item).replace("{web}", web)
        try:
            dynamodb.put_item(
                TableName=outputs["table"],
                Item=json.loads(text),
                ConditionExpression="attribute_not_exists(id)",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
    _secret(environment, f"{outputs['secret_prefix']}stand-in")


def _item(
    name: str,
    kind: str,
    payload: dict[str, Any],
    arguments: dict[str, Any] | None,
    stage: str,
) -> dict[str, Any]:
    """A message as it is stored, in DynamoDB's form."""
    expires = datetime.now(UTC) + timedelta(days=3650)
    texts = {
        "version": "1.0",
        "id": f"msg_20260102120000_{name}",
        "created_date": _MADE,
        "updated_date": _MADE,
        "created_by": "fleet",
        "stage": stage,
        "message_type": kind,
        "status": "queued",
    }
    values = {key: {"S": value} for key, value in texts.items()}
    values |= {"payload": _encode(payload), "retry_count": {"N": "0"}}
    values["ttl"] = {"N": str(int(expires.timestamp()))}
    return values | ({"arguments": _encode(arguments)} if arguments else {})


def _encode(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {"M": {key: _encode(item) for key, item in value.items()}}
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _secret(environment: Environment, name: str) -> None:
    """What the stand-in's token is got with: it is of nobody."""
    client = environment.client("secretsmanager")
    value = json.dumps({"username": "stand-in", "password": "stand-in"})
    try:
        client.create_secret(Name=name, SecretString=value)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceExistsException":
            raise
