"""`fleet gateway`: what it asks of the function, what it shows once, and when it refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fleet.cli import app
from fleet.commands.options import Workplace
from fleet.console import console
from fleet.errors import ExitCode, FleetError
from fleet.release.told import Answer
from function_kit import passwords
from typer.testing import CliRunner, Result

CLIENT = {
    "client_id": "shop", "prefixes": ["waddlebot-shop-"], "rate": 5.0,
    "created_at": "2026-11-01T08:00:00+00:00", "rotated_at": None, "revoked_at": None,
    "previous_until": None,
}  # fmt: skip
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:key-AbCdEf"


class Missing(Exception):  # noqa: N818 - a stand-in
    """What Secrets Manager says of a secret without a value."""


class Place:
    """An environment: the function, Terraform's outputs and Secrets Manager."""

    def __init__(self) -> None:
        self.answer = Answer({"clients": [CLIENT]}, None, 1.0)
        self.events: list[Any] = []
        self.value: str | None = None
        self.changed = datetime.now(UTC) - timedelta(days=1)
        self.terraform = self.environment = self
        self.exceptions = type("Exceptions", (), {"ResourceNotFoundException": Missing})

    def control(self, function: str) -> Place:
        assert function == "lambda-action"
        return self

    def invoke(self, qualifier: str, event: Any) -> Answer:
        assert qualifier == "live"
        self.events.append(event)
        return self.answer

    def outputs(self) -> dict[str, Any]:
        return {"invoke_gateway": {"signing_key_secret_arn": SECRET, "token_seconds": 3600}}

    def client(self, service: str) -> Place:
        assert service == "secretsmanager"
        return self

    def get_secret_value(self, **given: Any) -> dict[str, Any]:
        assert given == {"SecretId": SECRET}
        if self.value is None:
            raise Missing
        return {"SecretString": self.value, "CreatedDate": self.changed}

    def put_secret_value(self, **given: Any) -> None:
        self.value = given["SecretString"]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place()
    monkeypatch.setattr(Workplace, "of", lambda env: made)
    monkeypatch.setattr(console, "width", 200)  # whatever the first test's terminal was
    return made


def gateway(*arguments: str) -> Result:
    ended = CliRunner().invoke(app, ["gateway", *arguments])
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended


def test_a_secret_is_shown_once_and_sent_as_its_hash(place: Place) -> None:
    ended = gateway("client", "add", "shop", "--prefix", "waddlebot-shop-", "--rate", "5", "--json")
    shown = json.loads(ended.stdout)
    (event,) = place.events
    assert passwords.matches(shown["client_secret"], event.pop("secret_hash"))
    assert event == {
        "gateway": "client.add", "client_id": "shop", "prefixes": ["waddlebot-shop-"], "rate": 5.0,
    }  # fmt: skip
    assert len(shown["client_secret"]) >= 43
    assert shown["client_secret"] not in json.dumps(place.events)


def test_without_json_a_person_is_told_to_keep_it(place: Place) -> None:
    ended = gateway("client", "add", "shop")
    assert "client_secret: " in ended.stderr
    assert "Keep it now" in ended.stderr
    assert ended.stdout == ""
    assert place.events[0]["prefixes"] == []


@pytest.mark.parametrize(("keep", "seconds"), [("24h", 86_400), ("0s", 0), ("7d", 604_800)])
def test_a_new_secret_leaves_time_to_change_over(place: Place, keep: str, seconds: int) -> None:
    gateway("client", "rotate", "shop", "--keep", keep)
    assert place.events[0]["keep_seconds"] == seconds


@pytest.mark.parametrize("keep", ["", "1", "32d", "-1h", "1 h", "1w", "99999999d"])
def test_a_time_that_is_none_changes_nothing(place: Place, keep: str) -> None:
    with pytest.raises(FleetError, match="no time") as found:
        gateway("client", "rotate", "shop", f"--keep={keep}")
    assert found.value.code == ExitCode.USAGE
    assert place.events == []


def test_clients_are_listed_with_what_they_may_do(place: Place) -> None:
    gone = CLIENT | {"client_id": "gone", "revoked_at": "2026-11-20T08:00:00+00:00"}
    half = CLIENT | {
        "client_id": "half", "prefixes": [], "rate": 0.0,
        "rotated_at": "2026-11-22T08:00:00+00:00", "previous_until": "2026-11-23T08:00:00+00:00",
    }  # fmt: skip
    place.answer = Answer({"clients": [CLIENT, gone, half]}, None, 1.0)
    shown = gateway("client", "list").stderr
    assert "waddlebot-shop-*" in shown
    assert "5/s" in shown
    assert "revoked 2026-11-20" in shown
    assert "the one before, 2026-11-23T08:00" in shown


def test_a_revoked_client_is_said(place: Place) -> None:
    assert "shop is revoked" in gateway("client", "revoke", "shop").stderr
    assert place.events == [{"gateway": "client.revoke", "client_id": "shop"}]


@pytest.mark.parametrize(
    ("kind", "code", "todo"),
    [
        ("ClientExists", ExitCode.PREFLIGHT, "client list"),
        ("ClientUnknown", ExitCode.PREFLIGHT, "client list"),
        ("ValidationError", ExitCode.USAGE, "letters, digits"),
        ("DatabaseUnavailable", ExitCode.PREFLIGHT, "try again"),
        ("SomethingElse", ExitCode.PREFLIGHT, "fleet logs"),
    ],
)
def test_a_refusal_says_why_and_what_to_do(
    place: Place, kind: str, code: ExitCode, todo: str
) -> None:
    payload = {"errorType": kind, "errorMessage": "because of this"}
    place.answer = Answer(payload, "Unhandled", 1.0)
    with pytest.raises(FleetError, match="because of this") as found:
        gateway("client", "add", "shop")
    assert found.value.code == code
    assert todo in found.value.todo


def keys(place: Place) -> dict[str, str]:
    value: dict[str, str] = json.loads(place.value or "")
    return value


def test_the_first_key_stands_alone_and_the_second_beside_it(place: Place) -> None:
    gateway("key", "rotate")
    first = keys(place)
    assert set(first) == {"current"}
    assert len(first["current"]) >= 64
    gateway("key", "rotate")
    assert keys(place)["previous"] == first["current"] != keys(place)["current"]


def test_a_key_that_was_set_by_hand_stays_good(place: Place) -> None:
    place.value = "by-hand" * 10 + "\n"
    gateway("key", "rotate")
    assert keys(place)["previous"] == "by-hand" * 10


@pytest.mark.parametrize(("minutes", "refused"), [(1, True), (64, True), (66, False)])
def test_a_key_is_not_dropped_while_its_tokens_are_good(
    place: Place, minutes: int, *, refused: bool
) -> None:
    place.value = json.dumps({"current": "b" * 64, "previous": "a" * 64})
    place.changed = datetime.now(UTC) - timedelta(minutes=minutes)
    if refused:
        with pytest.raises(FleetError, match="good until") as found:
            gateway("key", "rotate")
        assert found.value.code == ExitCode.REFUSED
        assert keys(place)["current"] == "b" * 64
        gateway("key", "rotate", "--force")
    else:
        gateway("key", "rotate")
    assert keys(place)["previous"] == "b" * 64


def test_a_key_is_never_shown(place: Place) -> None:
    ended = gateway("key", "rotate", "--json")
    assert keys(place)["current"] not in ended.stdout + ended.stderr
