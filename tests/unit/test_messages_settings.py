"""What messaging functions are told, and what they refuse to be told."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from function_kit.settings import ConfigurationError, load
from message_processor.settings import ProcessorSettings
from web_action.origins import Origin
from web_action.settings import WEATHER, WebActionSettings

if TYPE_CHECKING:
    from function_kit.settings import Settings

BASE = {
    "ENVIRONMENT": "dev",
    "STAGE": "dev",
    "MESSAGES_TABLE": "messages",
    "MESSAGES_TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:messages",
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/messages",
}
PROCESSOR = BASE | {
    "NTFY_URL": "ssm:/lambda-fleet/dev/ntfy-url",
    "SCHEDULE_GROUP": "messages",
    "SCHEDULE_TARGET_ARN": "arn:aws:lambda:us-east-1:000000000000:function:scheduler:live",
    "SCHEDULE_ROLE_ARN": "arn:aws:iam::000000000000:role/schedules",
    "SCHEDULE_DEAD_LETTERS_ARN": "arn:aws:sqs:us-east-1:000000000000:dead",
}
ACTION = BASE | {
    "RESULTS_TABLE": "results",
    "SECRET_PREFIX": "lambda-fleet-dev/web-action/",
    "HTTP_ORIGINS": "https://api.example.com, https://other.example.com:8443",
}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return monkeypatch


def read[S: Settings](
    patch: pytest.MonkeyPatch, cls: type[S], variables: dict[str, str], **changes: str
) -> S:
    for name, value in (variables | changes).items():
        patch.setenv(name, value)
    return load(cls)


def test_the_processor_has_half_a_minute_and_a_lease_that_outlasts_it(
    told: pytest.MonkeyPatch,
) -> None:
    found = read(told, ProcessorSettings, PROCESSOR)
    assert (found.ntfy_seconds, found.lease_seconds, found.retry_seconds) == (30, 90, 30)
    assert found.max_receive_count == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STAGE", "local"),
        ("MESSAGES_TABLE", ""),
        ("MESSAGES_TOPIC_ARN", "messages"),
        ("SCHEDULE_ROLE_ARN", "role"),
        ("MAX_RECEIVE_COUNT", "0"),
        ("NTFY_URL", "ssm:"),
        ("LEASE_SECONDS", "59"),
        ("RETRY_SECONDS", "-1"),
    ],
)
def test_the_processor_does_not_start_with_a_bad_variable(
    told: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(ConfigurationError, match=name):
        read(told, ProcessorSettings, PROCESSOR, **{name: value})


def test_web_actions_are_told_origins(told: pytest.MonkeyPatch) -> None:
    found = read(told, WebActionSettings, ACTION)
    assert found.http_origins == {
        Origin("https", "api.example.com", 443),
        Origin("https", "other.example.com", 8443),
    }
    assert (found.weather_origin, found.token_origins, found.trusted_networks) == (
        WEATHER,
        set(),
        (),
    )


def test_locally_web_actions_may_call_stand_ins(told: pytest.MonkeyPatch) -> None:
    found = read(
        told,
        WebActionSettings,
        ACTION,
        ENVIRONMENT="local",
        HTTP_ORIGINS="http://host.docker.internal:54324",
        WEATHER_ORIGIN="http://host.docker.internal:54324",
        TRUSTED_NETWORKS="172.16.0.0/12,fd00::/8",
    )
    assert found.weather_origin == Origin("http", "host.docker.internal", 54324)
    assert found.trusted_networks == (ip_network("172.16.0.0/12"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("HTTP_ORIGINS", "http://api.example.com", "https outside the local environment"),
        ("TOKEN_ORIGINS", "http://api.example.com", "https outside the local environment"),
        ("WEATHER_ORIGIN", "http://api.weather.gov", "https outside the local environment"),
        ("HTTP_ORIGINS", "https://127.0.0.1", "by a number"),
        ("HTTP_ORIGINS", "https://api.example.com/path", "without a path"),
        ("HTTP_ORIGINS", "*", "an origin is https"),
        ("TRUSTED_NETWORKS", "10.0.0.0/8", "for the local environment alone"),
        ("TRUSTED_NETWORKS", "10.0.0.1/8", "TRUSTED_NETWORKS"),
        ("LEASE_SECONDS", "59", "twice ACTION_SECONDS"),
    ],
)
def test_web_actions_do_not_start_with_a_hole(
    told: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        read(told, WebActionSettings, ACTION, **{name: value})
