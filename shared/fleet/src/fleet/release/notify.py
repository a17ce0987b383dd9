"""Telling people that a release has begun and how it ended: by SNS, and in a chat.

Best effort: what cannot be told becomes a note, takes a few seconds at most, and never
changes what becomes of a release.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from fleet.release.report import redact, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet.environments import Environment
    from fleet.release.outcome import FunctionOutcome, Report

WEBHOOK_VARIABLE: Final = "FLEET_WEBHOOK_URL"
TIMEOUT_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 10.0
_SUBJECT = 100  # SNS refuses a longer one
_NAMED = 10  # functions in one message; the report names the others
_REASON = 300
_BLOCK = 3000  # what Slack takes as one block's text
_ICONS: Final = {"bad": "🔴", "warn": "🟠", "good": "🟢", "calm": "⚪"}
# What a function answered to its smoke event stands behind these words.
_ANSWER: Final = re.compile(r"\b(fail(?:s|ed) its smoke event)\b.*", re.DOTALL)

# httpx logs the address of every request, and who knows a webhook's may write to it.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True)
class Message:
    """What is told: a line, and what stands below it."""

    subject: str
    lines: tuple[str, ...]
    icon: str


class Notifier:
    """Tells an SNS topic and a Slack-style webhook.

    Both run beside the release: `started` comes back at once, and `finished` waits for what
    is still under way, `PATIENCE_SECONDS` at most.
    """

    def __init__(
        self,
        environment: Environment,
        topic_arn: str | Callable[[], str] | None,
        webhook_url: str | None,
    ) -> None:
        """A topic may be a function that finds it: it is then called beside the release."""
        self._environment = environment
        self._topic_arn = topic_arn
        self._webhook_url = webhook_url
        self._notes: list[str] = []
        self._threads: list[threading.Thread] = []
        self._turns: dict[str, threading.Lock] = {}

    @classmethod
    def of(cls, environment: Environment) -> Notifier:
        """The environment's alarm topic, and the webhook that FLEET_WEBHOOK_URL names."""
        url = os.environ.get(WEBHOOK_VARIABLE, "").strip()
        return cls(environment, partial(find_topic, environment), url or None)

    def started(self, report: Report) -> list[str]:
        """Say that a release has begun; notes of what could not be told so far."""
        if not report.dry_run:
            self._tell(_started(report))
        return self._take_notes()

    def finished(self, report: Report) -> list[str]:
        """Say how a release ended; notes of what could not be told."""
        if not report.dry_run:
            self._tell(_finished(report))
        deadline = time.monotonic() + PATIENCE_SECONDS
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
            if thread.is_alive():
                self._notes.append(f"{thread.name}: no answer within {PATIENCE_SECONDS:g} s")
        return self._take_notes()

    def _take_notes(self) -> list[str]:
        """What has not been said yet, each thing once."""
        notes = [self._notes.pop(0) for _ in range(len(self._notes))]
        return list(dict.fromkeys(notes))

    def _tell(self, message: Message) -> None:
        ways = (
            ("the notification by SNS", self._topic_arn, self._publish),
            ("the notification by webhook", self._webhook_url, self._post),
        )
        for name, where, send in ways:
            if where:
                work = (name, send, message)
                thread = threading.Thread(target=self._safely, args=work, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def _safely(self, name: str, send: Callable[[Message], None], message: Message) -> None:
        # One way tells in order: the end never arrives before the beginning.
        with self._turns.setdefault(name, threading.Lock()):
            try:
                send(message)
            except Exception as error:  # noqa: BLE001  whatever it is, the release goes on
                self._notes.append(f"{name} could not be sent: {_reason(error)}")

    def _publish(self, message: Message) -> None:
        if callable(self._topic_arn):
            self._topic_arn = self._topic_arn()
        client = self._environment.client("sns", attempts=2, read_timeout=TIMEOUT_SECONDS)
        text = "\n".join((message.subject, *message.lines))
        subject = _ascii(message.subject)
        client.publish(TopicArn=self._topic_arn, Subject=subject, Message=text)

    def _post(self, message: Message) -> None:
        import httpx  # noqa: PLC0415  slow to import, and most releases have no webhook

        url = str(self._webhook_url)
        if not _is_safe(url):
            raise _NotSentError(f"{WEBHOOK_VARIABLE} is not an https address")
        body = _slack(message)
        with httpx.stream("POST", url, json=body, timeout=TIMEOUT_SECONDS) as answer:
            if not answer.is_success:
                raise _NotSentError(f"it answered {answer.status_code}")


class _NotSentError(Exception):
    """Its text names no address."""


def find_topic(environment: Environment) -> str:
    """The ARN of the environment's alarm topic, from the account of these credentials.

    One request that needs no permission; listing topics may take many, and needs one.
    """
    client = environment.client("sts", attempts=2, read_timeout=TIMEOUT_SECONDS)
    caller = client.get_caller_identity()
    partition = caller["Arn"].split(":")[1]
    name = f"{environment.project}-{environment.name}-alarms"
    return f"arn:{partition}:sns:{environment.region}:{caller['Account']}:{name}"


def _started(report: Report) -> Message:
    names = [outcome.function for outcome in report.functions]
    lines = (
        f"by {report.actor}, {words.strategy(report)}",
        f"functions: {_listed(names)}" if names else "",
        f"overlooked: {redact.text(report.audit)}" if report.audit else "",
        f"run {report.run_id}",
    )
    return Message(f"{words.title(report)} started", tuple(filter(None, lines)), "🚀")


def _finished(report: Report) -> Message:
    took = words.duration((report.finished_at or report.started_at) - report.started_at)
    ordered = words.by_severity(report.functions)
    remarkable = [outcome for outcome in ordered if words.needs_reading(outcome)]
    code = int(report.exit_code)
    lines = [f"by {report.actor}, in {took}, exit code {code} ({words.EXIT_CODES[code]})"]
    lines += [_told(outcome) for outcome in remarkable[:_NAMED]]
    if len(remarkable) > _NAMED:
        lines.append(f"… and {len(remarkable) - _NAMED} more")
    well = [outcome.function for outcome in ordered[len(remarkable) :]]
    lines += [f"without trouble: {_listed(well)}"] if well else []
    lines.append(f"run {report.run_id}")
    subject = f"{words.title(report)}: {words.sentence(report)}"
    return Message(subject, tuple(lines), _ICONS[words.tone(report)])


def _told(outcome: FunctionOutcome) -> str:
    """A function's trouble, without what it answered."""
    reason = redact.text(_ANSWER.sub(r"\1", outcome.reason))
    if len(reason) > _REASON:
        reason = reason[:_REASON].rstrip() + "…"
    return f"{outcome.function}: {words.RESULTS[outcome.result][0]}: {reason}".rstrip(": ")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _ascii(subject: str) -> str:
    """A subject that SNS takes: one line of ASCII that begins with a letter or a number."""
    plain = "".join(c for c in subject if " " <= c <= "~").lstrip("!\"#$%&'()*+,-./: ")
    return plain if len(plain) <= _SUBJECT else plain[: _SUBJECT - 3] + "..."


def _slack(message: Message) -> dict[str, Any]:
    """Slack's form, whose markup has three characters of its own."""
    escaped = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
    title = f"{message.icon} {message.subject}".translate(escaped)
    lines = "\n".join(message.lines).translate(escaped)
    texts = (f"*{title}*", lines[:_BLOCK])
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in texts]
    return {"text": title, "blocks": blocks}


def _is_safe(url: str) -> bool:
    """Https; or http on this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return bool(host)
    return parts.scheme == "http" and (host == "localhost" or _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reason(error: Exception) -> str:
    """An error's reason without its text, which may hold the webhook's address."""
    if isinstance(error, _NotSentError):
        return str(error)
    if isinstance(error, ClientError):
        return f"{error.response.get('Error', {}).get('Code', 'Unknown')}"
    return type(error).__name__
