"""The release guard with an AWS in memory: the situation that most tests begin with, and events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from function_kit.metrics import Metrics
from function_kit.releases import Release
from release_guard import alarm
from release_guard.functions import Functions
from release_guard.guard import Guard, Result
from release_guard.history import History
from release_guard.images import Images
from release_guard.notice import Topic
from release_guard.patience import Patience
from release_guard.services import Services
from release_guard.settings import GuardSettings

from tests.kit.guard_aws import FUNCTION, NOW, PREFIX, Aws, Config, Function, digest, image

TABLE = f"{PREFIX}-releases"


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def released(version: str, before: str, mark: str, ago: float, **changes: Any) -> Release:
    """A good release, so many seconds ago."""
    finished = NOW - ago
    values: dict[str, Any] = {
        "function": FUNCTION,
        "release_id": f"{iso(finished - 60).replace('-', '').replace(':', '')}-{version}",
        "kind": "deploy",
        "state": "succeeded",
        "tag": mark * 40,
        "digest": digest(mark),
        "previous_version": before,
        "previous_digest": digest("0"),
        "actor": "somebody",
        "started_at": iso(finished - 60),
        "version": version,
        "passed": True,
        "finished_at": iso(finished),
        "run_id": f"run-{version}",
        "token": 1,
    }
    return Release(**values | changes)


def two_releases() -> Aws:
    """Version 6 was released a day ago, version 7 five minutes ago, and 7 is live."""
    aws = Aws()
    aws.functions[FUNCTION] = Function({"6": Config(image("a")), "7": Config(image("b"))})
    aws.put(released("6", "$LATEST", "a", 86_400), released("7", "6", "b", 300))
    return aws


def settings(**changes: Any) -> GuardSettings:
    values = {
        "environment": "dev",
        "function_prefix": PREFIX,
        "guarded_functions": f"generate-presigned-url,{FUNCTION}",
        "releases_table": TABLE,
        "alarm_topic_arn": "arn:aws:sns:us-east-1:123456789012:alarms",
    }
    return GuardSettings(**values | changes)


def event(
    name: str = f"{PREFIX}-{FUNCTION}-errors",
    *,
    at: float = NOW,
    value: str = "ALARM",
    **parts: Any,
) -> dict[str, Any]:
    """What EventBridge sends when an alarm changes its state."""
    stamp = iso(at).replace("+00:00", "+0000")
    reason = "Threshold Crossed: 1 datapoint [3.0] was greater than or equal to the threshold."
    return {
        "version": "0",
        "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": "123456789012",
        "time": stamp,
        "region": "us-east-1",
        "resources": [f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}"],
        "detail": {
            "alarmName": name,
            "configuration": {"metrics": []},
            "previousState": {"value": "OK", "timestamp": stamp},
            "state": {"value": value, "timestamp": stamp, "reason": reason},
        },
    } | parts


def services(aws: Aws, **changes: Any) -> Services:
    made = settings(**changes)
    return Services(
        settings=made,
        history=History(aws.api("dynamodb"), made.releases_table, clock=aws.clock.now),
        functions=Functions(aws.api("lambda"), made.function_prefix),
        images=Images(aws.api("ecr")),
        topic=Topic(aws.api("sns"), made.alarm_topic_arn),
        metrics=Metrics("LambdaFleet", "release-guard", "dev"),
    )


def guard(aws: Aws, seconds: float = 100, **changes: Any) -> Guard:
    """An invocation with so much time."""
    patience = Patience(seconds, sleep=aws.clock.sleep, clock=aws.clock.now)
    return Guard(services(aws, **changes), patience)


def deliver(aws: Aws, given: dict[str, Any] | None = None, **changes: Any) -> Result:
    """Invoke the guard with an event, by default with the alarm of the function."""
    aws.dead = False
    return guard(aws, **changes).handle(alarm.parse(given or event()))
