"""Web actions: from the message to its answer, and to the people who are told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from function_kit.aws_errors import AwsError
from message_kit.claims import Claims
from message_kit.message import Status
from web_action.results import Results

from tests.kit.messages import World
from tests.kit.process import until
from tests.kit.web_actions import action, do, results, told


def test_a_get_s_answer_is_kept_and_told(messaging: World) -> None:
    found = do(messaging, action(action="http", url=f"{messaging.web_url}/echo?a=1"))
    assert found.status == Status.COMPLETED
    (kept,) = results(messaging)
    assert kept["message_id"] == found.id
    assert (kept["url"], kept["status"]) == (f"{messaging.web_url}/echo", "200")
    assert json.loads(kept["body"])["query"] == "a=1"
    assert 0 < int(kept["ttl"]) - int(found.created.timestamp()) <= 72 * 3600 + 60
    (text,) = told(messaging)
    assert json.loads(text)["query"] == "a=1"
    (shown,) = messaging.ntfy.ledger()["notifications"]
    assert shown["title"] == "localhost answered 200"


def test_a_post_is_sent_once_with_its_body(messaging: World) -> None:
    url = f"{messaging.web_url}/echo"
    found = do(messaging, action(action="http", url=url, method="POST", body={"a": [1, "ü"]}))
    assert found.status == Status.COMPLETED
    (kept,) = results(messaging)
    assert json.loads(json.loads(kept["body"])["body"]) == {"a": [1, "ü"]}
    assert messaging.web.requests == [{"method": "POST", "path": "/echo"}]


def test_the_weather_of_two_days_is_told(messaging: World) -> None:
    do(messaging, action(action="weather", latitude=39.7392, longitude=-104.9903))
    (text,) = told(messaging)
    assert text.splitlines() == [
        "Day 1: 70 °F, Sunny, wind 5 mph NW",
        "Day 1 night: 50 °F, Mostly Clear, wind 5 mph NW",
        "Day 2: 70 °F, Sunny, wind 5 mph NW",
        "Day 2 night: 50 °F, Mostly Clear, wind 5 mph NW",
    ]
    assert messaging.web.requests[0]["path"] == "/points/39.7392,-104.9903"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "arguments.action must be http or weather"),
        ({"action": "delete_everything"}, "arguments.action must be http or weather"),
        ({"action": "http"}, "arguments.url: Field required"),
        ({"action": "http", "url": "https://evil.test/"}, "https://evil.test is not among"),
        ({"action": "http", "url": "http://169.254.169.254/"}, "names its host by a number"),
        ({"action": "http", "url": "file:///etc/passwd"}, "the URL is not plain"),
        ({"action": "http", "url": "http://x/", "method": "PUT"}, "arguments.method: Input should"),
        ({"action": "http", "url": "http://x/", "body": 1}, "a GET has no body"),
        ({"action": "http", "url": "http://x/", "more": 1}, "arguments.more: Extra inputs"),
        ({"action": "weather", "latitude": 91, "longitude": 0}, "arguments.latitude: Input should"),
        ({"action": "http", "url": "{web}/status/404"}, "it answered 404"),
        ({"action": "http", "url": "{web}/redirect?to=http://127.0.0.1:1/"}, "by a number"),
    ],
)
def test_what_cannot_be_done_is_a_dead_letter_with_its_reason(
    messaging: World, arguments: dict[str, Any], reason: str
) -> None:
    given = {k: v.replace("{web}", messaging.web_url) if isinstance(v, str) else v
             for k, v in arguments.items()}  # fmt: skip
    found = do(messaging, action(**given))
    assert found.status == Status.FAILED
    assert reason in (found.error_message or "")
    assert messaging.waiting(messaging.dead_letters) == 1
    assert results(messaging) == []
    assert told(messaging) == []


def test_a_get_whose_work_was_cut_off_is_done_again_and_told_once(messaging: World) -> None:
    draft = action(action="http", url=f"{messaging.web_url}/echo")
    (sent,) = messaging.send(draft)
    settings = {"QUEUE_URL": messaging.action_queue, "LEASE_SECONDS": 1, "ACTION_SECONDS": 0.5}
    with messaging.function("web_action", **settings) as function:
        record = messaging.mapping(function, messaging.action_queue).records()[0]
        with mock.patch.object(Claims, "complete", side_effect=AwsError("NoAnswer", "failed")):
            assert function({"Records": [record]})["batchItemFailures"]
        until(lambda: not function({"Records": [record]})["batchItemFailures"])
    assert messaging.message(sent.id).status == Status.COMPLETED
    assert len(results(messaging)) == len(told(messaging)) == 1


def test_a_post_whose_end_nobody_knows_is_not_sent_again(messaging: World) -> None:
    draft = action(action="http", url=f"{messaging.web_url}/echo", method="POST")
    (sent,) = messaging.send(draft)
    settings = {"QUEUE_URL": messaging.action_queue}
    with messaging.function("web_action", **settings) as function:
        with mock.patch.object(Results, "keep", side_effect=AwsError("NoAnswer", "failed")):
            messaging.mapping(function, messaging.action_queue).once()
        messaging.mapping(function, messaging.action_queue).drain()
        found = messaging.message(sent.id)
        assert len(messaging.web.requests) == 1
        assert found.status == Status.FAILED
        assert found.error_message == (
            "its answer was not kept: failed: NoAnswer;"
            " not tried again: it is no GET, and an earlier try may have been done"
        )
        # A person may think otherwise, and gets one try for it.
        with messaging.outbox() as outbox:
            outbox.retry(sent.id)
        with mock.patch.object(Results, "keep", side_effect=AwsError("NoAnswer", "failed")):
            messaging.mapping(function, messaging.action_queue).drain()
        assert len(messaging.web.requests) == 2
        assert messaging.message(sent.id).status == Status.FAILED
        with messaging.outbox() as outbox:
            outbox.retry(sent.id)
        messaging.mapping(function, messaging.action_queue).drain()
    assert len(messaging.web.requests) == 3
    assert messaging.message(sent.id).status == Status.COMPLETED


def test_one_that_is_sent_again_days_later_is_told_today(messaging: World) -> None:
    draft = action(action="http", url=f"{messaging.web_url}/echo")
    old = datetime.now(UTC) - timedelta(days=5)
    with messaging.outbox(lambda: old) as outbox:
        sent = draft.message("dev", old)
        outbox.store.create(sent.model_copy(update={"status": Status.FAILED}))
    with messaging.outbox() as outbox:
        again = outbox.retry(sent.id)
    settings = {"QUEUE_URL": messaging.action_queue, "LEASE_SECONDS": 1, "ACTION_SECONDS": 0.5}
    with messaging.function("web_action", **settings) as function:
        record = messaging.mapping(function, messaging.action_queue).records()[0]
        with mock.patch.object(Claims, "complete", side_effect=AwsError("NoAnswer", "failed")):
            assert function({"Records": [record]})["batchItemFailures"]
        until(lambda: not function({"Records": [record]})["batchItemFailures"])
    found = messaging.client("dynamodb").scan(TableName=messaging.name)["Items"]
    (told_by,) = [item for item in found if item["id"]["S"] != sent.id]
    assert told_by["created_date"]["S"] == again.updated_date


def test_an_answer_is_kept_up_to_50_kb(messaging: World) -> None:
    url = f"{messaging.web_url}/echo"
    do(messaging, action(action="http", url=url, method="POST", body="ü" * 60_000))
    (kept,) = results(messaging)
    assert len(kept["body"].encode()) <= 50_000
    assert kept["complete"] is False
    (text,) = told(messaging)
    assert len(text.encode()) < 1600
    assert text.endswith("…")


def test_the_smoke_test_looks_at_everything(messaging: World) -> None:
    with messaging.function("web_action", QUEUE_URL=messaging.action_queue) as function:
        answer = function({"test": True})
    assert answer["checks"] == dict.fromkeys(
        ["messages", "outbox", "results", "secrets", "queue"], "ok"
    )
