"""Sends notifications out of a queue, each once, and carries out what is asked about schedules."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import TYPE_CHECKING, Any, Final

# First: it prepares a fast start for the imports below.
from function_kit import tls
from function_kit.handler import InvalidEvent, lambda_handler
from function_kit.metrics import Metrics
from function_kit.signed_api import SignedApi
from message_kit.outbound import Outbound
from message_kit.settings import AWS_TIMEOUT

from message_processor.ntfy import Ntfy
from message_processor.queue import Queue, Record
from message_processor.settings import NAME, ProcessorSettings
from message_processor.work import Services, Worker

if TYPE_CHECKING:
    from collections.abc import Callable

AT_ONCE: Final = 10  # the batch's size: ntfy makes us wait, and all of a batch can wait together


@cache
def _services(settings: ProcessorSettings) -> Services:
    """The clients, made once, when the environment starts."""
    settings.ntfy_url.prepare()
    outbound = Outbound(tls.context(), connections=AT_ONCE)
    return Services(
        settings=settings,
        claims=settings.claims(),
        outbox=settings.outbox(),
        schedules=settings.schedules(),
        ntfy=Ntfy(outbound, settings.ntfy_url, timeout=settings.ntfy_timeout),
        queue=Queue(SignedApi("sqs", timeout=AWS_TIMEOUT), settings.queue_url),
    )


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="work")


@cache
def _metrics(settings: ProcessorSettings) -> Metrics:
    return Metrics("LambdaFleet", NAME, settings.environment)


def _checks(settings: ProcessorSettings) -> dict[str, Callable[[], None]]:
    services = _services(settings)
    return {
        "messages": services.claims.check,
        "topic": services.outbox.check,
        "schedules": services.schedules.check,
        "ntfy": services.ntfy.check,
        "queue": services.queue.check,
    }


@lambda_handler(service=NAME, settings=ProcessorSettings, checks=_checks)
def handler(event: dict[str, Any], context: Any, settings: ProcessorSettings) -> dict[str, Any]:
    """Work on a batch of records, all at once.

    Args:
        event: SQS's, with `Records`.
        context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        `batchItemFailures` with the records that are to be delivered again.

    Raises:
        InvalidEvent: There are no records in the event.
    """
    if not isinstance(event.get("Records"), list):
        raise InvalidEvent("the event must have the Records of a queue")
    records = [Record.of(record) for record in event["Records"]]
    ends_at = time.time() + context.get_remaining_time_in_millis() / 1000
    worker = Worker(_services(settings), context.aws_request_id, ends_at)
    tasks = [_pool().submit(copy_context().run, worker.work, record) for record in records]
    results = [task.result() for task in tasks]
    for outcome, count in Counter(result.outcome for result in results).items():
        _metrics(settings).add(f"Messages{outcome.capitalize()}", count)
    failed = [record.id for record, result in zip(records, results, strict=True) if not result.done]
    return {"batchItemFailures": [{"itemIdentifier": identity} for identity in failed]}
