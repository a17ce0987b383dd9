"""The messages' API: list, look at, send, retry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from message_kit.message import Draft, Message, MessageType, Status

from tests.kit.invoke import LambdaContext
from tests.kit.webapi import WebApi, web_api

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def api(aws_endpoint: str) -> Iterator[WebApi]:
    with web_api(aws_endpoint) as made:
        yield made


@pytest.fixture(scope="module")
def full(aws_endpoint: str) -> Iterator[WebApi]:
    """An API whose table holds 250 messages, one a second; every fifth has failed."""
    with web_api(aws_endpoint) as made:
        made.store(*(message(n) for n in range(250)))
        yield made


def message(number: int, **changes: Any) -> Message:
    draft = Draft(message_type=MessageType.NOTIFY, payload={"message": f"number {number}"})
    made = draft.message("dev", START + timedelta(seconds=number))
    status = Status.FAILED if number % 5 == 0 else Status.COMPLETED
    return made.model_copy(update={"status": status} | changes)


def numbers(body: dict[str, Any]) -> list[int]:
    return [int(m["payload"]["message"].removeprefix("number ")) for m in body["messages"]]


def test_health(api: WebApi) -> None:
    status, body = api.ask("GET", "/api/health")
    assert status == 200
    assert (body["status"], body["stage"]) == ("ok", "dev")
    assert abs(datetime.fromisoformat(body["timestamp"]) - datetime.now(UTC)).seconds < 60


def test_a_message_is_sent_and_read(api: WebApi) -> None:
    wanted = {
        "message_type": "notify",
        "payload": {"message": "Grüße", "title": "A", "priority": 4, "ratio": 0.25, "flag": True},
        "created_by": "a test",
    }
    status, made = api.ask("POST", "/api/messages", wanted)
    assert status == 201
    assert made["payload"] == wanted["payload"]
    assert (made["created_by"], made["stage"], made["retry_count"]) == ("a test", "dev", 0)
    assert made["status"] in {"created", "queued"}
    status, read = api.ask("GET", f"/api/messages/{made['id']}")
    assert status == 200
    assert read["payload"] == wanted["payload"]
    assert [moment["status"] for moment in read["timeline"]] == ["created", "queued"]


def test_a_message_is_published_with_the_attributes_that_are_filtered_by(api: WebApi) -> None:
    sqs = api.client("sqs")
    url = sqs.create_queue(QueueName=f"{api.table}-seen")["QueueUrl"]
    asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = asked["Attributes"]["QueueArn"]
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    api.client("sns").subscribe(
        TopicArn=api.topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RawMessageDelivery": "true"},
    )
    _, made = api.ask("POST", "/api/messages", {"message_type": "hello_world"})
    (got,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MessageAttributeNames=["All"])[
        "Messages"
    ]
    assert json.loads(got["Body"])["id"] == made["id"]
    attributes = {k: v["StringValue"] for k, v in got["MessageAttributes"].items()}
    assert attributes == {"stage": "dev", "message_type": "hello_world", "status": "queued"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "message_type"),
        ({"message_type": "letter"}, "message_type"),
        ({"message_type": "notify", "payload": "text"}, "payload"),
        ({"message_type": "notify", "id": "msg_1"}, "id"),
        ({"message_type": "notify", "status": "completed"}, "status"),
        ({"message_type": "notify", "created_by": ""}, "created_by"),
        ({"message_type": "notify", "stage": "prod"}, "stage"),
        ({"message_type": "notify", "stage": "moon"}, "stage"),
        ({"message_type": "notify", "payload": {"n": 1e300}}, "payload"),
        ({"message_type": "notify", "payload": {"deep": {"": 1}}}, "payload"),
        ({"message_type": "web_action", "auth_config": {"token": "x"}}, "auth_config.token"),
    ],
)
def test_a_message_that_is_not_as_it_must_be(api: WebApi, body: dict[str, Any], field: str) -> None:
    status, answer = api.ask("POST", "/api/messages", body)
    assert status == 400
    assert answer["status"] == "400"
    assert field in {problem["field"] for problem in answer["fields"]}
    assert all(problem["reason"] for problem in answer["fields"])


def test_a_message_for_this_very_stage(api: WebApi) -> None:
    body = {"message_type": "hello_world", "stage": "dev"}
    assert api.ask("POST", "/api/messages", body)[0] == 201


def test_a_message_that_is_too_big(api: WebApi) -> None:
    body = {"message_type": "notify", "payload": {"message": "x" * 200_000}}
    status, answer = api.ask("POST", "/api/messages", body)
    assert status == 400
    assert "200000 bytes" in answer["fields"][0]["reason"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"text"', "7"])
def test_a_body_that_is_no_object(api: WebApi, text: str) -> None:
    answer = api.send("POST", "/api/messages", body=text)
    assert answer["statusCode"] == 400
    assert "error" in json.loads(answer["body"])


@pytest.mark.parametrize("path", ["counts", "msg_1", "msg_20260102030405_" + "0" * 16, "%00", "ü"])
def test_a_message_that_is_not_there(api: WebApi, path: str) -> None:
    api.ask("GET", "/api/metrics")  # leaves its own item in the table
    for method, end in (("GET", ""), ("POST", "/retry")):
        status, answer = api.ask(method, f"/api/messages/{path}{end}")
        assert (status, answer["status"]) == (404, "404")
        assert "There is no message" in answer["error"]


def test_lists_are_newest_first(full: WebApi) -> None:
    status, body = full.ask("GET", "/api/messages")
    assert status == 200
    assert (body["count"], len(body["messages"])) == (100, 100)
    assert numbers(body) == list(range(249, 149, -1))
    assert body["next_cursor"]
    newest = body["messages"][0]
    _, same = full.ask("GET", f"/api/messages/{newest['id']}")
    del same["timeline"], same["request_id"]
    assert newest == same


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, list(range(249, -1, -1))),
        ({"stage": "dev"}, list(range(249, -1, -1))),
        ({"status": "failed"}, list(range(245, -1, -5))),
        ({"stage": "dev", "status": "failed"}, list(range(245, -1, -5))),
        ({"status": "processing"}, []),
        ({"stage": "prod"}, []),
        ({"stage": "prod", "status": "failed"}, []),
    ],
)
@pytest.mark.parametrize("limit", [1, 7, 100, 1000])
def test_every_page_of_every_filter(
    full: WebApi, filters: dict[str, str], expected: list[int], limit: int
) -> None:
    if limit == 1:
        expected = expected[:12]
    seen: list[int] = []
    more: dict[str, str] = {}
    while len(seen) < len(expected) or not seen:
        status, body = full.ask("GET", "/api/messages", limit=limit, **filters, **more)
        assert status == 200
        assert body["count"] <= limit
        seen += numbers(body)
        if "next_cursor" not in body:
            break
        more = {"cursor": body["next_cursor"]}
    assert seen[: len(expected)] == expected


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "limit=-1", "limit=ten", "limit=", "stage=moon", "status=done",
     "status=", "stage=dev&stage=prod", "cursor=x", "cursor="],
)  # fmt: skip
def test_a_list_that_cannot_be(full: WebApi, query: str) -> None:
    answer = full.send("GET", "/api/messages", query)
    body = json.loads(answer["body"])
    assert (answer["statusCode"], body["status"]) == (400, "400")
    assert body["fields"][0]["field"] == query.partition("=")[0]


def test_a_cursor_that_was_tampered_with(full: WebApi) -> None:
    _, body = full.ask("GET", "/api/messages", limit=3)
    cursor = body["next_cursor"]
    changed = [
        cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        for place in range(len(cursor))
    ]
    for bad in [*changed, cursor[:-1], cursor + "A", cursor + "=", cursor * 20, "ü" + cursor[1:]]:
        status, answer = full.ask("GET", "/api/messages", limit=3, cursor=bad)
        assert (status, answer["fields"][0]["field"]) == (400, "cursor"), bad


@pytest.mark.parametrize("other", [{"status": "failed"}, {"stage": "prod"}])
def test_a_cursor_of_another_list(full: WebApi, other: dict[str, str]) -> None:
    _, body = full.ask("GET", "/api/messages", limit=3)
    status, _ = full.ask("GET", "/api/messages", cursor=body["next_cursor"], **other)
    assert status == 400


def test_a_failed_message_is_sent_again(api: WebApi) -> None:
    failed = message(5, error_message="ntfy answered 404")
    api.store(failed)
    status, answer = api.ask("POST", f"/api/messages/{failed.id}/retry")
    assert status == 200
    assert (answer["status"], answer["retry_count"]) == ("created", 1)
    assert "error_message" not in answer
    _, read = api.ask("GET", f"/api/messages/{failed.id}")
    assert [moment["status"] for moment in read["timeline"]][-2:] == ["created", "queued"]
    status, answer = api.ask("POST", f"/api/messages/{failed.id}/retry")
    assert status == 409
    assert answer["error"].endswith("this one is queued.")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api"), ("GET", "/api/"), ("GET", "/api/nothing"), ("PUT", "/api/messages"),
        ("DELETE", "/api/messages"), ("POST", "/api/health"), ("GET", "/api/messages/"),
        ("GET", "/favicon.ico"), ("GET", "/assets/"), ("GET", "/assets/nothing.js"),
        ("GET", "/assets/index.html"), ("GET", "/assets/..%2Fhandler.py"), ("POST", "/"),
    ],
)  # fmt: skip
def test_anything_else_is_404(api: WebApi, method: str, path: str) -> None:
    status, body = api.ask(method, path)
    assert (status, body["status"]) == (404, "404")
    assert isinstance(body["error"], str)
    assert body["request_id"]


def test_smoke(api: WebApi) -> None:
    answer = api.handler({"test": True}, LambdaContext())
    assert answer["statusCode"] == 200
    assert answer["checks"] == {"messages": "ok", "schedules": "ok"}
