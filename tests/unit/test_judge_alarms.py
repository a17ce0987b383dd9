"""Alarms of functions: what fires, and what nobody can hear.

DescribeAlarms takes up to 100 names, leaves out those that do not exist, and returns metric
alarms when it is told so (Amazon CloudWatch API Reference, DescribeAlarms).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError
from fleet.environments import Environment
from fleet.release.judge.alarm_poll import FRESH_SECONDS, AlarmPoll
from fleet.release.judge.alarms import AlarmWatch
from fleet.release.runner import Threads

from tests.kit.answering import Answering, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = Environment("dev", "lambda-fleet", "eu-west-1", "arm64", None, releases=True)
ERRORS, DURATION, THROTTLES = (
    f"lambda-fleet-dev-thumbnails-{kind}" for kind in ("errors", "duration", "throttles")
)


class Alarms:
    """CloudWatch's alarms: states by name, and the names that may not be read."""

    def __init__(self, *functions: str) -> None:
        self.states = {
            name: "OK"
            for function in functions
            for name in AlarmWatch(ENVIRONMENT, None, Threads()).names(function)
        }
        self.hidden: set[str] = set()
        self.page = 100

    def describe(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        assert operation == "DescribeAlarms"
        names = asked["AlarmNames"]
        assert 0 < len(names) <= 100
        if self.hidden & set(names):
            raise refusal("AccessDenied", "not authorized to perform: cloudwatch:DescribeAlarms")
        start = int(asked.get("NextToken", 0))
        found = [
            {"AlarmName": name, "StateValue": self.states[name]}
            for name in names
            if name in self.states
        ]
        more = {"NextToken": str(start + self.page)} if start + self.page < len(found) else {}
        return {"MetricAlarms": found[start : start + self.page], "CompositeAlarms": [], **more}


@pytest.fixture(scope="module")
def cloudwatch() -> Answering:
    return Answering("cloudwatch")


@pytest.fixture
def alarms(cloudwatch: Answering) -> Iterator[Alarms]:
    alarms = Alarms("thumbnails", "digest")
    cloudwatch.reset(alarms.describe)
    return alarms


@pytest.fixture
def watch(cloudwatch: Answering) -> AlarmWatch:
    return AlarmWatch(ENVIRONMENT, cloudwatch.client, Threads())


def test_names_are_those_that_terraform_gives(watch: AlarmWatch) -> None:
    assert watch.names("thumbnails") == (ERRORS, DURATION, THROTTLES)


def test_quiet_functions_are_in_the_answer_too(alarms: Alarms, watch: AlarmWatch) -> None:
    assert watch.firing(["thumbnails", "digest"]) == {"thumbnails": (), "digest": ()}


def test_an_alarm_that_fires_is_named(alarms: Alarms, watch: AlarmWatch) -> None:
    alarms.states[ERRORS] = alarms.states[THROTTLES] = "ALARM"
    assert watch.firing(["thumbnails", "digest"]) == {
        "thumbnails": (ERRORS, THROTTLES),
        "digest": (),
    }


def test_an_alarm_without_data_is_quiet(alarms: Alarms, watch: AlarmWatch) -> None:
    alarms.states[DURATION] = "INSUFFICIENT_DATA"
    assert watch.firing(["thumbnails"]) == {"thumbnails": ()}


def test_a_missing_alarm_counts_as_firing_and_says_so(alarms: Alarms, watch: AlarmWatch) -> None:
    del alarms.states[DURATION]
    assert watch.firing(["thumbnails"]) == {"thumbnails": (f"{DURATION} (does not exist)",)}


def test_an_alarm_that_may_not_be_read_fails_closed_for_its_function_alone(
    alarms: Alarms, watch: AlarmWatch
) -> None:
    alarms.hidden = {THROTTLES}
    firing = watch.firing(["thumbnails", "digest"])
    assert firing["digest"] == ()
    assert firing["thumbnails"] == tuple(
        f"{name} (cannot be read: AccessDenied)" for name in (ERRORS, DURATION, THROTTLES)
    )


def test_other_refusals_fail_closed_for_all_in_one_call(
    cloudwatch: Answering, watch: AlarmWatch
) -> None:
    def refuse(operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        raise refusal("InternalServiceFault")

    cloudwatch.reset(refuse)
    firing = watch.firing(["thumbnails", "digest"])
    assert all("(cannot be read: InternalServiceFault)" in text for text in firing["digest"])
    assert len(firing["thumbnails"]) == 3
    assert len(cloudwatch.calls) == 1


def test_a_lost_connection_fails_closed(cloudwatch: Answering, watch: AlarmWatch) -> None:
    def lose(operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        raise EndpointConnectionError(endpoint_url="https://monitoring.invalid")

    cloudwatch.reset(lose)
    (first, *_) = watch.firing(["thumbnails"])["thumbnails"]
    assert first.startswith(f"{ERRORS} (cannot be read: Could not connect")


def test_a_fleet_is_asked_for_in_batches(cloudwatch: Answering, watch: AlarmWatch) -> None:
    functions = [f"function-{number}" for number in range(70)]
    alarms = Alarms(*functions)
    alarms.states["lambda-fleet-dev-function-69-errors"] = "ALARM"
    cloudwatch.reset(alarms.describe)
    firing = watch.firing(functions)
    assert len(firing) == 70
    assert [name for name, texts in firing.items() if texts] == ["function-69"]
    assert [len(asked["AlarmNames"]) for _, asked in cloudwatch.calls] == [99, 99, 12]


def test_an_answer_in_pages_is_read_to_the_end(alarms: Alarms, watch: AlarmWatch) -> None:
    alarms.page = 2
    alarms.states[THROTTLES] = "ALARM"
    assert watch.firing(["thumbnails", "digest"]) == {"thumbnails": (THROTTLES,), "digest": ()}


def test_no_functions_is_no_call(cloudwatch: Answering, alarms: Alarms, watch: AlarmWatch) -> None:
    assert watch.firing([]) == {}
    assert cloudwatch.calls == []


class Patient(Threads):
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def test_asking_too_often_says_nothing_of_the_alarms(cloudwatch: Answering, alarms: Alarms) -> None:
    refused = 0

    def throttle(operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        nonlocal refused
        refused += 1
        if refused < 5:
            raise refusal("ThrottlingException", "Rate exceeded")
        return alarms.describe(operation, asked)

    cloudwatch.reset(throttle)
    watch = AlarmWatch(ENVIRONMENT, cloudwatch.client, Patient())
    assert watch.firing(["thumbnails"]) == {"thumbnails": ()}
    refused = -1000
    (first, *_) = watch.firing(["thumbnails"])["thumbnails"]
    assert first == f"{ERRORS} (cannot be read: ThrottlingException)"


def test_functions_that_are_watched_at_once_are_asked_for_at_once(
    cloudwatch: Answering, alarms: Alarms
) -> None:
    runner = Patient()
    poll = AlarmPoll(AlarmWatch(ENVIRONMENT, cloudwatch.client, runner), runner)
    assert poll.firing("thumbnails") == ()
    assert poll.firing("digest") == ()
    cloudwatch.calls.clear()
    runner.seconds += 15
    alarms.states[ERRORS] = "ALARM"
    assert poll.firing("digest") == ()
    assert poll.firing("thumbnails") == (ERRORS,)
    assert len(cloudwatch.calls) == 1
    runner.seconds += FRESH_SECONDS + 1
    alarms.states[ERRORS] = "OK"
    assert poll.firing("thumbnails") == ()
