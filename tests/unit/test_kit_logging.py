from __future__ import annotations

import json
import logging as standard
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
import structlog
from function_kit import logging, redaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
ACCESS_KEY = "AKIA" + "IOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY"
SLACK = "https://hooks.slack.com/services/" + "T0000/B0000/XXXXXXXX"
DISCORD = "https://discord.com/api/webhooks/" + "123/abcdef"
PRESIGNED = "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=A&X-Amz-Signature=" + "0" * 64
SECRETS = {
    "jwt": JWT,
    "access key": ACCESS_KEY,
    "secret key": SECRET_KEY,
    "slack": SLACK,
    "discord": DISCORD,
    "presigned": PRESIGNED,
    "presigned, version 2": "https://b.s3.amazonaws.com/k?AWSAccessKeyId=x&Signature=abc%3D",
    "supabase": "sb_secret_" + "N7UND0UgjKTVK",
    "github": "ghp_" + "a1" * 18,
    "slack token": "xoxb-" + "1234567890-abc",
    "email": "jane.doe@example.com",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----",
}


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    root = standard.getLogger()
    before = root.handlers[:], root.level
    logging.configure(service="example", level="DEBUG")
    yield
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()
    root.handlers[:], root.level = before


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def context(number: int = 1) -> Any:
    return SimpleNamespace(
        aws_request_id=f"request-{number}", function_name="fn", function_version="3"
    )


def test_a_line_is_json_with_time_level_event_and_service(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = datetime.now(UTC)
    logging.get_logger().info("sent", count=2, ratio=0.5, ok=True, none=None, word="ü")
    (line,) = logged(capsys)
    assert before <= datetime.fromisoformat(line.pop("timestamp")) <= datetime.now(UTC)
    assert line == {
        "level": "info",
        "event": "sent",
        "service": "example",
        "count": 2,
        "ratio": 0.5,
        "ok": True,
        "none": None,
        "word": "ü",
    }


def test_levels_below_the_configured_one_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logging.configure(service="example", level="warning")
    log = logging.get_logger()
    log.info("no")
    log.warning("yes")
    assert [line["event"] for line in logged(capsys)] == ["yes"]


def test_a_logger_made_before_configure_follows_it(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.reset_defaults()
    log = logging.get_logger()
    logging.configure(service="later")
    log.info("x")
    assert logged(capsys)[0]["service"] == "later"


def test_lines_go_to_the_standard_output_of_the_moment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As with the runtime client, whose standard output makes a record of each write.
    stdout = Mock()
    log = logging.get_logger()
    monkeypatch.setattr(sys, "stdout", stdout)
    log.info("x")
    (written,) = (call.args[0] for call in stdout.write.call_args_list)
    assert written.endswith("}\n")
    assert capsys.readouterr().out == ""


def test_an_invocation_is_on_every_line_and_only_the_first_is_cold(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "_cold_start", True)
    log = logging.get_logger()
    for number in (1, 1, 2):
        logging.bind_invocation(context(number))
        log.info("x", function_name="fn")
    first, second, third = logged(capsys)
    assert (
        first.items()
        >= {
            "aws_request_id": "request-1",
            "function_name": "fn",
            "function_version": "3",
            "cold_start": True,
        }.items()
    )
    assert (second["cold_start"], third["cold_start"]) == (False, False)
    assert third["aws_request_id"] == "request-2"


def test_what_was_bound_in_one_invocation_is_gone_in_the_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logging.bind_invocation(context(1))
    structlog.contextvars.bind_contextvars(monitor="m1")
    logging.bind_invocation(context(2))
    logging.get_logger().info("x")
    assert "monitor" not in logged(capsys)[0]


def raised(text: str) -> None:
    nothing: dict[str, str] = {}
    try:
        nothing[text]
    except KeyError:
        logging.get_logger().exception("failed")


def chained(text: str) -> None:
    try:
        try:
            int(text)
        except ValueError as error:
            raise RuntimeError("outer") from error
    except RuntimeError:
        logging.get_logger().exception("failed")


PLACES = {
    "event": lambda text: logging.get_logger().info(text),
    "value": lambda text: logging.get_logger().info("x", note=text),
    "nested": lambda text: logging.get_logger().info("x", note={"a": [{"b": (text,)}]}),
    "list": lambda text: logging.get_logger().info("x", note=[text, {text}]),
    "object": lambda text: logging.get_logger().info("x", note=SimpleNamespace(inner=text)),
    "exception": raised,
    "cause": chained,
    "library": lambda text: standard.getLogger("library").warning("%s", text),
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
@pytest.mark.parametrize("write", PLACES.values(), ids=PLACES.keys())
def test_a_secret_is_in_no_line_wherever_it_stands(
    capsys: pytest.CaptureFixture[str], secret: str, write: Callable[[str], None]
) -> None:
    write(f"before {secret} after")
    out = capsys.readouterr().out
    for form in (secret, json.dumps(secret)[1:-1], secret.replace("\n", "\\\\n")):
        assert form not in out
    assert redaction.REDACTED in out
    assert out.count("\n") == 1


@pytest.mark.parametrize(
    "key",
    [
        "authorization", "Authorization", "apikey", "api_key", "x-api-key", "token", "access_token",
        "secret", "client-secret", "password", "passwd", "cookie", "Set-Cookie", "webhook_url",
        "presigned_url", "service_role_key", "SUPABASE_SERVICE_ROLE_KEY", "email", "recipientEmail",
        "patient", "patient_id", "patientName", "credentials", "signature", "private_key", "DB_DSN",
    ],
)  # fmt: skip
def test_a_key_that_names_a_secret_hides_its_value(
    capsys: pytest.CaptureFixture[str], key: str
) -> None:
    logging.get_logger().info("x", **{key: "plain-words"}, nested={"deep": [{key: {"a": 4711}}]})
    out = capsys.readouterr().out
    assert "plain-words" not in out
    assert "4711" not in out
    assert out.count(redaction.REDACTED) == 2


def test_whether_a_secret_is_there_may_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    logging.get_logger().info("x", token=None, password=True)
    line = logged(capsys)[0]
    assert (line["token"], line["password"]) == (None, True)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Authorization: Bearer abc.def-ghi123", "Authorization: "),
        ("header 'Authorization': 'Basic dXNlcjpwYXNz'", "header"),
        ("postgresql://app:hunter2hunter2@db:5432/x", "postgresql://app:[REDACTED]@db:5432/x"),
        ("password=hunter2hunter2 host=db", "host=db"),
        ('{"api_key": "hunter2hunter2", "n": 1}', '"n": 1}'),
        ("GET /x?X-Amz-Credential=hunter2hunter2&n=1", "&n=1"),
    ],
)
def test_text_keeps_what_is_around_a_secret(text: str, kept: str) -> None:
    redacted = redaction.redact_text(text)
    assert kept in redacted
    for secret in ("hunter2", "abc.def", "dXNlcjpwYXNz"):
        assert secret not in redacted


@pytest.mark.parametrize(
    "text",
    [
        "90574fd90574fd90574fd90574fd90574fd90574",
        "arn:aws:lambda:us-east-1:000000000000:function:lambda-fleet-local-x:live",
        "2f1c7e62-8d5e-4f0b-9d3a-0a4f8a7c1b2e",
        "sha256:" + "0a1b" * 16,
        "https://api.example.com/rest/v1/monitors?select=id&order=id.asc",
        "images/generate-presigned-url/src/generate_presigned_url/handler.py",
        "the token was refused",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redaction.redact_text(text) == text


def test_a_registered_value_is_hidden_though_it_looks_like_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redaction, "_known", set())
    redaction.register("plain horse staple")
    redaction.register("ab")
    logging.get_logger().info("a plain horse staple, about abc")
    assert logged(capsys)[0]["event"] == f"a {redaction.REDACTED}, about abc"


def test_the_functions_own_credentials_are_hidden(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redaction, "_known", set())
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a session token")
    logging.configure(service="example")
    logging.get_logger().info("it is: a session token")
    assert "a session token" not in capsys.readouterr().out


def test_bytes_and_endless_nesting_are_cut_short(capsys: pytest.CaptureFixture[str]) -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    logging.get_logger().info("x", data=b"12345", endless=endless)
    line = logged(capsys)[0]
    assert line["data"] == "<5 bytes>"
    assert "[TOO DEEP]" in json.dumps(line["endless"])


def test_libraries_come_out_in_the_same_form_from_warnings_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    library = standard.getLogger("some.library")
    library.info("left out: it may hold a URL")
    library.warning("slow: %s s", 3)
    (line,) = logged(capsys)
    assert (
        line.items()
        >= {
            "event": "slow: 3 s",
            "level": "warning",
            "logger": "some.library",
        }.items()
    )


def test_a_librarys_broken_line_is_written_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    (handler,) = (h for h in standard.getLogger().handlers if isinstance(h, logging._ToStructlog))
    record = standard.LogRecord("library", standard.ERROR, "x.py", 1, "%s and %s", (1,), None)
    handler.handle(record)
    assert logged(capsys)[0]["event"] == "%s and %s"
