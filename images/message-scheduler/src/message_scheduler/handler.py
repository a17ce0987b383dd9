"""Makes the messages that schedules ask for, and publishes those that were left behind."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

# First: it prepares a fast start for the imports below.
from function_kit.deadline import Deadline
from function_kit.handler import lambda_handler
from function_kit.logging import get_logger
from function_kit.metrics import Metrics

from message_scheduler.events import SYSTEM, Due, Sweep
from message_scheduler.settings import NAME, SchedulerSettings
from message_scheduler.sweep import sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from message_kit.claims import Claims
    from message_kit.outbox import Outbox

_RESERVE: Final = 5.0
log = get_logger()


@cache
def _outbox(settings: SchedulerSettings) -> Outbox:
    return settings.outbox()


@cache
def _claims(settings: SchedulerSettings) -> Claims:
    return settings.claims()


@cache
def _metrics(settings: SchedulerSettings) -> Metrics:
    return Metrics("LambdaFleet", NAME, settings.environment)


def _checks(settings: SchedulerSettings) -> dict[str, Callable[[], None]]:
    return {"outbox": _outbox(settings).check}


@lambda_handler(service=NAME, settings=SchedulerSettings, checks=_checks)
def handler(event: dict[str, Any], context: Any, settings: SchedulerSettings) -> dict[str, Any]:
    """Make the message of a schedule that is due, or sweep.

    Args:
        event: See `events`.
        context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        `{message_id, created}`, where `created` is false when it was there already; or
        `{published, given_up}`.

    Raises:
        ValidationError: The event is neither.
        AwsError: The message was not stored, and Lambda is to try again.
    """
    if "sweep" in event:
        Sweep.model_validate(event)
        return _sweep(Deadline.from_context(context, _RESERVE), settings)
    due = Due.model_validate(event)
    message = due.made(settings.stage, datetime.now(UTC))
    created = _outbox(settings).send(message)
    log.info("scheduled", schedule=due.schedule, message_id=message.id, created=created)
    if due.schedule.startswith(SYSTEM):
        _metrics(settings).add("ScheduleHeartbeats", 1)
    return {"message_id": message.id, "created": created}


def _sweep(deadline: Deadline, settings: SchedulerSettings) -> dict[str, Any]:
    swept = sweep(_outbox(settings), _claims(settings), settings.abandoned_after_seconds, deadline)
    _metrics(settings).add("MessagesSwept", swept["published"])
    _metrics(settings).add("MessagesGivenUp", swept["given_up"])
    return dict(swept)
