"""Why a message was given up, by what CloudWatch has of a function's log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from fleet.dead_letters.letters import Letter
from fleet.dead_letters.reasons import Reasons

QUEUE = "arn:aws:sqs:us-east-1:000000000000:queue"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:taker:live"
LETTER = Letter("id-of-sqs", "{}", {}, 1.0, 2.0, 3, QUEUE, "receipt")


@dataclass
class Clients:
    """An environment's clients, made before."""

    made: dict[str, Any]

    def client(self, service: str) -> Any:
        return self.made[service]


@pytest.fixture
def clients() -> Clients:
    keys = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    return Clients({name: boto3.client(name, **keys) for name in ("lambda", "logs")})


def test_the_reason_stands_behind_pages_without_any_event(clients: Clients) -> None:
    line = json.dumps({"level": "warning", "record": LETTER.id, "reason": "ntfy answered 404"})
    asked = {
        "logGroupName": "/aws/lambda/taker",
        "startTime": 2000,
        "filterPattern": f'"{LETTER.id}"',
    }
    with Stubber(clients.made["lambda"]) as functions, Stubber(clients.made["logs"]) as logs:
        mapping = {"FunctionArn": FUNCTION}
        functions.add_response("list_event_source_mappings", {"EventSourceMappings": [mapping]})
        empty = {"events": [], "nextToken": "more"}
        logs.add_response("filter_log_events", empty, asked)
        found = {"events": [{"message": line}]}
        logs.add_response("filter_log_events", found, asked | {"nextToken": "more"})
        assert Reasons(clients).of(LETTER, QUEUE) == "ntfy answered 404"  # type: ignore[arg-type]
        logs.assert_no_pending_responses()
