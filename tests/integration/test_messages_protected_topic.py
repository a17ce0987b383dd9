"""A topic that is not open to all: its URL holds what lets the processor in, and nobody sees it."""

from __future__ import annotations

import pytest
from function_kit.handler import SmokeFailed
from message_kit.message import Status

from tests.kit.messages import World, notice

PASSWORD = "correct horse/battery"
ESCAPED = "correct%20horse%2Fbattery"
TOKEN = "tk_of_nobody_in_particular"


def signed(world: World, login: str) -> str:
    """The topic's URL with user and password."""
    return world.ntfy_url.replace("://", f"://{login}@")


@pytest.mark.parametrize("way", ["password", "token", "query"])
def test_whoever_has_the_url_is_let_in_to_post_and_to_ask(
    messaging: World, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    login, url = {
        "password": (f"phil:{PASSWORD}", signed(messaging, f"phil:{ESCAPED}")),
        "token": (f":{TOKEN}", signed(messaging, f":{TOKEN}")),
        "query": (f"?auth={TOKEN}", f"{messaging.ntfy_url}?auth={TOKEN}"),
    }[way]
    # Its answer is lost, so that ntfy is asked before it is posted again.
    lost = {"behaviour": {"kind": "drop_after"}, "times": 1}
    messaging.behave(lost, login=login)
    (message,) = messaging.send(notice("n"))
    with messaging.function("message_processor", NTFY_URL=url, LOG_LEVEL="DEBUG") as processor:
        assert processor({"test": True})["checks"]["ntfy"] == "ok"
        messaging.mapping(processor).drain()
    assert messaging.message(message.id).status == Status.COMPLETED
    assert messaging.ntfy.attempts == len(messaging.ntfy.published) == 1
    printed = capsys.readouterr()
    for secret in (PASSWORD, ESCAPED, TOKEN, "Basic "):
        assert secret not in printed.out + printed.err


def test_wrong_credentials_do_not_pass_the_smoke_test(
    messaging: World, capsys: pytest.CaptureFixture[str]
) -> None:
    messaging.behave(login=f"phil:{PASSWORD}")
    url = signed(messaging, "phil:another-password")
    with (
        messaging.function("message_processor", NTFY_URL=url) as processor,
        pytest.raises(SmokeFailed, match="ntfy answered 401") as failed,
    ):
        processor({"test": True})
    assert "another-password" not in f"{failed.value}{capsys.readouterr()}"


@pytest.mark.parametrize("url", ["unset", "https://user:pass/word@ntfy.example.com/topic"])
def test_a_url_that_is_none_fails_the_smoke_test_and_leaves_no_message_in_processing(
    messaging: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (message,) = messaging.send(notice("n"))
    with messaging.function("message_processor", NTFY_URL=url) as processor:
        with pytest.raises(SmokeFailed, match="the topic's URL is missing"):
            processor({"test": True})
        messaging.mapping(processor).drain()
    found = messaging.message(message.id)
    assert found.status == Status.FAILED
    assert (found.error_message or "").startswith("ntfy: the topic's URL is missing")
    assert "pass/word" not in f"{found}{capsys.readouterr()}"
