"""The gateway's logs: three kinds of events by name, copies to a file and to syslog, no secrets."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from function_kit.logging import get_logger
from lambda_action import aaa, logs
from lambda_action.settings import GatewaySettings

KEY = "k" * 64


def settings(**changes: Any) -> GatewaySettings:
    given = {"environment": "local", "module_secret_key": KEY, "database_url": "postgresql://x"}
    return GatewaySettings.model_validate(given | changes)


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    logs.configure("test", settings())
    structlog.reset_defaults()
    root.handlers[:], root.level = before


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_kind_of_event_has_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("lambda-action", settings(log_level="DEBUG"))
    aaa.authentication("ada", method="secret", ok=True)
    aaa.authentication("", method="token", ok=False, reason="Token expired")
    aaa.authorization("ada", function="payroll", ok=False)
    aaa.audited(3)
    aaa.audited(0, lost=2)
    found = [(line["event"], line["level"]) for line in lines(capsys.readouterr().out)]
    assert found == [
        ("authentication", "info"),
        ("authentication", "warning"),
        ("authorization", "warning"),
        ("audit", "debug"),
        ("audit", "error"),
    ]


def test_a_file_has_what_standard_output_has_and_one_for_each_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gateway.log"
    logs.configure("lambda-action", settings(log_file=str(file)), 1)
    get_logger().info("hello", module_secret_key=KEY)
    written = (tmp_path / "gateway-1.log").read_text()
    assert lines(written) == lines(capsys.readouterr().out)
    assert lines(written)[0]["event"] == "hello"
    assert KEY not in written


def test_a_file_turns_over_at_ten_megabytes_and_five_are_kept(tmp_path: Path) -> None:
    logs.configure("lambda-action", settings(log_file=str(tmp_path / "gateway.log")))
    copies = logging.getLogger("lambda_action.copies")  # past redaction, which takes its time
    for _ in range(75):
        copies.info("x" * 1_000_000)
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == ["gateway.log", *(f"gateway.log.{n}" for n in range(1, 6))]
    assert all(path.stat().st_size <= 10 * 1024 * 1024 for path in tmp_path.iterdir())


def test_syslog_has_it_too() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        port = receiver.getsockname()[1]
        logs.configure("lambda-action", settings(syslog=f"127.0.0.1:{port}"))
        aaa.authentication("eve", method="secret", ok=False)
        message = receiver.recv(4096).decode()
    assert message.startswith("<")  # a priority
    assert '"event": "authentication"' in message


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"module_secret_key": "short"}, "64"),
        ({"database_url": None}, "DATABASE_URL"),
        ({"syslog": "nowhere"}, "syslog"),
        ({"max_concurrent_requests": 0}, "max_concurrent_requests"),
        ({"lambda_function_prefix": "a/b"}, "lambda_function_prefix"),
        ({"audit": "perhaps"}, "audit"),
    ],
)
def test_settings_that_cannot_be_are_said(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], says: str
) -> None:
    for name in ("DB_SECRET_ARN", "DB_ENDPOINT"):  # of tests with a database
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match=says):
        settings(**changes)
