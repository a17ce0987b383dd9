"""Notifications: what they say, what they never say, and that they never get in the way."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from fleet.environments import Environment
from fleet.release import notify
from fleet.release.notify import Notifier

from tests.kit import reports

TOPIC = "arn:aws:sns:eu-west-1:123456789012:lambda-fleet-dev-alarms"
# Never to be seen in anything that is told or logged.
SECRET_PATH = "/services/T000/B000/verysecretpath"


@dataclass
class Account:
    """An AWS account with one topic, behind the environment's clients."""

    published: list[dict[str, str]] = field(default_factory=list)
    arn: str = "arn:aws:iam::123456789012:user/mara"
    failure: Exception | None = None
    seconds: float = 0
    calls: list[str] = field(default_factory=list)

    def get_caller_identity(self) -> dict[str, str]:
        self.calls.append("get_caller_identity")
        return {"Account": self.arn.split(":")[4], "Arn": self.arn}

    def publish(self, **message: str) -> None:
        time.sleep(self.seconds)
        if self.failure:
            raise self.failure
        self.published.append(message)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    account = Account()
    monkeypatch.setattr(Environment, "client", lambda *_, **__: account)
    return account


@dataclass
class Chat:
    """A webhook's server."""

    url: str = ""
    status: int = 200
    seconds: float = 0
    redirect: str = ""
    received: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def listening(chat: Chat) -> Iterator[Chat]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            chat.received.append(json.loads(body))
            time.sleep(chat.seconds)
            self.send_response(chat.status)
            if chat.redirect:
                self.send_header("Location", chat.redirect)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    chat.url = f"http://127.0.0.1:{server.server_port}{SECRET_PATH}"
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def chat() -> Iterator[Chat]:
    with listening(Chat()) as chat:
        yield chat


def environment() -> Environment:
    return Environment("dev", "lambda-fleet", "eu-west-1", "arm64", None, releases=True)


def test_both_ways_are_told_the_beginning_and_the_end(account: Account, chat: Chat) -> None:
    notifier = Notifier(environment(), TOPIC, chat.url)
    report = reports.canary()
    assert notifier.started(report) + notifier.finished(report) == []
    begin, end = account.published
    assert begin["Subject"] == "Release of 8a31c07be2f4 to staging started"
    assert end["TopicArn"] == TOPIC
    assert "1 put back, 1 refused, 3 released, 1 unchanged" in end["Message"]
    assert "device-registry: put back: version 42 of device-registry was stopped" in end["Message"]
    assert "exit code 5 (failed, and put back)" in end["Message"]
    assert [body["text"][:2] for body in chat.received] == ["🚀 ", "🔴 "]
    assert all(block["text"]["type"] == "mrkdwn" for block in chat.received[1]["blocks"])


@pytest.mark.parametrize(
    ("name", "kind", "shown"),
    [
        ("release", {}, "Release of 8a31c07be2f4 to dev"),
        ("rollback", {"kind": "rollback", "tag": ""}, "Rollback in dev"),
        ("to a tag", {"kind": "rollback"}, "Rollback to 8a31c07be2f4 in dev"),
        ("resume", {"kind": "resume", "tag": ""}, "Resumed release to dev"),
    ],
)
def test_the_subject_says_what_was_done(
    account: Account, name: str, kind: dict[str, Any], shown: str
) -> None:
    report = reports.report([reports.unchanged("a")], environment="dev", **kind)
    Notifier(environment(), TOPIC, None).finished(report)
    assert account.published[0]["Subject"] == f"{shown}: 1 unchanged"


def test_a_subject_is_one_line_of_ascii_that_sns_takes(account: Account) -> None:
    tag = "→ v1.0 ünïcode\nBcc: x " + "x" * 300
    Notifier(environment(), TOPIC, None).finished(reports.report([], tag=tag))
    (message,) = account.published
    subject = message["Subject"]
    assert len(subject) == 100
    assert subject.isascii()
    assert subject.isprintable()
    assert subject[0].isalnum()


def test_what_a_function_answered_is_never_told(account: Account, chat: Chat) -> None:
    outcome = reports.put_back("device-registry")
    outcome.smoke = {"ssn": "078-05-1120"}
    outcome.reason = (
        "version 42 of device-registry failed its smoke event: $.ssn is 078-05-1120, not 1"
    )
    notifier = Notifier(environment(), TOPIC, chat.url)
    notifier.finished(reports.report([outcome]))
    told = json.dumps([account.published, chat.received])
    assert "failed its smoke event" in told
    assert "078-05-1120" not in told


def test_what_looks_like_a_secret_is_never_told(account: Account) -> None:
    outcome = reports.put_back("device-registry")
    outcome.reason = "cannot reach postgres://fleet:hunter2secret@db/fleet with password=hunter2"
    audit = "AKIAABCDEFGHIJKLMNOP"
    report = reports.report([outcome], audit=audit)
    notifier = Notifier(environment(), TOPIC, None)
    notifier.started(report)
    notifier.finished(report)
    told = json.dumps(account.published)
    assert "cannot reach postgres" in told
    assert "hunter2" not in told
    assert audit not in told


def test_a_large_fleet_is_told_in_a_few_lines(account: Account, chat: Chat) -> None:
    functions = [reports.put_back(f"bad-{number:03}") for number in range(200)]
    functions += [reports.released(f"good-{number:03}") for number in range(300)]
    Notifier(environment(), TOPIC, chat.url).finished(reports.report(functions))
    text = account.published[0]["Message"]
    assert "… and 190 more" in text
    assert "without trouble: good-000" in text
    assert "and 290 more" in text
    assert len(text) < 4000
    assert len(chat.received[0]["blocks"][1]["text"]["text"]) <= 3000


def test_a_chat_s_own_markup_is_escaped(chat: Chat) -> None:
    outcome = reports.put_back("device-registry")
    outcome.reason = "<!channel> <https://x.test|click> & more"
    Notifier(environment(), None, chat.url).finished(reports.report([outcome]))
    told = chat.received[0]["blocks"][1]["text"]["text"]
    assert "&lt;!channel&gt; &lt;https://x.test|click&gt; &amp; more" in told


def test_a_dry_run_tells_nobody(account: Account, chat: Chat) -> None:
    notifier = Notifier(environment(), TOPIC, chat.url)
    report = reports.report([], dry_run=True)
    assert notifier.started(report) + notifier.finished(report) == []
    assert (account.published, chat.received) == ([], [])


def test_nobody_to_tell_is_nothing_to_note(account: Account) -> None:
    notifier = Notifier(environment(), None, None)
    assert notifier.started(reports.canary()) + notifier.finished(reports.canary()) == []


@pytest.mark.parametrize(
    ("failure", "shown"),
    [
        (ClientError({"Error": {"Code": "NotFound", "Message": "x"}}, "Publish"), "NotFound"),
        (NoCredentialsError(), "NoCredentialsError"),
        (RuntimeError("anything"), "RuntimeError"),
    ],
)
def test_a_topic_that_cannot_be_told_becomes_one_note(
    account: Account, failure: Exception, shown: str
) -> None:
    account.failure = failure
    notifier = Notifier(environment(), TOPIC, None)
    notes = notifier.started(reports.canary()) + notifier.finished(reports.canary())
    assert set(notes) == {f"the notification by SNS could not be sent: {shown}"}


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_chat_that_refuses_becomes_a_note_without_its_address(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], status: int
) -> None:
    with caplog.at_level(logging.DEBUG), listening(Chat(status=status)) as chat:
        notes = Notifier(environment(), None, chat.url).finished(reports.canary())
    assert notes == [f"the notification by webhook could not be sent: it answered {status}"]
    assert SECRET_PATH not in caplog.text + "".join(capfd.readouterr())


def test_a_message_is_never_taken_on_to_another_address(chat: Chat) -> None:
    with listening(Chat()) as other:
        chat.status, chat.redirect = 307, other.url
        notes = Notifier(environment(), None, chat.url).finished(reports.canary())
    assert "it answered 307" in notes[0]
    assert other.received == []


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:1/services/secret", "ConnectError"),
        ("http://chat.example/services/secret", "is not an https address"),
        ("file:///services/secret", "is not an https address"),
        ("https:///services/secret", "is not an https address"),
        ("services/secret", "is not an https address"),
        ("http://[::1/services/secret", "ValueError"),
    ],
)
def test_an_address_that_cannot_be_used_is_not_shown(url: str, shown: str) -> None:
    (note,) = Notifier(environment(), None, url).finished(reports.canary())
    assert shown in note
    assert "services" not in note


def test_who_does_not_answer_is_given_up(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "TIMEOUT_SECONDS", 0.2)
    with listening(Chat(seconds=1)) as chat:
        began = time.monotonic()
        (note,) = Notifier(environment(), None, chat.url).finished(reports.canary())
        assert time.monotonic() - began < 0.9
    assert "ReadTimeout" in note


def test_patience_ends_whatever_the_way(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "PATIENCE_SECONDS", 0.2)
    account.seconds = 0.8
    began = time.monotonic()
    notes = Notifier(environment(), TOPIC, None).finished(reports.canary())
    assert time.monotonic() - began < 0.7
    assert notes == ["the notification by SNS: no answer within 0.2 s"]


def test_the_beginning_does_not_hold_a_release_up_and_comes_first(
    account: Account, chat: Chat
) -> None:
    account.seconds = chat.seconds = 0.3
    notifier = Notifier(environment(), TOPIC, chat.url)
    began = time.monotonic()
    notifier.started(reports.canary())
    assert time.monotonic() - began < 0.2
    assert notifier.finished(reports.canary()) == []
    assert [m["Subject"].endswith("started") for m in account.published] == [True, False]
    assert [m["text"].endswith("started") for m in chat.received] == [True, False]


def test_the_topic_is_found_in_this_account_once(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(notify.WEBHOOK_VARIABLE, " ")
    account.arn = "arn:aws-cn:sts::999999999999:assumed-role/deploy/x"
    notifier = Notifier.of(environment())
    notifier.started(reports.canary())
    assert notifier.finished(reports.canary()) == []
    topic = "arn:aws-cn:sns:eu-west-1:999999999999:lambda-fleet-dev-alarms"
    assert [message["TopicArn"] for message in account.published] == [topic, topic]
    assert account.calls == ["get_caller_identity"]


def test_the_webhook_comes_from_the_shell(
    account: Account, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(notify.WEBHOOK_VARIABLE, chat.url)
    Notifier.of(environment()).finished(reports.canary())
    assert len(chat.received) == 1
