from __future__ import annotations

import json
import logging as standard
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from function_kit import http_api, redaction, secret_stores
from function_kit.handler import InvalidEvent, InvocationFailed, SmokeFailed, lambda_handler
from function_kit.logging import get_logger
from function_kit.metrics import Metrics
from function_kit.secrets import Secret
from function_kit.settings import ConfigurationError, Settings

from tests.kit.invoke import LambdaContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Example(Settings):
    key: Secret


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ENVIRONMENT", "dev")
    monkeypatch.setenv("KEY", "value-of-the-key")
    monkeypatch.setenv("LOG_LEVEL", "INFO")
    monkeypatch.setattr(redaction, "_known", set())
    root = standard.getLogger()
    before = root.handlers[:], root.level
    yield
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()
    root.handlers[:], root.level = before


def make(
    body: Callable[[dict[str, Any], Any, Example], dict[str, Any]],
    **checks: Callable[[], None],
) -> Callable[[Any, Any], dict[str, Any]]:
    return lambda_handler(service="example", settings=Example, checks=lambda _: checks)(body)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_function_gets_event_context_and_settings(capsys: pytest.CaptureFixture[str]) -> None:
    def body(event: dict[str, Any], context: Any, settings: Example) -> dict[str, Any]:
        """What it does."""
        get_logger().info("working")
        return {"event": event, "name": context.function_name, "key": settings.key.get()}

    handler = make(body)
    context = LambdaContext(function_name="fn")
    assert handler({"a": 1}, context) == {
        "event": {"a": 1},
        "name": "fn",
        "key": "value-of-the-key",
    }
    (line,) = lines(capsys)
    assert (
        line.items()
        >= {
            "event": "working",
            "service": "example",
            "aws_request_id": context.aws_request_id,
            "function_version": "7",
        }.items()
    )
    assert handler.__doc__ == "What it does."


def test_a_bad_variable_fails_when_the_function_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KEY")
    with pytest.raises(ConfigurationError, match="KEY is not set"):
        make(lambda *_: {})


def test_clients_for_secrets_are_made_with_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: list[str] = []
    monkeypatch.setenv("KEY", "ssm:/app/key")
    monkeypatch.setattr(secret_stores, "prepare", prepared.append)
    make(lambda *_: {})
    assert prepared == ["ssm"]


def test_a_smoke_test_runs_every_check_and_not_the_function() -> None:
    ran: list[str] = []
    handler = make(
        lambda *_: pytest.fail("the function was run"),
        bucket=lambda: ran.append("bucket"),
        table=lambda: ran.append("table"),
    )
    assert handler({"test": True}, LambdaContext(function_name="fn")) == {
        "statusCode": 200,
        "checks": {"bucket": "ok", "table": "ok"},
        "function": "fn",
        "version": "7",
    }
    assert ran == ["bucket", "table"]


@pytest.mark.parametrize("event", [{"test": "true"}, {"test": 1}, {"test": False}, {"tests": True}])
def test_only_a_true_test_is_one(event: dict[str, Any]) -> None:
    assert make(lambda *_: {"ran": True})(event, LambdaContext()) == {"ran": True}


def test_a_failed_smoke_test_names_each_check_without_secrets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ran: list[str] = []

    def database() -> None:
        raise ConnectionError("postgresql://app:hunter2hunter2@db refused")

    def table() -> None:
        raise KeyError("gone")

    handler = make(lambda *_: {}, database=database, bucket=lambda: ran.append("b"), table=table)
    with pytest.raises(SmokeFailed) as raised:
        handler({"test": True}, LambdaContext())
    message = str(raised.value)
    assert "database (ConnectionError: postgresql://app:[REDACTED]@db refused)" in message
    assert "table (KeyError: 'gone')" in message
    assert "bucket" not in message
    assert ran == ["b"]
    assert "hunter2" not in capsys.readouterr().out


def test_an_error_is_logged_and_raised_again_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    class OwnError(Exception):
        pass

    original = OwnError("the backend is away")

    def body(*_: Any) -> dict[str, Any]:
        raise original

    with pytest.raises(OwnError) as raised:
        make(body)({}, LambdaContext())
    assert raised.value is original
    (line,) = lines(capsys)
    assert (line["event"], line["level"]) == ("invocation_failed", "error")
    assert "OwnError: the backend is away" in line["exception"]


def test_an_error_that_holds_a_secret_is_raised_without_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def body(_event: dict[str, Any], _context: Any, settings: Example) -> dict[str, Any]:
        raise RuntimeError(f"refused {settings.key.get()}")

    with pytest.raises(InvocationFailed) as raised:
        make(body)({}, LambdaContext())
    assert str(raised.value) == "RuntimeError: refused [REDACTED]"
    assert raised.value.__suppress_context__
    assert "value-of-the-key" not in capsys.readouterr().out


@pytest.mark.parametrize("event", [[1], "text", None, 5])
def test_an_event_that_is_no_object_is_said(event: Any) -> None:
    with pytest.raises(InvalidEvent, match="must be a JSON object, not"):
        make(lambda *_: {})(event, LambdaContext())


def test_metrics_are_written_after_success_and_after_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    collection = Metrics("LambdaFleet", "example", "dev")

    def body(event: dict[str, Any], *_: Any) -> dict[str, Any]:
        collection.add("Seen", 1)
        return {"n": 1 / event["by"]}

    handler = make(body)
    handler({"by": 1}, LambdaContext())
    assert [line["Seen"] for line in lines(capsys) if "_aws" in line] == [1]
    with pytest.raises(ZeroDivisionError):
        handler({"by": 0}, LambdaContext())
    assert [line["Seen"] for line in lines(capsys) if "_aws" in line] == [1]


def test_an_http_function_answers_errors_in_place_of_raising_them() -> None:
    def body(*_: Any) -> dict[str, Any]:
        raise RuntimeError("inner workings")

    answer = make(http_api.http_api(body))({}, LambdaContext(aws_request_id="r1"))
    assert answer["statusCode"] == 500
    assert "inner workings" not in answer["body"]
    assert json.loads(answer["body"])["request_id"] == "r1"
