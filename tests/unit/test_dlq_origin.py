"""Where a dead letter came from, by what each service of AWS leaves behind."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fleet.dead_letters.letters import Letter
from fleet.dead_letters.origin import Origin, origin_of
from fleet.dead_letters.queues import DeadLetterQueue

SQS = "arn:aws:sqs:us-east-1:000000000000:"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:fleet-digest:live"
SCHEDULE = "arn:aws:scheduler:us-east-1:000000000000:schedule/digest/daily"


def origin(body: str, *, source: str | None = None, feeding: int = 1, **texts: str) -> Origin:
    attributes = {k: {"DataType": "String", "StringValue": v} for k, v in texts.items()}
    letter = Letter("id", body, attributes, 0, 0, 4, source, "receipt")
    sources = tuple(f"{SQS}source{number}" for number in range(feeding))
    return origin_of(letter, DeadLetterQueue("dead", "url", f"{SQS}dead", 1, 0, sources))


def record(**changes: Any) -> str:
    whole = {
        "requestContext": {"functionArn": FUNCTION, "condition": "RetriesExhausted"},
        "requestPayload": {"frequency": "daily"},
        "responsePayload": {"errorType": "KeyError", "errorMessage": "'repository'"},
    }
    return json.dumps({k: v for k, v in (whole | changes).items() if v is not None})


def test_sqs_names_the_queue() -> None:
    found = origin("text", source=f"{SQS}source7", feeding=3)
    assert (found.target, found.payload, found.as_is) == (f"{SQS}source7", "text", True)


def test_the_only_queue_before_it() -> None:
    assert origin("text").target == f"{SQS}source0"


@pytest.mark.parametrize("feeding", [0, 2])
def test_nothing_tells(feeding: int) -> None:
    found = origin("text", feeding=feeding)
    assert found.target is None
    assert "give --to" in found.obstacle


def test_an_asynchronous_event() -> None:
    found = origin(record())
    assert found.target == FUNCTION
    assert json.loads(found.payload) == {"frequency": "daily"}
    assert found.reason == "RetriesExhausted: KeyError: 'repository'"
    assert (found.source, found.obstacle, found.as_is) == ("fleet-digest:live", "", False)


def test_an_asynchronous_event_that_was_too_old_to_be_tried() -> None:
    context = {"functionArn": FUNCTION, "condition": "EventAgeExceeded"}
    found = origin(record(requestContext=context, responsePayload=None))
    assert found.reason == "EventAgeExceeded"


def test_a_stream_s_position_is_no_event() -> None:
    found = origin(record(requestPayload=None, DDBStreamBatchInfo={"shardId": "shardId-1"}))
    assert "holds no event" in found.obstacle


def test_a_schedule_that_could_not_start_its_target() -> None:
    found = origin(
        '{"frequency": "daily"}',
        SCHEDULE_ARN=SCHEDULE,
        TARGET_ARN=FUNCTION,
        ERROR_CODE="ThrottlingException",
        ERROR_MESSAGE="Rate exceeded",
    )
    assert found.reason == "ThrottlingException: Rate exceeded"
    assert (found.target, found.obstacle) == (FUNCTION, "")
    assert found.source == "schedule/digest/daily"


@pytest.mark.parametrize(
    ("texts", "obstacle"),
    [
        ({"IS_PAYLOAD_TRUNCATED": "true"}, "has cut its payload"),
        ({"TARGET_ARN": "arn:aws:scheduler:::aws-sdk:s3:putObject"}, "neither a function nor"),
    ],
)
def test_a_schedule_whose_input_cannot_be_sent(texts: dict[str, str], obstacle: str) -> None:
    found = origin("{}", **({"SCHEDULE_ARN": SCHEDULE, "TARGET_ARN": FUNCTION} | texts))
    assert obstacle in found.obstacle


def test_a_rule_that_could_not_reach_its_target() -> None:
    rule = "arn:aws:events:us-east-1:000000000000:rule/guard"
    found = origin("{}", RULE_ARN=rule, TARGET_ARN=FUNCTION, ERROR_CODE="NO_PERMISSIONS")
    assert (found.source, found.reason) == ("rule/guard", "NO_PERMISSIONS")


@pytest.mark.parametrize(
    "body",
    ["[]", "7", "null", '"requestPayload"', '{"requestPayload": 1}', "{", '["requestPayload"]'],
)
def test_a_body_that_only_looks_like_a_wrapped_event(body: str) -> None:
    assert origin(body).target == f"{SQS}source0"
