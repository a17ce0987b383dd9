"""Sends notifications out of a queue, each once, and carries out what is asked about schedules."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

# First: it prepares a fast start for the imports below.
from function_kit import tls
from function_kit.handler import lambda_handler
from function_kit.metrics import Metrics
from message_kit.outbound import Outbound
from message_kit.work import AT_ONCE, Invocation, Worker, failures, measure

from message_processor.ntfy import Ntfy
from message_processor.settings import NAME, ProcessorSettings
from message_processor.work import Doing

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def _doing(settings: ProcessorSettings) -> Doing:
    """What does the work, made once, when the environment starts."""
    settings.ntfy_url.prepare()
    outbound = Outbound(tls.context(), connections=AT_ONCE)
    return Doing(
        outbox=settings.outbox(),
        schedules=settings.schedules(),
        ntfy=Ntfy(outbound, settings.ntfy_url, timeout=settings.ntfy_timeout),
        ntfy_seconds=settings.ntfy_seconds,
    )


@cache
def _worker(settings: ProcessorSettings) -> Worker:
    return settings.worker(_doing(settings).do)


@cache
def _metrics(settings: ProcessorSettings) -> Metrics:
    return Metrics("LambdaFleet", NAME, settings.environment)


def _checks(settings: ProcessorSettings) -> dict[str, Callable[[], None]]:
    doing, worker = _doing(settings), _worker(settings)
    return {
        "messages": worker.claims.check,
        "outbox": doing.outbox.check,
        "schedules": doing.schedules.check,
        "ntfy": doing.ntfy.check,
        "queue": worker.queue.check,
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
    results = _worker(settings).batch(event, Invocation.of(context))
    measure(_metrics(settings), results)
    return failures(results)
