"""The work on one record: claim its message, do what it asks for, and note how that ended.

What is guaranteed, and what cannot be, is in this image's README.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from function_kit.aws_errors import AwsError
from function_kit.deadline import Deadline
from function_kit.logging import get_logger
from function_kit.secrets import SecretError
from message_kit.claims import Claimed, Lease, NotClaimed
from message_kit.message import MessageType, key_of

from message_processor.notification import NotANotificationError, notification
from message_processor.ntfy import NotSentError
from message_processor.orders import OrderError, carry_out

if TYPE_CHECKING:
    from message_kit.claims import Claims
    from message_kit.outbox import Outbox
    from message_kit.schedules import Schedules

    from message_processor.ntfy import Ntfy
    from message_processor.queue import Queue, Record
    from message_processor.settings import ProcessorSettings

_MARGIN: Final = 1.0  # seconds beside a lease's end
log = get_logger()


@dataclass(frozen=True, slots=True)
class Services:
    """What an execution environment makes once.

    Attributes:
        settings: Of the function.
        claims: Who works on which message.
        outbox: Sends messages.
        schedules: Those made at run time.
        ntfy: Where notifications go.
        queue: Where records come from.
    """

    settings: ProcessorSettings
    claims: Claims
    outbox: Outbox
    schedules: Schedules
    ntfy: Ntfy
    queue: Queue


@dataclass(frozen=True, slots=True)
class Result:
    """How the work on a record ended.

    Attributes:
        done: Whether the queue may forget the record.
        outcome: A word for metrics and logs: sent, duplicate, held, retried, failed or unreadable.
        delay: Seconds until the queue is to deliver it again.
    """

    done: bool
    outcome: str
    delay: float = 0.0


class TryFailedError(Exception):
    """A try to do what a message asks for has failed.

    Attributes:
        settled: Whether it is certain that it had no effect.
        retry_after: Seconds that the other side asks to wait.
    """

    def __init__(self, reason: str, *, settled: bool = True, retry_after: float = 0.0) -> None:
        """Say why."""
        super().__init__(reason)
        self.settled = settled
        self.retry_after = retry_after


class Worker:
    """Works on records for one invocation. Threads may share it."""

    def __init__(self, services: Services, owner: str, ends_at: float) -> None:
        """Take the clients.

        Args:
            services: See there.
            owner: The invocation's request id.
            ends_at: Epoch seconds when Lambda ends the invocation.
        """
        self._services = services
        self._owner = owner
        self._ends_at = ends_at

    def work(self, record: Record) -> Result:
        """Work on a record, and have the queue deliver it again where that failed."""
        last = record.receives >= self._services.settings.max_receive_count
        delay = 0.0 if last else self._pause(record)
        until = min(self._ends_at, time.time() + self._services.settings.lease_seconds)
        lease = Lease(self._owner, record.id, until)
        try:
            result = self._work(record, lease, delay, last=last)
        except Exception as error:  # noqa: BLE001 - one record takes no other with it
            # It may be ours by now, or done and not noted: nobody knows before the lease is over.
            log.warning("record_not_settled", record=record.id, reason=_said(error))
            wait = max(delay, until - time.time() + _MARGIN)
            result = Result(done=False, outcome="retried", delay=wait)
        if not result.done:
            self._services.queue.delay(record, result.delay)
        return result

    def _work(self, record: Record, lease: Lease, delay: float, *, last: bool) -> Result:
        try:
            key = key_of(record.body)
        except ValueError as error:
            log.warning("record_unreadable", record=record.id, reason=str(error))
            return Result(done=False, outcome="unreadable", delay=delay)
        claimed = self._services.claims.claim(key, lease)
        if isinstance(claimed, Claimed):
            return self._ours(claimed, delay, last=last)
        log.info("message_not_ours", message_id=key.id, why=claimed.why)
        return _not_ours(claimed, delay)

    def _pause(self, record: Record) -> float:
        """Seconds before the next delivery: twice as long each time."""
        return float(self._services.settings.retry_seconds * 2 ** (record.receives - 1))

    def _ours(self, claimed: Claimed, delay: float, *, last: bool) -> Result:
        message, claims = claimed.message, self._services.claims
        try:
            note = self._do(claimed)
        except TryFailedError as failure:
            reason = str(failure)
            settle = claims.fail if last else claims.requeue
            settle(claimed, reason, settled=failure.settled)
            log.warning("try_failed", message_id=message.id, reason=reason, last=last)
            if last:
                return Result(done=False, outcome="failed")
            return Result(done=False, outcome="retried", delay=max(delay, failure.retry_after))
        claims.complete(claimed, note)
        log.info("message_completed", message_id=message.id, type=message.message_type, note=note)
        return Result(done=True, outcome="sent")

    def _do(self, claimed: Claimed) -> str:
        """Do what the message asks for; returns a note for people."""
        # Of an earlier try nothing is known, when there was one: nor is it after a new failure.
        unsettled = claimed.unsettled_since
        try:
            match claimed.message.message_type:
                case MessageType.SCHEDULE_CREATION:
                    return self._order(claimed)
                case MessageType.WEB_ACTION:
                    raise TryFailedError("a web action came to the queue of notifications")
                case _:
                    return self._notify(claimed)
        except (NotANotificationError, OrderError, SecretError) as error:
            raise TryFailedError(str(error), settled=unsettled is None) from None
        except NotSentError as error:
            raise TryFailedError(
                str(error), settled=error.settled, retry_after=error.retry_after
            ) from None

    def _notify(self, claimed: Claimed) -> str:
        it = notification(claimed.message)
        seconds = min(self._services.settings.ntfy_seconds, self._ends_at - time.time())
        deadline = Deadline.after(seconds)
        return self._services.ntfy.send(it, claimed.message.id, deadline, claimed.unsettled_since)

    def _order(self, claimed: Claimed) -> str:
        schedules, outbox = self._services.schedules, self._services.outbox
        again = claimed.unsettled_since is not None
        try:
            return carry_out(claimed.message, schedules, outbox, again=again)
        except AwsError as error:
            # Repeated, an order does nothing more: whether it was carried out does not matter.
            raise TryFailedError(f"Scheduler: {error}", settled=False) from None


def _not_ours(found: NotClaimed, delay: float) -> Result:
    match found.why:
        case "completed":
            return Result(done=True, outcome="duplicate")
        case "held":
            # Its worker has a record of its own, which the queue delivers again if it dies.
            return Result(done=True, outcome="held")
        case "ours":
            wait = max(delay, found.until - time.time() + _MARGIN)
            return Result(done=False, outcome="retried", delay=wait)
        case "unknown":
            return Result(done=False, outcome="unreadable", delay=delay)


def _said(error: Exception) -> str:
    """An error for the log: what is not ours may quote what a message holds."""
    return str(error) if isinstance(error, AwsError) else type(error).__name__
