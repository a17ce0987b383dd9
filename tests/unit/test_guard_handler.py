"""The release guard from outside: its settings, events, smoke test and drill."""

from __future__ import annotations

import importlib
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import structlog
from function_kit.aws_errors import AwsError
from function_kit.handler import InvalidEvent, SmokeFailed
from function_kit.releases import Lock
from function_kit.settings import ConfigurationError
from pydantic import ValidationError
from release_guard.history import History
from release_guard.patience import RESERVE, Patience

from tests.kit.guard import TABLE, event, released, settings, two_releases
from tests.kit.guard_aws import FUNCTION, NOW, PREFIX, Aws, Config, Function, digest, image, refusal
from tests.kit.invoke import LambdaContext
from tests.kit.program import ROOT

OTHER = "generate-presigned-url"
EVENTS = sorted((ROOT / "images" / "release-guard" / "events").glob("*.json"))
VARIABLES = {
    "ENVIRONMENT": "dev",
    "AWS_REGION": "eu-west-1",
    "FUNCTION_PREFIX": PREFIX,
    "GUARDED_FUNCTIONS": f"{OTHER},{FUNCTION}",
    "RELEASES_TABLE": TABLE,
    "ALARM_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:alarms",
}


@pytest.fixture
def aws() -> Aws:
    """Two functions; the second has two releases."""
    aws = two_releases()
    aws.functions[OTHER] = Function(
        {"1": Config(image("d", OTHER))}, Config(image("d", OTHER)), "1"
    )
    aws.put(released("1", "$LATEST", "d", 50, function=OTHER))
    return aws


@pytest.fixture
def bases() -> dict[str, Any]:
    """Where each service was to be found, as far as that was said."""
    return {}


@pytest.fixture
def handler(aws: Aws, bases: dict[str, Any]) -> Iterator[Any]:
    """The handler, cold."""

    def api(service: str, *, base: str | None = None, timeout: float) -> Any:
        assert 0 < timeout <= 5
        bases[service] = base
        return aws.api(service)

    root = logging.getLogger()
    before = root.handlers[:], root.level
    with (
        mock.patch.dict(os.environ, VARIABLES),
        mock.patch("function_kit.signed_api.SignedApi", api),
        # Releases are as old as the file's tests think, however late these are run.
        mock.patch.dict(History.__init__.__kwdefaults__, {"clock": lambda: NOW}),
    ):
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR", "LOG_LEVEL"):
            os.environ.pop(name, None)
        module = importlib.import_module("release_guard.handler")
        try:
            yield importlib.reload(module).handler
        finally:
            root.handlers[:], root.level = before
            structlog.contextvars.clear_contextvars()


def metrics(output: str) -> dict[str, float]:
    lines = [json.loads(line) for line in output.splitlines() if "_aws" in line]
    return {
        metric["Name"]: line[metric["Name"]]
        for line in lines
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }


def changes(aws: Aws) -> list[str]:
    """What was changed, as a test sees it from outside."""
    return [repr(aws.functions), json.dumps([*aws.items.values()], sort_keys=True)]


def test_an_alarm_rolls_back(handler: Any, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    answer = handler(event(at=NOW), LambdaContext())
    assert answer["action"] == "rolled-back"
    assert aws.functions[FUNCTION].live == "6"
    out = capsys.readouterr().out
    assert metrics(out) == {"RollbacksDone": 1}
    assert '"rolled_back"' in out


def test_one_that_is_left_alone_says_why_in_the_log(
    handler: Any, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    assert handler(event(at=NOW - 9000), LambdaContext())["action"] == "nothing"
    out = capsys.readouterr().out
    assert metrics(out) == {"AlarmsLeftAlone": 1}
    assert "the alarm is older than the release" in out


def test_one_that_cannot_be_done_is_counted(
    handler: Any, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.images.clear()
    assert handler(event(at=NOW), LambdaContext())["action"] == "impossible"
    out = capsys.readouterr().out
    assert metrics(out) == {"RollbacksImpossible": 1}
    assert '"rollback_impossible"' in out


def test_the_lease_outlasts_the_invocation_and_not_much_more(handler: Any, aws: Aws) -> None:
    leases: list[float] = []

    def look(call: Any) -> None:
        lock = aws.lock()
        if call.operation == "TransactWriteItems" and lock:
            leases.append(lock.expires_at - NOW)

    aws.after = look
    handler(event(at=NOW), LambdaContext(seconds=120))
    assert leases == [pytest.approx(120, abs=1)]


def test_the_registry_is_found_under_its_own_name(handler: Any, bases: dict[str, Any]) -> None:
    assert bases == {
        "dynamodb": None,
        "lambda": None,
        "sns": None,
        "ecr": "https://api.ecr.eu-west-1.amazonaws.com",
    }


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_sample_events_change_nothing(handler: Any, aws: Aws, path: Path) -> None:
    sample = json.loads(path.read_text(encoding="utf-8"))
    before = changes(aws)
    answer = handler(sample["event"], LambdaContext())
    assert answer.items() >= sample["expect"].items()
    for function in aws.functions.values():
        function.invoked.clear()
    assert changes(aws) == before


def test_the_smoke_test_tries_every_call_of_a_rollback_but_the_message(
    handler: Any, aws: Aws
) -> None:
    handler({"test": True}, LambdaContext())
    smoked = {call.operation for call in aws.calls}
    aws.calls.clear()
    handler(event(at=NOW), LambdaContext())
    needed = {call.operation for call in aws.calls}
    assert smoked == needed - {"Publish"} | {"Invoke"}
    assert aws.functions[OTHER].invoked == [("live", "DryRun")]


@pytest.mark.parametrize(
    ("operation", "check"),
    [
        ("Query", "history"),
        ("GetItem", "history"),
        ("PutItem", "history"),
        ("TransactWriteItems", "history"),
        ("GetAlias", "functions"),
        ("UpdateAlias", "functions"),
        ("GetFunction", "images"),
        ("UpdateFunctionCode", "functions"),
        ("Invoke", "functions"),
        ("DescribeImages", "images"),
    ],
)
def test_the_smoke_test_misses_a_permission(
    handler: Any, aws: Aws, operation: str, check: str
) -> None:
    def refuse(call: Any) -> None:
        if call.operation == operation:
            raise AwsError("AccessDeniedException", "refused", 403)

    aws.before = refuse
    with pytest.raises(SmokeFailed, match=f"{check} .*AccessDenied"):
        handler({"test": True}, LambdaContext())


def test_the_smoke_test_misses_a_function(handler: Any, aws: Aws) -> None:
    del aws.functions[OTHER]
    with pytest.raises(SmokeFailed, match="functions"):
        handler({"test": True}, LambdaContext())


def test_the_smoke_test_misses_latest(handler: Any, aws: Aws) -> None:
    aws.functions[OTHER].latest = None  # type: ignore[assignment]
    with pytest.raises(SmokeFailed, match=f"looking for {OTHER} failed"):
        handler({"test": True}, LambdaContext())


@pytest.mark.parametrize(
    ("operation", "refused"), [("UpdateAlias", 404), ("UpdateFunctionCode", 400)]
)
def test_a_change_that_is_refused_for_another_reason_fails_the_smoke_test(
    handler: Any, aws: Aws, operation: str, refused: int
) -> None:
    def refuse(call: Any) -> None:
        if call.operation == operation:
            raise AwsError("InvalidParameterValueException", "refused", refused)

    aws.before = refuse
    with pytest.raises(SmokeFailed, match="InvalidParameterValue"):
        handler({"test": True}, LambdaContext())


@pytest.mark.parametrize("operation", ["UpdateAlias", "UpdateFunctionCode", "Invoke"])
def test_a_function_that_is_being_released_is_no_obstacle_to_the_smoke_test(
    handler: Any, aws: Aws, operation: str
) -> None:
    """A bootstrap releases all functions at once."""
    aws.refused[operation] = refusal(409, "ResourceConflictException")
    assert handler({"test": True}, LambdaContext())["checks"]["functions"] == "ok"


def test_an_image_that_was_set_by_tag_is_no_obstacle_to_the_smoke_test(
    handler: Any, aws: Aws
) -> None:
    aws.functions[OTHER].latest = Config(image("d", OTHER).partition("@")[0] + ":" + "e" * 40)
    assert handler({"test": True}, LambdaContext())["checks"]["images"] == "ok"


def test_the_smoke_test_misses_a_repository(handler: Any, aws: Aws) -> None:
    aws.missing_repositories.add(f"lambda-fleet/{OTHER}")
    with pytest.raises(SmokeFailed, match="RepositoryNotFound"):
        handler({"test": True}, LambdaContext())


def drill(handler: Any, aws: Aws, function: str = FUNCTION) -> str:
    """Drill, see that nothing changed and the topic heard of it; return what it said."""
    before = changes(aws)
    answer = handler({"drill": function}, LambdaContext())
    assert changes(aws) == before
    (message,) = aws.messages
    assert message["Subject"] == f"[{PREFIX}] drill: {function}"
    assert answer["reason"] in message["Message"]
    assert answer["action"] == "drill"
    reason: str = answer["reason"]
    return reason


def test_a_drill_says_where_it_would_go(handler: Any, aws: Aws) -> None:
    assert drill(handler, aws) == "live would go back to version 6"


def test_a_drill_says_why_nothing_would_be_done(handler: Any, aws: Aws) -> None:
    aws.put(Lock(FUNCTION, "run", "deploy", "ann", "08:00", NOW + 86_400, 4))
    assert drill(handler, aws) == "nothing would be done: ann is at work on it since 08:00"


def test_a_drill_says_what_would_be_impossible(handler: Any, aws: Aws) -> None:
    aws.images.remove(digest("a"))
    assert "it could not be rolled back: the image of version 6" in drill(handler, aws)


def test_a_drill_fails_when_the_topic_cannot_be_told(handler: Any, aws: Aws) -> None:
    aws.refused["Publish"] = refusal(403, "AuthorizationError")
    with pytest.raises(AwsError, match="AuthorizationError"):
        handler({"drill": FUNCTION}, LambdaContext())


@pytest.mark.parametrize("function", ["release-guard", "unknown", None, ["x"]])
def test_a_drill_is_for_guarded_functions_alone(handler: Any, function: Any) -> None:
    with pytest.raises(InvalidEvent):
        handler({"drill": function}, LambdaContext())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FUNCTION_PREFIX", ""),
        ("FUNCTION_PREFIX", "lambda-fleet-"),
        ("GUARDED_FUNCTIONS", ""),
        ("GUARDED_FUNCTIONS", "scheduled-digest,release-guard"),
        ("GUARDED_FUNCTIONS", "Not A Name"),
        ("RELEASES_TABLE", ""),
        ("ALARM_TOPIC_ARN", "alarms"),
        ("GUARD_WINDOW_SECONDS", "59"),
        ("GUARD_WINDOW_SECONDS", "soon"),
    ],
)
def test_a_bad_variable_fails_the_start_and_is_named(handler: Any, name: str, value: str) -> None:
    with mock.patch.dict(os.environ, {name: value}), pytest.raises(ConfigurationError, match=name):
        importlib.reload(importlib.import_module("release_guard.handler"))


def test_the_window_is_half_an_hour_unless_set() -> None:
    assert settings().guard_window_seconds == 1800
    assert settings(guarded_functions=" a , b-c ").guarded_functions == ("a", "b-c")
    with pytest.raises(ValidationError):
        settings(guard_window_seconds=86_401)


def test_patience_ends_before_the_invocation_does() -> None:
    patience = Patience.of(LambdaContext(seconds=RESERVE - 1))
    assert list(patience.attempts()) == [0]
    assert patience.lease == RESERVE
