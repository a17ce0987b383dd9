"""The work on a batch of a queue: claim each message, do what it asks for, note how that ended.

What a function adds is `do`: what is done with a message that is ours. All else is the same for
everybody who works on messages.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from function_kit.aws_errors import AwsError
from function_kit.handler import InvalidEvent
from function_kit.logging import get_logger

from message_kit.claims import Claimed, Lease, NotClaimed
from message_kit.message import key_of
from message_kit.queue import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from function_kit.metrics import Metrics

    from message_kit.claims import Claims
    from message_kit.queue import Queue
    from message_kit.settings import WorkingSettings

AT_ONCE: Final = 10  # a batch's size: who makes us wait can make all of a batch wait together
_MARGIN: Final = 1.0  # seconds beside a lease's end
_WHY: Final = {
    "completed": "it is completed",
    "held": "somebody works on it for another record",
    "ours": "somebody works on it for this very record",
    "unknown": "no such message is stored",
}
log = get_logger()


class TryFailedError(Exception):
    """A try to do what a message asks for has failed.

    Attributes:
        settled: Whether it is certain that it had no effect.
        retry_after: Seconds that the other side asks to wait.
    """

    def __init__(self, reason: str, *, settled: bool = True, retry_after: float = 0.0) -> None:
        """Say why; the reason is noted and shown to people."""
        super().__init__(reason)
        self.settled = settled
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Result:
    """How the work on a record ended.

    Attributes:
        done: Whether the queue may forget the record.
        outcome: A word for metrics: completed, duplicate, held, retried, failed or unreadable.
        delay: Seconds until the queue is to deliver it again.
    """

    done: bool
    outcome: str
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Invocation:
    """The invocation that a batch is worked on in.

    Attributes:
        request_id: Lambda's id of it.
        ends_at: Epoch seconds when Lambda ends it.
    """

    request_id: str
    ends_at: float

    @classmethod
    def of(cls, context: Any) -> Invocation:
        """From Lambda's context."""
        seconds = context.get_remaining_time_in_millis() / 1000
        return cls(context.aws_request_id, time.time() + seconds)


@dataclass(frozen=True, slots=True)
class Worker:
    """Works on the records of a queue. Threads may share it.

    Attributes:
        settings: How long a lease is, and how often and when the queue delivers again.
        claims: Who works on which message.
        queue: Where the records come from.
        do: Does what a message asks for within the invocation, and returns a note for people.
            It raises `TryFailedError` where that fails.
    """

    settings: WorkingSettings
    claims: Claims
    queue: Queue
    do: Callable[[Claimed, Invocation], str]

    def batch(
        self, event: Mapping[str, Any], invocation: Invocation
    ) -> list[tuple[Record, Result]]:
        """Work on all records of SQS's event, at once.

        Raises:
            InvalidEvent: There are none in it.
        """
        if not isinstance(event.get("Records"), list):
            raise InvalidEvent("the event must have the Records of a queue")
        records = [Record.of(record) for record in event["Records"]]
        tasks = [
            _pool().submit(copy_context().run, self.work, record, invocation) for record in records
        ]
        return [(record, task.result()) for record, task in zip(records, tasks, strict=True)]

    def work(self, record: Record, invocation: Invocation) -> Result:
        """Work on a record, and have the queue deliver it again where that failed."""
        last = record.receives >= self.settings.max_receive_count
        # Twice as long each time; a dead letter at once.
        delay = 0.0 if last else float(self.settings.retry_seconds * 2 ** (record.receives - 1))
        until = min(invocation.ends_at, time.time() + self.settings.lease_seconds)
        owner = f"{invocation.request_id}/{secrets.token_hex(4)}"
        lease = Lease(owner, record.id, until)
        try:
            result = self._work(record, lease, invocation, last=last, delay=delay)
        except Exception as error:  # noqa: BLE001 - one record takes no other with it
            # It may be ours by now, or done and not noted: nobody knows before the lease is over.
            log.warning("record_not_settled", record=record.id, reason=_said(error))
            wait = max(delay, until - time.time() + _MARGIN)
            result = Result(done=False, outcome="retried", delay=wait)
        if not result.done:
            self.queue.delay(record, result.delay)
        return result

    def _work(
        self, record: Record, lease: Lease, invocation: Invocation, *, last: bool, delay: float
    ) -> Result:
        try:
            key = key_of(record.body)
        except ValueError as error:
            log.warning("record_unreadable", record=record.id, reason=str(error))
            return Result(done=False, outcome="unreadable", delay=delay)
        claimed = self.claims.claim(key, lease)
        if isinstance(claimed, NotClaimed):
            result = _not_ours(claimed, delay)
            # Loud where the record may become a dead letter: people look for its reason by its id.
            tell = log.info if result.done else log.warning
            tell("message_not_ours", record=record.id, message_id=key.id, reason=_WHY[claimed.why])
            return result
        try:
            note = self.do(claimed, invocation)
        except TryFailedError as failure:
            return self._failed(record, claimed, failure, delay, last=last)
        self.claims.complete(claimed, note)
        kind = claimed.message.message_type
        log.info("message_completed", message_id=key.id, message_type=kind, note=note)
        return Result(done=True, outcome="completed")

    def _failed(
        self,
        record: Record,
        claimed: Claimed,
        failure: TryFailedError,
        delay: float,
        *,
        last: bool,
    ) -> Result:
        reason, message_id = str(failure), claimed.message.id
        log.warning("try_failed", record=record.id, message_id=message_id, reason=reason, last=last)
        if last:
            self.claims.fail(claimed, reason, settled=failure.settled)
            return Result(done=False, outcome="failed")
        self.claims.requeue(claimed, reason, settled=failure.settled)
        return Result(done=False, outcome="retried", delay=max(delay, failure.retry_after))


def measure(metrics: Metrics, results: list[tuple[Record, Result]]) -> None:
    """Count how the work on records ended, and how many tries failed, zero included."""
    outcomes = Counter(result.outcome for _, result in results)
    for outcome, count in outcomes.items():
        metrics.add(f"Messages{outcome.capitalize()}", count)
    metrics.add("TriesFailed", sum(not result.done for _, result in results))


def failures(results: list[tuple[Record, Result]]) -> dict[str, Any]:
    """What Lambda is answered: the records that are to be delivered again."""
    failed = [record.id for record, result in results if not result.done]
    return {"batchItemFailures": [{"itemIdentifier": identity} for identity in failed]}


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="work")


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
