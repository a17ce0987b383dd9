"""Makes Parquet of the days that bronze has completed, or of those that it is asked for."""

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

from silver_processing.bronze import SUMMARY, Bronze
from silver_processing.request import Request
from silver_processing.run import Run
from silver_processing.settings import AWS_TIMEOUT, SERVICE, SilverSettings
from silver_processing.silver import Silver

if TYPE_CHECKING:
    from collections.abc import Callable


class _Services(NamedTuple):
    bronze: Bronze
    silver: Silver
    metrics: Metrics


@cache
def _services(settings: SilverSettings) -> _Services:
    """The clients, made once, when the environment starts."""
    bronze = Bucket(settings.bronze_bucket, AWS_TIMEOUT)
    silver = Bucket(settings.silver_bucket, AWS_TIMEOUT)
    reads = ThreadPoolExecutor(settings.silver_reads, thread_name_prefix="bronze")
    metrics = Metrics("LambdaFleet", SERVICE, settings.environment)
    return _Services(Bronze(bronze, reads), Silver(silver), metrics)


def _checks(settings: SilverSettings) -> dict[str, Callable[[], None]]:
    services = _services(settings)
    return {"bronze": services.bronze.check, "silver": services.silver.check}


@lambda_handler(service=SERVICE, settings=SilverSettings, checks=_checks)
def handler(event: dict[str, Any], context: Any, settings: SilverSettings) -> dict[str, Any]:
    """Deal with a batch of bronze's notifications, or with a request for days.

    Args:
        event: SQS's batch of S3's notifications of bronze's summary, or a `request.Request`.
        context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        `batchItemFailures` for a batch, a `run.Report` for a request.

    Raises:
        ValidationError: The event is neither.
        AwsError: S3 could not be used, on a request.
    """
    services = _services(settings)
    deadline = Deadline.from_context(context, settings.silver_reserve)
    run = Run(services.bronze, services.silver, services.metrics, deadline)
    if not arrivals.is_batch(event):
        return run.days(Request.model_validate(event).days()).as_json()
    return _batch(event, run, settings)


def _batch(event: dict[str, Any], run: Run, settings: SilverSettings) -> dict[str, Any]:
    """One run for the whole batch: every message says the same, that the summary is new."""
    batch = arrivals.read(event)
    here = (settings.bronze_bucket, SUMMARY)
    heard = [each.message_id for each in batch.arrivals if (each.bucket, each.key) == here]
    strange = [each.message_id for each in batch.arrivals if each.message_id not in heard]
    if strange:
        get_logger().error("not_of_the_summary", messages=strange)
    if not heard:
        return arrivals.failures([*batch.unreadable, *strange])
    try:
        run.catch_up()
    except Exception:  # noqa: BLE001 - whatever it is, the messages come again, and then are kept
        get_logger().exception("run_failed")
        return arrivals.failures([*batch.unreadable, *strange, *heard])
    return arrivals.failures([*batch.unreadable, *strange])
