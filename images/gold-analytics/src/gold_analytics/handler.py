"""Brings the seasons up to date whose days have arrived in silver, or that it is asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

# First: it prepares a fast start for the imports below.
from function_kit import arrivals
from function_kit.deadline import Deadline
from function_kit.handler import lambda_handler
from function_kit.logging import get_logger
from function_kit.metrics import Metrics
from function_kit.s3 import Bucket

from gold_analytics.days import SchemaChangedError
from gold_analytics.gold import Gold
from gold_analytics.request import Request
from gold_analytics.run import Run
from gold_analytics.settings import AWS_TIMEOUT, SERVICE, GoldSettings
from gold_analytics.silver import Silver, partition

if TYPE_CHECKING:
    from collections.abc import Callable


class _Services(NamedTuple):
    silver: Silver
    gold: Gold
    metrics: Metrics


@cache
def _services(settings: GoldSettings) -> _Services:
    """The clients, made once, when the environment starts."""
    silver = Bucket(settings.silver_bucket, AWS_TIMEOUT)
    gold = Bucket(settings.gold_bucket, AWS_TIMEOUT)
    calls = ThreadPoolExecutor(settings.gold_calls, thread_name_prefix="s3")
    metrics = Metrics("LambdaFleet", SERVICE, settings.environment)
    return _Services(Silver(silver, calls), Gold(gold, calls), metrics)


def _checks(settings: GoldSettings) -> dict[str, Callable[[], None]]:
    services = _services(settings)
    return {"silver": services.silver.check, "gold": services.gold.check}


@lambda_handler(service=SERVICE, settings=GoldSettings, checks=_checks)
def handler(event: dict[str, Any], context: Any, settings: GoldSettings) -> dict[str, Any]:
    """Deal with a batch of silver's notifications, or with a request for seasons.

    Args:
        event: SQS's batch of S3's notifications of silver's files, or a `request.Request`.
        context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        `batchItemFailures` for a batch, the counts of `gold.Written` by season for a request.

    Raises:
        ValidationError: The event is neither.
        SchemaChangedError: Silver has a schema that is not known, on a request.
        AwsError: S3 could not be used, on a request.
    """
    services = _services(settings)
    deadline = Deadline.from_context(context, settings.gold_reserve)
    run = Run(services.silver, services.gold, services.metrics, deadline)
    if arrivals.is_batch(event):
        return _batch(event, run, settings, services.metrics)
    seasons = sorted(set(Request.model_validate(event).seasons))
    return {each: run.season(each, every=True)._asdict() for each in seasons}


def _batch(
    event: dict[str, Any], run: Run, settings: GoldSettings, metrics: Metrics
) -> dict[str, Any]:
    """One look at each season, however many of its days have arrived."""
    batch = arrivals.read(event)
    failed = list(batch.unreadable)
    seasons: dict[str, list[str]] = {}
    for each in batch.arrivals:
        place = partition(each.key) if each.bucket == settings.silver_bucket else None
        if place is None:
            get_logger().error("not_a_day_of_silver", message_id=each.message_id)
            failed.append(each.message_id)
        else:
            seasons.setdefault(place.season, []).append(each.message_id)
    for season, messages in sorted(seasons.items()):
        try:
            run.season(season)
            # Silence is how a lake that stands still is noticed.
            metrics.add("SeasonsBroughtUpToDate", 1)
        except Exception as error:  # noqa: BLE001 - the others go on; these messages come again
            get_logger().exception("season_failed", season=season)
            failed += messages
            metrics.add("SchemaChanges", int(isinstance(error, SchemaChangedError)))
    return arrivals.failures(failed)
