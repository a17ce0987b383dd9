"""Every alarm that the release guard does nothing about, and why it says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from function_kit.releases import Lock
from pydantic import ValidationError
from release_guard.guard import Busy

from tests.kit.guard import deliver, event, released, two_releases
from tests.kit.guard_aws import FUNCTION, NOW, PREFIX, Aws


def left_alone(aws: Aws, given: dict[str, Any] | None = None, **changes: Any) -> str:
    """Deliver an event that must change nothing; return the reason."""
    items = dict(aws.items)
    functions = {name: repr(function) for name, function in aws.functions.items()}
    result = deliver(aws, given, **changes)
    assert result["action"] == "nothing"
    assert {name: repr(function) for name, function in aws.functions.items()} == functions
    assert aws.messages == []
    history = {key: item for key, item in aws.items.items() if key[1] != "#lock"}
    assert history == {key: item for key, item in items.items() if key[1] != "#lock"}
    return result["reason"]


@pytest.mark.parametrize(
    "name",
    [
        f"{PREFIX}-{FUNCTION}-duration",
        f"{PREFIX}-{FUNCTION}-throttles",
        f"{PREFIX}-release-guard-errors",
        f"{PREFIX}-unknown-errors",
        f"lambda-fleet-prod-{FUNCTION}-errors",
        f"{FUNCTION}-errors",
        f"{PREFIX}-digest-heartbeat",
    ],
)
def test_alarms_that_are_not_of_a_guarded_function_s_errors(name: str) -> None:
    aws = two_releases()
    assert "no guarded function's error alarm" in left_alone(aws, event(name))
    assert aws.calls == []


@pytest.mark.parametrize("value", ["OK", "INSUFFICIENT_DATA"])
def test_an_alarm_that_does_not_go_off(value: str) -> None:
    aws = two_releases()
    assert f"({value})" in left_alone(aws, event(value=value))
    assert aws.calls == []


def test_a_function_that_was_never_released() -> None:
    aws = two_releases()
    aws.items.clear()
    assert left_alone(aws) == "it was never released"


def test_a_function_without_an_earlier_release() -> None:
    aws = two_releases()
    aws.items.clear()
    aws.put(released("7", "$LATEST", "b", 300))
    assert left_alone(aws) == "there is no earlier release to go back to"


def test_an_alarm_older_than_the_release() -> None:
    assert "the alarm is older than the release" in left_alone(two_releases(), event(at=NOW - 301))


def test_a_window_that_is_over() -> None:
    aws = two_releases()
    reason = left_alone(aws, guard_window_seconds=299)
    assert reason == "the last release was 300 s before, and the window is 299 s"
    assert deliver(aws, guard_window_seconds=300)["action"] == "rolled-back"


def test_the_window_is_counted_from_the_alarm_and_not_from_its_late_delivery() -> None:
    aws = two_releases()
    aws.clock.seconds += 600
    assert deliver(aws, event(at=NOW), guard_window_seconds=300)["action"] == "rolled-back"


def test_a_release_of_what_was_live_already_is_no_fresh_one() -> None:
    aws = two_releases()
    aws.put(released("7", "7", "b", 10, release_id="9"))
    assert "window is 299 s" in left_alone(aws, guard_window_seconds=299)
    assert deliver(aws)["to_version"] == "6"


def test_a_second_alarm_for_the_same_release() -> None:
    aws = two_releases()
    assert deliver(aws)["action"] == "rolled-back"
    aws.messages.clear()
    second = event(at=aws.clock.seconds + 60, id="another-event")
    assert "it was rolled back at" in left_alone(aws, second)


def test_a_rollback_by_hand() -> None:
    aws = two_releases()
    aws.put(released("6", "7", "a", 60, kind="rollback", release_id="9"))
    aws.functions[FUNCTION].live = "6"
    assert "nothing was released since" in left_alone(aws)


@pytest.mark.parametrize("kind", ["deploy", "rollback"])
def test_a_release_or_rollback_under_way(kind: str) -> None:
    aws = two_releases()
    opened = released("8", "7", "c", 10, kind=kind, state="started", finished_at="", release_id="9")
    aws.put(opened, Lock(FUNCTION, "run-8", "deploy", "ann on laptop", "08:00", NOW + 30, 1))
    assert left_alone(aws) == "ann on laptop is at work on it since 08:00"


def test_a_rollback_whose_command_died_is_for_fleet_resume() -> None:
    aws = two_releases()
    aws.put(released("6", "7", "a", 10, kind="rollback", state="started", finished_at=""))
    aws.put(Lock(FUNCTION, "run-6", "rollback", "ann on laptop", "08:00", NOW - 1, 1))
    assert "a rollback by somebody is under way" in left_alone(aws)


def busy(aws: Aws) -> str:
    """Deliver an alarm that must change nothing yet, and fail so that it comes again."""
    with pytest.raises(Busy) as found:
        deliver(aws)
    assert aws.functions[FUNCTION].moves == aws.messages == []
    return str(found.value)


def test_an_alarm_beside_a_lock_without_a_release_is_looked_at_again() -> None:
    """A command of many functions holds their locks while it only looks at them."""
    aws = two_releases()
    aws.put(Lock(FUNCTION, "run", "deploy", "ann on laptop", "08:00", NOW + 30, 4))
    assert busy(aws) == "ann on laptop is at work on it since 08:00"
    aws.put(Lock(FUNCTION, token=4))
    assert deliver(aws)["action"] == "rolled-back"


def test_a_lock_is_no_reason_to_look_again_at_an_alarm_of_nothing() -> None:
    aws = two_releases()
    aws.put(Lock(FUNCTION, "run", "deploy", "ann on laptop", "08:00", NOW + 30, 4))
    assert "the window is 299 s" in left_alone(aws, guard_window_seconds=299)


def test_a_lock_that_ran_out_is_none() -> None:
    aws = two_releases()
    aws.put(Lock(FUNCTION, "run", "deploy", "ann on laptop", "08:00", NOW - 1, 4))
    assert deliver(aws)["action"] == "rolled-back"
    lock = aws.lock()
    assert lock is not None
    assert (lock.token, lock.run_id) == (5, "")


@pytest.mark.parametrize("state", ["failed", "interrupted", "stopped"])
def test_a_later_release_that_had_traffic_and_was_put_back(state: str) -> None:
    """Its errors may be what the alarm is about, and version 7 has the traffic again."""
    aws = two_releases()
    aws.put(released("8", "7", "c", 60, state=state, release_id="9"))
    assert f"its last release is {state}" in left_alone(aws)


@pytest.mark.parametrize("state", ["failed", "interrupted", "stopped"])
def test_a_later_release_that_never_had_traffic_changes_nothing(state: str) -> None:
    aws = two_releases()
    aws.put(released("8", "7", "c", 60, state=state, release_id="9", passed=False))
    assert deliver(aws)["action"] == "rolled-back"


@pytest.mark.parametrize(("live", "weights"), [("5", {}), ("7", {"6": 0.5}), ("$LATEST", {})])
def test_live_that_is_not_where_the_last_release_put_it(
    live: str, weights: dict[str, float]
) -> None:
    aws = two_releases()
    aws.functions[FUNCTION].live, aws.functions[FUNCTION].weights = live, weights
    assert "live is not wholly at version 7" in left_alone(aws)


def test_a_read_of_before_a_release_that_has_just_ended_is_looked_at_again() -> None:
    aws = two_releases()
    aws.put(released("7", "6", "b", 1, release_id="8"))
    aws.functions[FUNCTION].old_alias = [("6", "old"), ("6", "old")]
    assert deliver(aws)["action"] == "rolled-back"


def somebody_begins(aws: Aws) -> Callable[[Any], None]:
    """Ann takes the lock between the guard's look at it and its own try."""

    def begins(call: Any) -> None:
        if call.operation == "PutItem":
            aws.put(Lock(FUNCTION, "run", "deploy", "ann", "08:00", NOW + 30, 9))
            aws.before = lambda _: None

    return begins


def test_a_lock_that_somebody_takes_in_the_same_moment() -> None:
    aws = two_releases()
    aws.before = somebody_begins(aws)
    assert busy(aws) == "ann is at work on it since 08:00"
    lock = aws.lock()
    assert lock is not None
    assert (lock.holder, lock.token) == ("ann", 9)


def test_a_lock_that_somebody_took_a_moment_before() -> None:
    aws = two_releases()

    def takes(call: Any) -> None:
        if call.operation == "GetAlias":
            aws.put(Lock(FUNCTION, "run", "deploy", "ann", "08:00", NOW + 30, 9))

    aws.after = takes
    assert busy(aws) == "ann is at work on it since 08:00"


def test_a_release_that_ended_while_the_guard_waited_for_the_lock() -> None:
    """What was decided before the lock is decided again under it."""
    aws = two_releases()

    def releases(call: Any) -> None:
        if call.operation == "GetAlias":
            aws.after = lambda _: None
            aws.put(released("8", "7", "c", 0, release_id="9"))
            aws.functions[FUNCTION].live = "8"

    aws.after = releases
    assert deliver(aws, event(at=NOW - 1))["action"] == "nothing"
    assert aws.functions[FUNCTION].live == "8"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"id": "x"},
        event() | {"id": "a b"},
        event() | {"detail": {"alarmName": "x"}},
        event() | {"detail": event()["detail"] | {"state": {"value": "ALARM"}}},
        event()
        | {"detail": {"alarmName": "x", "state": {"value": "ALARM", "timestamp": "2027-01-01"}}},
    ],
)
def test_what_is_no_alarm_s_change_of_state_is_refused(given: dict[str, Any]) -> None:
    aws = two_releases()
    with pytest.raises(ValidationError):
        deliver(aws, given | {"version": "0"})
    assert aws.calls == []


def test_a_guard_never_guards_itself_whatever_it_is_told() -> None:
    with pytest.raises(ValidationError, match="must not guard itself"):
        deliver(two_releases(), guarded_functions="release-guard,scheduled-digest")
