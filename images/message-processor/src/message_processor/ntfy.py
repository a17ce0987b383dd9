"""Posting to ntfy, and what can be known when no answer comes.

ntfy has no idempotency key. A post whose answer was lost may have arrived; so before it is posted
again, ntfy is asked whether the message is there: its id travels as the sequence id, which ntfy
2.16 and later gives back, and of two posts with the same one its apps show one notification
(https://docs.ntfy.sh/publish/#updating-deleting-notifications).
"""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING, Final

from function_kit.deadline import Deadline
from function_kit.logging import get_logger
from message_kit.outbound import OutboundError

from message_processor.topic import Topic

if TYPE_CHECKING:
    from collections.abc import Callable

    from function_kit.secrets import Secret
    from message_kit.outbound import Answer, Call, Outbound

    from message_processor.notification import Notification

ATTEMPTS: Final = 3
ALREADY: Final = "ntfy had it already"
BASE: Final = 0.5  # seconds; a pause is drawn evenly from 0 to this times 2 to the attempt
_SKEW: Final = 60  # seconds that ntfy's clock may be off
_MOST: Final = 4_000_000  # bytes of the list of what has arrived
_OK: Final = range(200, 300)
_SERVER_ERROR: Final = 500
_TOO_MANY_REQUESTS: Final = 429
log = get_logger()


class NotSentError(Exception):
    """A notification was not sent, or nobody knows whether it was.

    Attributes:
        settled: Whether it is certain that it was not.
        retry_after: Seconds that ntfy asks to wait, 0 when it does not.
    """

    def __init__(self, reason: str, *, settled: bool, retry_after: float = 0.0) -> None:
        """Say why."""
        super().__init__(reason)
        self.settled = settled
        self.retry_after = retry_after


class Ntfy:
    """One topic of an ntfy server."""

    def __init__(
        self,
        outbound: Outbound,
        url: Secret,
        *,
        timeout: float = 9.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take where to post.

        Args:
            outbound: Sends.
            url: The topic's.
            timeout: Seconds for one exchange.
            sleep: Waits between tries.
        """
        self._outbound = outbound
        self._url = url
        self._timeout = timeout
        self._sleep = sleep

    def send(
        self,
        notification: Notification,
        message_id: str,
        deadline: Deadline,
        unsettled_since: float | None = None,
    ) -> str:
        """Post a notification, up to three times; returns a note for people.

        Args:
            notification: What to post.
            message_id: Of the message that it is of.
            deadline: Of all tries together.
            unsettled_since: Epoch seconds of an earlier try that may have arrived.

        Raises:
            NotSentError: It is not known to have arrived.
            SecretError: The URL could not be read.
        """
        sending = _Sending(message_id, unsettled_since)
        for attempt in range(1, ATTEMPTS + 1):
            if self._arrived(sending, deadline):
                return ALREADY
            answer = self._try(notification, sending, deadline)
            if answer and answer.status in _OK:
                return ""
            if answer and not _is_temporary(answer.status):
                break
            pause = max(sending.retry_after, random.uniform(0, BASE * 2**attempt))  # noqa: S311
            if attempt == ATTEMPTS or pause >= deadline.remaining():
                break
            self._sleep(pause)
        if self._arrived(sending, deadline):
            return ALREADY
        settled = sending.unsettled_since is None
        raise NotSentError(sending.reason, settled=settled, retry_after=sending.retry_after)

    def check(self) -> None:
        """Raise unless the URL can be read, and its server is well and accepts its credentials.

        Whether it lets them post to the topic, nobody can ask without posting.

        Raises:
            SecretError: The URL could not be read.
            OutboundError: It is no URL, or nobody answers there, or with a refusal.
        """
        answer = self._exchange(self._topic().health(), Deadline.after(self._timeout))
        if answer.status not in _OK:
            raise OutboundError(f"ntfy answered {answer.status}", sent=True)

    def _try(self, it: Notification, sending: _Sending, deadline: Deadline) -> Answer | None:
        headers = {**it.headers, "x-sequence-id": sending.message_id}
        headers["content-type"] = "text/plain; charset=utf-8"
        began = time.time()
        try:
            call = self._topic().publish(headers, it.text.encode())
            answer = self._exchange(call, deadline)
        except OutboundError as error:
            sending.failed(f"ntfy: {error}", since=began if error.sent else None)
            return None
        # A server that fails may have done its work before.
        lost = answer.status >= _SERVER_ERROR
        sending.failed(f"ntfy answered {answer.status}", since=began if lost else None)
        sending.retry_after = _seconds(answer.headers.get("retry-after", ""))
        return answer

    def _arrived(self, sending: _Sending, deadline: Deadline) -> bool:
        """Whether ntfy has what may have arrived; False too when it does not say."""
        if sending.unsettled_since is None or deadline.expired:
            return False
        since = int(sending.unsettled_since) - _SKEW
        try:
            call = self._topic().read(since)
            answer = self._exchange(call, deadline)
        except OutboundError as error:
            log.warning("ntfy_not_asked", message_id=sending.message_id, reason=str(error))
            return False
        if answer.status not in _OK:
            log.warning("ntfy_not_asked", message_id=sending.message_id, reason=answer.status)
            return False
        return any(_is_of(line, sending.message_id) for line in answer.body.splitlines())

    def _topic(self) -> Topic:
        return Topic.of(self._url.get())

    def _exchange(self, call: Call, deadline: Deadline) -> Answer:
        wait = Deadline.after(min(self._timeout, deadline.remaining()))
        return self._outbound.send(call, wait, most=_MOST)


class _Sending:
    """What is known about one notification on its way."""

    def __init__(self, message_id: str, unsettled_since: float | None) -> None:
        self.message_id = message_id
        self.unsettled_since = unsettled_since
        self.retry_after = 0.0
        self.reason = "there was no time to send it"

    def failed(self, reason: str, *, since: float | None) -> None:
        """Note a try that failed, and since when it may have arrived all the same."""
        self.reason = reason
        self.retry_after = 0.0
        if self.unsettled_since is None:
            self.unsettled_since = since


def _is_temporary(status: int) -> bool:
    return status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR


def _seconds(retry_after: str) -> float:
    """Seconds of a Retry-After header, which ntfy gives as a number; 0 without one."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0


def _is_of(line: bytes, message_id: str) -> bool:
    """Whether a line of ntfy's list is that message."""
    if message_id.encode() not in line:
        return False
    try:
        event = json.loads(line)
    except ValueError:
        return False
    return isinstance(event, dict) and event.get("sequence_id") == message_id
