"""Fetches the schedule and the box scores of a day, or goes on with a run out of its queue."""

from __future__ import annotations

import contextlib
from functools import cache
from typing import TYPE_CHECKING, Any

# First: it prepares a fast start for the imports below.
from function_kit import http
from function_kit.handler import lambda_handler
from function_kit.metrics import Metrics
from function_kit.s3 import Bucket, Changed
from function_kit.signed_api import SignedApi

from bronze_ingestion import models
from bronze_ingestion.announcement import Announcement
from bronze_ingestion.asking import Asking
from bronze_ingestion.freshness import INDEX, Freshness
from bronze_ingestion.ingestion import Services
from bronze_ingestion.lake import JSON, Lake
from bronze_ingestion.quarantine import Quarantine
from bronze_ingestion.queue import Queue
from bronze_ingestion.rate import Limits, Rate
from bronze_ingestion.settings import AWS_TIMEOUT, BronzeSettings
from bronze_ingestion.source import Source
from bronze_ingestion.state import State
from bronze_ingestion.work import Invocation, Worker

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE = "bronze-ingestion"


@cache
def _bucket(settings: BronzeSettings) -> Bucket:
    return Bucket(settings.bronze_bucket, AWS_TIMEOUT)


@cache
def _gold(settings: BronzeSettings) -> Bucket:
    return Bucket(settings.gold_bucket, AWS_TIMEOUT)


@cache
def _state(settings: BronzeSettings) -> State:
    return State(SignedApi("dynamodb", timeout=AWS_TIMEOUT), settings.ingestion_table)


@cache
def _queue(settings: BronzeSettings) -> Queue:
    return Queue(SignedApi("sqs", timeout=AWS_TIMEOUT), settings.ingestion_queue_url)


@cache
def _worker(settings: BronzeSettings) -> Worker:
    """What does the work, made once, when the environment starts."""
    bucket, state = _bucket(settings), _state(settings)
    lake, quarantine = Lake(bucket, models.now), Quarantine(bucket, models.now)
    limits = Limits.of(settings.rate_per_minute, settings.rate_gap)
    source = Source(http.client(max_connections=1), settings.source_url, settings.source_timeout)
    services = Services(
        asking=Asking(source, Rate(state, limits, settings.patience)),
        lake=lake,
        quarantine=quarantine,
        announcement=Announcement(bucket, state, lake, quarantine, models.now),
        freshness=Freshness(bucket, _gold(settings)),
        metrics=Metrics("LambdaFleet", SERVICE, settings.environment),
    )
    return Worker(services, _queue(settings), models.now)


def _checks(settings: BronzeSettings) -> dict[str, Callable[[], None]]:
    _worker(settings)
    bucket, gold, state = _bucket(settings), _gold(settings), _state(settings)

    def bronze() -> None:
        bucket.require()
        with contextlib.suppress(Changed):  # from the second release on
            bucket.put("_metadata/smoke.json", b"{}", JSON, replaces="")
        bucket.get("_metadata/smoke.json")

    def index() -> None:
        gold.require()
        gold.get(INDEX)

    def table() -> None:
        state.put("smoke", {"seen": 1})
        state.get("smoke")

    # Not the source: its rate is for runs.
    return {"bronze": bronze, "gold": index, "table": table, "queue": _queue(settings).check}


@lambda_handler(service=SERVICE, settings=BronzeSettings, checks=_checks)
def handler(event: dict[str, Any], context: Any, settings: BronzeSettings) -> dict[str, Any]:
    """Begin a run, or go on with those in the queue's records.

    Args:
        event: See `models.Event`; or SQS's, with `Records`.
        context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        `{status, message, target_date, dry_run, duration_seconds, correlation_id}`; or
        `batchItemFailures` with the records that are to be delivered again.

    Raises:
        ValidationError: The event is not one of ours.
        RunFailed: Nothing of the day could be had.
    """
    invocation = Invocation(context.aws_request_id, context, settings.reserve)
    if "Records" in event:
        return _worker(settings).records(event, invocation)
    return _worker(settings).begin(models.Event.model_validate(event), invocation)
