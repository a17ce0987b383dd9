"""Calls allowed hosts for messages that ask for it, and tells people what was answered."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

# First: it prepares a fast start for the imports below.
from function_kit import tls
from function_kit.handler import lambda_handler
from function_kit.metrics import Metrics
from function_kit.signed_api import SignedApi
from message_kit.outbound import Outbound
from message_kit.settings import AWS_TIMEOUT
from message_kit.work import Invocation, Worker, failures, measure

from web_action.addresses import Resolver
from web_action.fetch import Fetcher
from web_action.results import Results
from web_action.settings import NAME, WebActionSettings
from web_action.signing import Signing
from web_action.work import Doing

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def _doing(settings: WebActionSettings) -> Doing:
    """What does the work, made once, when the environment starts."""
    # No connection is used again: each is made to an address that was looked at for it.
    outbound = Outbound(tls.context(), resolve=Resolver(settings.trusted_networks), keep=False)
    fetcher = Fetcher(outbound)
    return Doing(
        settings=settings,
        fetcher=fetcher,
        signing=Signing(fetcher, settings.secret_prefix, settings.token_origins),
        results=Results(SignedApi("dynamodb", timeout=AWS_TIMEOUT), settings.results_table),
        outbox=settings.outbox(),
    )


@cache
def _worker(settings: WebActionSettings) -> Worker:
    return settings.worker(_doing(settings).do)


@cache
def _metrics(settings: WebActionSettings) -> Metrics:
    return Metrics("LambdaFleet", NAME, settings.environment)


def _checks(settings: WebActionSettings) -> dict[str, Callable[[], None]]:
    doing, worker = _doing(settings), _worker(settings)
    return {
        "messages": worker.claims.check,
        "outbox": doing.outbox.check,
        "results": doing.results.check,
        "secrets": doing.signing.check,
        "queue": worker.queue.check,
    }


@lambda_handler(service=NAME, settings=WebActionSettings, checks=_checks)
def handler(event: dict[str, Any], context: Any, settings: WebActionSettings) -> dict[str, Any]:
    """Do the actions of a batch of records, all at once.

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
