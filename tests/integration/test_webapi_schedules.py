"""The messages' API: schedules at run time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from function_kit.aws_errors import AwsError
from message_kit.message import MAX_BYTES, Draft, MessageType
from message_kit.schedule import drafted
from message_kit.schedules import Schedules

from tests.kit.webapi import WebApi, web_api

DAILY: dict[str, Any] = {
    "name": "daily-news",
    "expression": "cron(0 9 * * ? *)",
    "timezone": "Europe/Berlin",
    "message": {"message_type": "notify", "payload": {"message": "Good morning"}},
    "description": "Says good morning.",
}


@pytest.fixture
def api(aws_endpoint: str) -> Iterator[WebApi]:
    with web_api(aws_endpoint) as made:
        yield made


def test_the_life_of_a_schedule(api: WebApi) -> None:
    assert api.ask("GET", "/api/schedules")[1]["schedules"] == []
    status, made = api.ask("POST", "/api/schedules", DAILY)
    assert status == 201
    assert made["state"] == "ENABLED"
    stored = api.client("scheduler").get_schedule(GroupName=api.group, Name="daily-news")
    assert stored["ScheduleExpression"] == DAILY["expression"]
    assert stored["ScheduleExpressionTimezone"] == "Europe/Berlin"
    _, listed = api.ask("GET", "/api/schedules")
    assert [s["name"] for s in listed["schedules"]] == ["daily-news"]
    assert listed["schedules"][0]["message"]["payload"] == {"message": "Good morning"}

    for verb, state in (("pause", "DISABLED"), ("resume", "ENABLED")):
        status, changed = api.ask("POST", f"/api/schedules/daily-news/{verb}")
        assert (status, changed["state"]) == (200, state)
        stored = api.client("scheduler").get_schedule(GroupName=api.group, Name="daily-news")
        assert stored["State"] == state
        assert json.loads(stored["Target"]["Input"])["message"]["message_type"] == "notify"

    status, message = api.ask("POST", "/api/schedules/daily-news/run")
    assert status == 201
    assert message["payload"] == {"message": "Good morning"}
    assert api.ask("GET", f"/api/messages/{message['id']}")[0] == 200

    assert api.ask("DELETE", "/api/schedules/daily-news")[0] == 200
    assert api.ask("GET", "/api/schedules")[1]["count"] == 0


def test_the_same_schedule_twice_is_one_and_another_of_its_name_is_refused(api: WebApi) -> None:
    assert api.ask("POST", "/api/schedules", DAILY)[0] == 201
    assert api.ask("POST", "/api/schedules", DAILY)[0] == 201
    status, answer = api.ask("POST", "/api/schedules", DAILY | {"expression": "rate(1 day)"})
    assert status == 409
    assert "delete it first" in answer["error"]
    assert api.ask("GET", "/api/schedules")[1]["count"] == 1


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"expression": "every day"}, "expression", "rate(5 minutes)"),
        ({"expression": "rate(0 days)"}, "expression", ""),
        ({"expression": "cron(61 9 * * ? *)"}, "expression", "minutes"),
        ({"expression": "at(2001-01-01T00:00:00)"}, "expression", ""),
        ({"timezone": "Mars/Olympus"}, "body", "time zone"),
        ({"name": "with space"}, "name", ""),
        ({"message": {"message_type": "schedule_creation"}}, "message", "does not make schedules"),
        ({"message": {"message_type": "letter"}}, "message.message_type", ""),
        ({"colour": "red"}, "colour", ""),
    ],
)
def test_a_schedule_that_cannot_be_says_why(
    api: WebApi, changes: dict[str, Any], field: str, reason: str
) -> None:
    status, answer = api.ask("POST", "/api/schedules", DAILY | changes)
    assert status == 400
    reasons = {problem["field"]: problem["reason"] for problem in answer["fields"]}
    assert reason in reasons[field]
    assert reasons[field]


@pytest.mark.parametrize(
    ("method", "end"), [("DELETE", ""), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/run")]
)
def test_a_schedule_that_is_not_there(api: WebApi, method: str, end: str) -> None:
    status, answer = api.ask(method, f"/api/schedules/none{end}")
    assert (status, answer["status"]) == (404, "404")
    status, answer = api.ask(method, f"/api/schedules/a%20b{end}")
    assert (status, answer["fields"][0]["field"]) == (400, "name")


def test_what_a_schedule_makes_must_fit(api: WebApi) -> None:
    big = {"message_type": "notify", "payload": {"message": "x" * 150_000}}
    status, _ = api.ask("POST", "/api/schedules", DAILY | {"message": big})
    assert status == 201
    assert api.ask("POST", "/api/schedules/daily-news/run")[0] == 201


def test_one_whose_message_could_never_be_sent_is_refused(api: WebApi) -> None:
    message = Draft(message_type=MessageType.NOTIFY, payload={"message": ""})
    fits = MAX_BYTES - drafted(DAILY["name"], message).size
    for length, expected in ((fits, 201), (fits + 1, 400)):
        draft = {"message_type": "notify", "payload": {"message": "x" * length}}
        status, answer = api.ask("POST", "/api/schedules", DAILY | {"message": draft})
        assert status == expected
        assert api.ask("GET", "/api/schedules")[1]["count"] == 1
    (problem,) = answer["fields"]
    assert problem == {"field": "message", "reason": "a message has at most 200000 bytes"}


def test_what_scheduler_does_not_take_is_the_caller_s_to_change(api: WebApi) -> None:
    assert api.ask("POST", "/api/schedules", DAILY)[0] == 201
    send = Schedules._send

    def refusing(self: Schedules, method: str, *rest: Any) -> dict[str, Any]:
        if method in {"POST", "PUT"}:
            raise AwsError("ValidationException", f"{method} of a schedule failed", 400)
        return send(self, method, *rest)

    with mock.patch.object(Schedules, "_send", refusing):
        answers = [
            api.ask("POST", "/api/schedules", DAILY | {"name": "another"}),
            api.ask("POST", "/api/schedules/daily-news/pause"),
        ]
    for status, answer in answers:
        assert status == 400
        assert answer["fields"] == [{"field": "body", "reason": "Scheduler does not take it"}]


def test_a_schedule_that_nobody_can_read_hides_no_other(
    api: WebApi, capsys: pytest.CaptureFixture[str]
) -> None:
    assert api.ask("POST", "/api/schedules", DAILY)[0] == 201
    message = {"message_type": "notify", "payload": {"": "no name"}}
    api.client("scheduler").create_schedule(
        GroupName=api.group,
        Name="of-an-older-release",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": api.variables["SCHEDULE_TARGET_ARN"],
            "RoleArn": api.variables["SCHEDULE_ROLE_ARN"],
            "Input": json.dumps({"message": message}),
        },
    )
    _, listed = api.ask("GET", "/api/schedules")
    assert [schedule["name"] for schedule in listed["schedules"]] == ["daily-news"]
    assert "schedule_unreadable" in capsys.readouterr().out
    assert api.ask("DELETE", "/api/schedules/of-an-older-release")[0] == 200
