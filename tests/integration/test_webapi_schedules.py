"""The messages' API: schedules at run time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

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


def test_what_a_schedule_makes_must_still_fit(api: WebApi) -> None:
    big = {"message_type": "notify", "payload": {"message": "x" * 150_000}}
    status, _ = api.ask("POST", "/api/schedules", DAILY | {"message": big})
    assert status == 201
    assert api.ask("POST", "/api/schedules/daily-news/run")[0] == 201
