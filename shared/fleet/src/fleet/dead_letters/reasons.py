"""Why a function gave a message up, by what it wrote to its log."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError
from function_kit.redaction import redact_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fleet.dead_letters.letters import Letter
    from fleet.environments import Environment

# What the fleet's functions call the reason in a line of their logs, the best first.
_WORDS: Final = ("reason", "error_message", "error", "exception", "event")
_LOUD: Final = frozenset({"warning", "error", "critical"})


class Reasons:
    """The logs of the functions that take messages from queues."""

    def __init__(self, environment: Environment) -> None:
        self._functions = environment.client("lambda")
        self._logs = environment.client("logs")
        self.consumer = cache(self._consumer)

    def of(self, letter: Letter, queue_arn: str) -> str:
        """The last complaint that names a message; empty when there is none, or no log.

        Args:
            letter: The message.
            queue_arn: The queue that it was taken from and came back to.
        """
        function = self.consumer(queue_arn)
        if not function:
            return ""
        try:
            # CloudWatch answers pages without any event, too, while it is still looking.
            pages = self._logs.get_paginator("filter_log_events").paginate(
                logGroupName=f"/aws/lambda/{function}",
                startTime=int((letter.first_received_at or letter.sent_at) * 1000),
                filterPattern=f'"{letter.id}"',
            )
            return _last(event["message"] for page in pages for event in page["events"])
        except ClientError:  # nobody has to be allowed to read logs
            return ""

    def _consumer(self, queue_arn: str) -> str:
        """The function that takes a queue's messages; empty without one."""
        try:
            found = self._functions.list_event_source_mappings(EventSourceArn=queue_arn)
        except ClientError:
            return ""
        names = [m["FunctionArn"] for m in found["EventSourceMappings"]]
        return names[0].partition(":function:")[2].partition(":")[0] if names else ""


def _last(lines: Iterable[str]) -> str:
    told = ""
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("level") in _LOUD:
            told = _told(entry) or told
    return redact_text(told)


def _told(entry: Mapping[str, Any]) -> str:
    for word in _WORDS:
        if entry.get(word):
            # Of a traceback, its last line.
            return str(entry[word]).strip().splitlines()[-1]
    return ""
