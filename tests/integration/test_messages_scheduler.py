"""What makes messages by itself: schedules that are due, and orders about schedules."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from function_kit.aws_errors import AwsError
from message_kit.message import Draft, Message, MessageType, Status
from message_kit.schedules import DUE
from pydantic import ValidationError

from tests.kit.digest import metrics
from tests.kit.messages import World

DAILY = {
    "schedule": "@daily",
    "scheduled_time": "2026-03-02T12:00:00Z",
    "message": {"message_type": "scheduled", "payload": {"message": "daily"}},
}


def test_a_schedule_that_is_due_makes_one_message_however_often_it_is_told(
    messaging: World,
) -> None:
    with messaging.function("message_scheduler") as scheduler, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(scheduler, [DAILY] * 8))
    assert len({answer["message_id"] for answer in answers}) == 1
    assert [answer["created"] for answer in answers].count(True) == 1
    assert messaging.waiting() == 1
    found = messaging.message(answers[0]["message_id"])
    assert found.id.startswith("msg_20260302120000_")
    assert found.created_date == "2026-03-02T12:00:00.000Z"
    assert (found.message_type, found.created_by) == ("scheduled", "schedule:@daily")


@pytest.mark.parametrize(
    "other",
    [{"schedule": "daily"}, {"scheduled_time": "2026-03-03T12:00:00Z"}],
    ids=["of another name", "at another time"],
)
def test_another_schedule_or_time_is_another_message(
    messaging: World, other: dict[str, str]
) -> None:
    with messaging.function("message_scheduler") as scheduler:
        first, second = scheduler(DAILY), scheduler(DAILY | other)
    assert first["message_id"] != second["message_id"]
    assert first["created"]
    assert second["created"]


def test_the_same_moment_in_another_zone_is_the_same_message(messaging: World) -> None:
    with messaging.function("message_scheduler") as scheduler:
        first = scheduler(DAILY)
        second = scheduler(DAILY | {"scheduled_time": "2026-03-02T13:00:00+01:00"})
    assert first["message_id"] == second["message_id"]


def test_where_nobody_says_when_it_was_due_it_is_this_minute(messaging: World) -> None:
    """As on an emulator, which leaves Scheduler's placeholder where it is."""
    with messaging.function("message_scheduler") as scheduler:
        made = scheduler(DAILY | {"scheduled_time": DUE})
    found = messaging.message(made["message_id"])
    assert found.created.second == 0
    assert abs(datetime.now(UTC) - found.created) < timedelta(minutes=1, seconds=5)


def test_only_terraform_s_schedule_is_a_heartbeat(
    messaging: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with messaging.function("message_scheduler") as scheduler:
        scheduler(DAILY | {"schedule": "made-at-run-time"})
        assert "ScheduleHeartbeats" not in metrics(capsys.readouterr().out)
        scheduler(DAILY)
        assert metrics(capsys.readouterr().out)["ScheduleHeartbeats"] == 1
        scheduler({"sweep": True})
        assert metrics(capsys.readouterr().out)["MessagesSwept"] == 0


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"sweep": False},
        {"schedule": "daily"},
        DAILY | {"schedule": "@"},
        DAILY | {"scheduled_time": "noon"},
        DAILY | {"scheduled_time": "2026-03-02T12:00:00"},
        DAILY | {"more": 1},
    ],
)
def test_another_event_is_an_error(messaging: World, event: dict[str, Any]) -> None:
    with messaging.function("message_scheduler") as scheduler, pytest.raises(ValidationError):
        scheduler(event)


def test_what_could_not_be_stored_is_an_error_for_lambda_to_repeat(messaging: World) -> None:
    with (
        messaging.function("message_scheduler", MESSAGES_TABLE="none") as scheduler,
        pytest.raises(AwsError, match="ResourceNotFoundException"),
    ):
        scheduler(DAILY)


def order(world: World, **payload: Any) -> Message:
    """Ask for something about a schedule; gives the message when it is worked on."""
    draft = Draft(message_type=MessageType.SCHEDULE_CREATION, payload=payload)
    (sent,) = world.send(draft)
    with world.function("message_processor") as processor:
        world.mapping(processor).drain()
    return world.message(sent.id)


STANDUP = {
    "name": "standup",
    "expression": "cron(30 9 ? * MON-FRI *)",
    "timezone": "Europe/Berlin",
    "message": {"message_type": "notify", "payload": {"message": "Stand-up"}},
}


def schedule(world: World, name: str = "standup") -> Any:
    return world.client("scheduler").get_schedule(Name=name, GroupName=world.name)


def test_a_message_makes_a_schedule_that_makes_messages(messaging: World) -> None:
    done = order(messaging, **STANDUP)
    assert done.status == Status.COMPLETED
    assert done.timeline[-1].note == "schedule standup: create is done"
    found = schedule(messaging)
    assert found["ScheduleExpression"] == "cron(30 9 ? * MON-FRI *)"
    assert found["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert found["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert found["Target"]["DeadLetterConfig"]["Arn"].endswith(":dead")
    event = json.loads(found["Target"]["Input"])
    assert event["scheduled_time"] == DUE
    # What Scheduler sends is what the message scheduler takes.
    with messaging.function("message_scheduler") as scheduler:
        made = scheduler(event | {"scheduled_time": "2026-03-02T08:30:00Z"})
    assert messaging.message(made["message_id"]).payload == {"message": "Stand-up"}


def test_a_schedule_is_paused_resumed_run_and_deleted(messaging: World) -> None:
    order(messaging, **STANDUP)
    assert order(messaging, action="pause", name="standup").status == Status.COMPLETED
    assert schedule(messaging)["State"] == "DISABLED"
    assert order(messaging, action="resume", name="standup").status == Status.COMPLETED
    assert schedule(messaging)["State"] == "ENABLED"
    assert schedule(messaging)["ScheduleExpression"] == STANDUP["expression"]
    ran = order(messaging, action="run", name="standup")
    assert "is run as msg_" in ran.timeline[-1].note
    assert [n["message"] for n in messaging.ntfy.ledger()["notifications"]] == ["Stand-up"]
    assert order(messaging, action="delete", name="standup").status == Status.COMPLETED
    assert messaging.client("scheduler").list_schedules(GroupName=messaging.name)["Schedules"] == []


def test_a_one_time_schedule_is_gone_once_it_was_due(messaging: World) -> None:
    at = f"at({datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%S})"
    assert order(messaging, **STANDUP | {"expression": at}).status == Status.COMPLETED
    assert schedule(messaging)["ActionAfterCompletion"] == "DELETE"


def test_an_order_that_comes_twice_is_carried_out_once(messaging: World) -> None:
    draft = Draft(message_type=MessageType.SCHEDULE_CREATION, payload=STANDUP)
    messaging.send(draft, draft)
    with messaging.function("message_processor") as processor:
        messaging.mapping(processor).drain()
    assert messaging.statuses() == {"completed": 2}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({}, "payload.name: Field required"),
        (STANDUP | {"name": "@daily"}, "payload.name: String should match pattern"),
        (STANDUP | {"action": "explode"}, "payload.action: Input should be"),
        ({"name": "x"}, "payload.expression: Field required"),
        (STANDUP | {"more": 1}, "payload.more: Extra inputs are not permitted"),
        (STANDUP | {"timezone": "Mars/Olympus"}, "the time zone is not one of the IANA database"),
        (STANDUP | {"expression": "rate(5 minute)"}, "rate(5 minute) must be rate(5 minutes)"),
        (STANDUP | {"expression": "at(2020-01-01T00:00:00)"}, "is over"),
        (STANDUP | {"message": {"message_type": "schedule_creation"}}, "does not make schedules"),
        ({"action": "pause", "name": "nobody"}, "there is no schedule nobody"),
        ({"action": "delete", "name": "nobody"}, "there is no schedule nobody"),
    ],
)
def test_an_order_that_cannot_be_carried_out_fails_and_says_why(
    messaging: World, payload: dict[str, Any], reason: str
) -> None:
    done = order(messaging, **payload)
    assert done.status == Status.FAILED
    assert reason in (done.error_message or "")
    assert messaging.client("scheduler").list_schedules(GroupName=messaging.name)["Schedules"] == []


def test_another_schedule_of_the_same_name_is_refused(messaging: World) -> None:
    order(messaging, **STANDUP)
    done = order(messaging, **STANDUP | {"expression": "rate(1 day)"})
    assert (done.status, done.error_message) == (Status.FAILED, "there is another schedule standup")
