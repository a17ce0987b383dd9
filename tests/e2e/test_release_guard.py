"""The release guard on the local stack: from an alarm to traffic that is well again."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fleet.docker import drop_containers
from fleet.release.told import ALIAS, LATEST

from tests.e2e.conftest import Stack
from tests.kit import commits
from tests.kit.alarms import Alarms, timestamp
from tests.kit.program import fleet

FUNCTION, GUARD = commits.FUNCTION, "release-guard"
# Answers its smoke event, and nothing else.
FAILS_IN_TRAFFIC = """

_good = handler


def handler(event, context):
    if event.get("test") is True:
        return _good(event, context)
    raise RuntimeError("fails in traffic on purpose")
"""
pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def bad(stack: Stack) -> str:
    """The tag of a commit that passes its smoke event and fails in traffic."""
    return commits.pushed(stack.place, FAILS_IN_TRAFFIC)


@pytest.fixture(scope="module")
def alarms(stack: Stack) -> Alarms:
    return Alarms(stack.environment, stack.place.terraform.outputs()["release_guard"]["rule"])


@pytest.fixture
def messages(stack: Stack) -> Iterator[Any]:
    """What the alarms' topic sends from now on, by subject."""
    sqs, sns = stack.client("sqs"), stack.client("sns")
    topic = stack.place.terraform.outputs()["alarm_topic_arn"]
    queue = f"test-{secrets.token_hex(4)}"
    arn = f"{topic.replace(':sns:', ':sqs:').rpartition(':')[0]}:{queue}"
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    url = sqs.create_queue(QueueName=queue, Attributes={"Policy": policy})["QueueUrl"]
    subscribed = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]

    def received() -> dict[str, str]:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2)
        bodies = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        return {body["Subject"]: body["Message"] for body in bodies}

    yield received
    sns.unsubscribe(SubscriptionArn=subscribed)
    sqs.delete_queue(QueueUrl=url)


def release(stack: Stack, alarms: Alarms, tag: str) -> None:
    """Release a tag. The local AWS lets every error alarm go off for any function's errors."""
    alarms.set(error_alarm(stack), "OK")
    ended = fleet("release", "--function", FUNCTION, "--tag", tag)
    assert ended.code == 0, ended.err


def ask_guard(stack: Stack, event: dict[str, Any]) -> dict[str, Any]:
    """Invoke the guard as the rule does, and wait for its answer."""
    answer = stack.place.control(GUARD).invoke(ALIAS, event)
    assert answer.function_error is None, answer.payload
    payload: dict[str, Any] = answer.payload
    return payload


def is_well(stack: Stack) -> bool:
    """Whether callers get what they ask for."""
    sample = stack.place.project.event(FUNCTION, "direct")
    return stack.place.control(FUNCTION).invoke(ALIAS, sample.event).function_error is None


def until_well(stack: Stack) -> None:
    deadline = time.monotonic() + 60
    while not is_well(stack):
        assert time.monotonic() < deadline, "the guard did not bring traffic back"
        time.sleep(0.05)


def write_down(stack: Stack, start: str, seconds: float) -> None:
    """Add a figure to build/recovery.json: from the alarm to traffic that is well again."""
    path = stack.place.project.reports / "recovery.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    figures = known | {f"alarm_to_well_seconds_{start}_guard": round(seconds, 2)}
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def error_alarm(stack: Stack, function: str = FUNCTION) -> str:
    return f"{stack.environment.function_name(function)}-errors"


@pytest.fixture
def bad_release(stack: Stack, bad: str, alarms: Alarms) -> Iterator[str]:
    """A good version, then a bad one; the number of the good one."""
    release(stack, alarms, stack.tag)
    good = stack.place.control(FUNCTION).alias().version
    release(stack, alarms, bad)
    yield good
    release(stack, alarms, stack.tag)


@pytest.mark.parametrize("start", ["cold", "warm"])
def test_an_error_alarm_after_a_release_brings_the_release_before_back(
    stack: Stack,
    bad_release: str,
    alarms: Alarms,
    messages: Any,
    start: str,
) -> None:
    control, guard = stack.place.control(FUNCTION), stack.place.control(GUARD)
    assert not is_well(stack)
    if start == "cold":
        drop_containers(guard.version(guard.alias().version).image, stack.place.environment.network)
    else:
        ask_guard(stack, {"test": True})
    began = time.monotonic()
    alarms.deliver(alarms.set(error_alarm(stack)))
    until_well(stack)
    write_down(stack, start, time.monotonic() - began)
    assert (control.alias().version, control.alias().weights) == (bad_release, {})

    newest = until_recorded(stack)
    assert (newest.kind, newest.state, newest.actor) == ("rollback", "succeeded", GUARD)
    digest = stack.place.registry.image(FUNCTION, stack.tag).digest
    assert (newest.version, newest.digest) == (bad_release, digest)
    assert error_alarm(stack) in newest.reason
    assert control.version(LATEST).image == control.version(bad_release).image
    said = messages()[f"[lambda-fleet-local] {FUNCTION} rolled back to version {bad_release}"]
    assert newest.reason in said
    (row,) = fleet("status", "--function", FUNCTION, "--json").json
    assert row["latest_differs"] is False

    again = ask_guard(stack, alarms.set(error_alarm(stack)))
    assert again["action"] == "nothing"
    assert "nothing was released since" in again["reason"]
    assert control.alias().version == bad_release


def until_recorded(stack: Stack) -> Any:
    """The newest release of the history, once it is closed."""
    deadline = time.monotonic() + 60
    while (newest := stack.place.history.of(FUNCTION, limit=1)[0]).state == "started":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return newest


def test_an_alarm_of_before_the_release_changes_nothing(
    stack: Stack, bad_release: str, alarms: Alarms
) -> None:
    live = stack.place.control(FUNCTION).alias()
    assert live.version != bad_release
    event = alarms.set(error_alarm(stack))
    event["detail"]["state"]["timestamp"] = timestamp(datetime.now(UTC) - timedelta(minutes=5))
    answer = ask_guard(stack, event)
    assert answer["action"] == "nothing"
    assert "older than the release" in answer["reason"]
    assert stack.place.control(FUNCTION).alias() == live


def test_a_drill_names_the_version_it_would_go_back_to(
    stack: Stack, bad_release: str, messages: Any
) -> None:
    answer = ask_guard(stack, {"drill": FUNCTION})
    assert answer["to_version"] == bad_release
    assert list(messages()) == [f"[lambda-fleet-local] drill: {FUNCTION}"]


def test_the_rule_is_of_error_alarms_that_go_off_and_of_nothing_else(
    stack: Stack, alarms: Alarms
) -> None:
    prefix = stack.environment.function_name("")
    for function in stack.place.project.functions:
        event = alarms.set(error_alarm(stack, function))
        assert alarms.matches(event) is (function != GUARD)
        assert not alarms.matches(alarms.set(error_alarm(stack, function), "OK"))
        assert not alarms.matches(alarms.set(f"{prefix}{function}-duration"))
        alarms.set(f"{prefix}{function}-duration", "OK")
    assert not alarms.matches(alarms.set(f"{prefix}digest-failed"))
    alarms.set(f"{prefix}digest-failed", "OK")


def test_the_rule_starts_live_and_may_start_nothing_else(stack: Stack, alarms: Alarms) -> None:
    name, client = stack.environment.function_name(GUARD), stack.client("lambda")
    (target,) = alarms.targets()
    assert target.endswith(f":function:{name}:{ALIAS}")
    policy = json.loads(client.get_policy(FunctionName=name, Qualifier=ALIAS)["Policy"])
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"]["ArnLike"]["AWS:SourceArn"].endswith(f":rule/{alarms.rule}")
    # The local AWS shows the alias's policy for the function, too.
    assert statement["Resource"] == target
