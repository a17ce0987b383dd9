"""Web actions that sign in: by tokens, keys and passwords, which nobody sees."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import pytest
from message_kit.message import Status
from web_action.signing import Signing

from tests.kit.messages import World
from tests.kit.web_actions import action, do, results


def secret(world: World, name: str, value: Any) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    world.client("secretsmanager").create_secret(Name=f"{world.name}/{name}", SecretString=text)


def login(world: World, **changes: str) -> dict[str, str]:
    """How to sign in by a token that a password gets."""
    secret(world, "login", {"username": "stand-in", "password": "stand-in"} | changes)
    url = f"{world.web_url}/token"
    return {"type": "oauth_password", "secret_name": "login", "token_url": url}


def echoed(world: World) -> dict[str, Any]:
    (kept,) = results(world)
    body: dict[str, Any] = json.loads(kept["body"])
    return body


def test_a_bearer_token_comes_from_a_secret_and_goes_into_no_log(
    messaging: World, capsys: pytest.CaptureFixture[str]
) -> None:
    secret(messaging, "token", messaging.web.token)
    auth = {"type": "bearer", "secret_name": "token"}
    do(messaging, action(auth, action="http", url=f"{messaging.web_url}/echo"))
    assert echoed(messaging)["authorized"]
    assert messaging.web.token not in capsys.readouterr().out


def test_a_password_gets_a_token_which_is_used_again(
    messaging: World, capsys: pytest.CaptureFixture[str]
) -> None:
    auth = login(messaging) | {"scope": "read"}
    draft = action(auth, action="http", url=f"{messaging.web_url}/echo")
    messaging.send(draft, draft)
    with messaging.function("web_action", QUEUE_URL=messaging.action_queue) as function:
        mapping = messaging.mapping(function, messaging.action_queue)
        mapping.drain()
    paths = [request["path"] for request in messaging.web.requests]
    assert sorted(set(paths)) == ["/echo", "/token"]
    assert paths.count("/echo") == 2
    assert all(json.loads(kept["body"])["authorized"] for kept in results(messaging))
    assert messaging.web.token not in capsys.readouterr().out


def test_an_api_key_goes_into_the_header_that_is_named(messaging: World) -> None:
    secret(messaging, "key", {"api_key": "key-of-the-test"})
    auth = {
        "type": "api_key",
        "secret_name": "key",
        "headers": {"X-Their-Key": "", "X-More": "more"},
    }
    do(messaging, action(auth, action="http", url=f"{messaging.web_url}/echo"))
    headers = echoed(messaging)["headers"]
    assert {"x-their-key", "x-more"} <= set(headers)


def test_a_rotated_token_is_read_again_after_a_401(messaging: World) -> None:
    secret(messaging, "token", "an-old-token")
    auth = {"type": "bearer", "secret_name": "token"}
    calls: list[str] = []

    def rotate(*_: Any) -> None:
        calls.append("forgotten")
        messaging.client("secretsmanager").put_secret_value(
            SecretId=f"{messaging.name}/token", SecretString=messaging.web.token
        )

    with mock.patch("web_action.signing.Signing.forget", autospec=True, side_effect=rotate):
        found = do(messaging, action(auth, action="http", url=f"{messaging.web_url}/status/401"))
    assert (found.status, found.error_message) == (Status.FAILED, "it answered 401")
    assert calls == ["forgotten"] * 3


@pytest.mark.parametrize(
    ("auth", "reason"),
    [
        ({"type": "bearer"}, "auth_config.secret_name is missing"),
        ({"type": "bearer", "secret_name": "none"}, "the secret could not be read"),
        ({"type": "none", "headers": {"Host": "evil.test"}}, "may not set host"),
        ({"type": "oauth_password", "secret_name": "login"}, "auth_config.token_url: the URL"),
        (
            {"type": "oauth_password", "secret_name": "login", "token_url": "https://evil.test/"},
            "https://evil.test is not among",
        ),
        ({"type": "bearer", "secret_name": "two-lines"}, "holds what no header can"),
        ({"type": "api_key", "secret_name": "login"}, "the secret has no api_key"),
    ],
)
def test_what_cannot_sign_in_sends_nothing_and_says_why(
    messaging: World, auth: dict[str, Any], reason: str
) -> None:
    secret(messaging, "login", {"username": "stand-in", "password": "stand-in"})
    secret(messaging, "two-lines", "one\r\nhost: evil.test")
    found = do(messaging, action(auth, action="http", url=f"{messaging.web_url}/echo"))
    assert found.status == Status.FAILED
    assert reason in (found.error_message or "")
    assert messaging.web.requests == []


def test_a_password_that_is_wrong_is_said_without_it(messaging: World) -> None:
    auth = login(messaging, password="wrong-password")
    found = do(messaging, action(auth, action="http", url=f"{messaging.web_url}/echo"))
    reason = "no token was given: it answered 400"
    assert (found.status, found.error_message) == (Status.FAILED, reason)


@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_post_that_got_no_token_was_not_sent_and_is_tried_again(
    messaging: World, status: int
) -> None:
    auth = login(messaging)
    messaging.web.token_failures = [status]
    url = f"{messaging.web_url}/echo"
    found = do(messaging, action(auth, action="http", url=url, method="POST"))
    assert (found.status, found.retry_count) == (Status.COMPLETED, 1)
    assert [r["path"] for r in messaging.web.requests] == ["/token", "/token", "/echo"]


def test_a_post_that_was_refused_before_no_second_token_was_given_is_tried_again(
    messaging: World,
) -> None:
    auth = login(messaging)
    real = Signing.forget

    def and_the_token_server_fails(*arguments: Any) -> None:
        messaging.web.token_failures = [503]
        real(*arguments)

    url = f"{messaging.web_url}/status/401"
    with mock.patch.object(Signing, "forget", and_the_token_server_fails):
        found = do(messaging, action(auth, action="http", url=url, method="POST"))
    assert (found.status, found.error_message) == (
        Status.FAILED,
        "no token was given: it answered 503",
    )
    paths = [request["path"] for request in messaging.web.requests]
    assert paths == ["/token", "/status/401", "/token"] * 3
