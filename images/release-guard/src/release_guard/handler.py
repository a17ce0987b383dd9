"""Rolls a function back when its error alarm goes off soon after a release."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

# First: it prepares a fast start for the imports below.
from function_kit.handler import InvalidEvent, lambda_handler
from function_kit.metrics import Metrics
from function_kit.signed_api import SignedApi, endpoint, region

from release_guard import alarm, smoke
from release_guard.functions import Functions
from release_guard.guard import Guard
from release_guard.history import History
from release_guard.images import Images
from release_guard.notice import Topic
from release_guard.patience import Patience
from release_guard.services import Services
from release_guard.settings import AWS_TIMEOUT, NAME, GuardSettings

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def _services(settings: GuardSettings) -> Services:
    """The clients, made once, when the environment starts."""
    registry = SignedApi("ecr", base=endpoint("ecr", region(), "api."), timeout=AWS_TIMEOUT)
    return Services(
        settings=settings,
        history=History(SignedApi("dynamodb", timeout=AWS_TIMEOUT), settings.releases_table),
        functions=Functions(SignedApi("lambda", timeout=AWS_TIMEOUT), settings.function_prefix),
        images=Images(registry),
        topic=Topic(SignedApi("sns", timeout=AWS_TIMEOUT), settings.alarm_topic_arn),
        metrics=Metrics("LambdaFleet", NAME, settings.environment),
    )


def _checks(settings: GuardSettings) -> dict[str, Callable[[], None]]:
    return smoke.checks(_services(settings))


@lambda_handler(service=NAME, settings=GuardSettings, checks=_checks)
def handler(event: dict[str, Any], context: Any, settings: GuardSettings) -> dict[str, Any]:
    """Deal with an alarm's change of state, or with a drill.

    Args:
        event: EventBridge's `CloudWatch Alarm State Change`, or `{"drill": <function>}`.
        context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        See `guard.Result`.

    Raises:
        ValidationError: The event is neither.
        AwsError: AWS could not be used; an alarm's event is delivered again.
    """
    guard = Guard(_services(settings), Patience.of(context))
    if "drill" in event:
        if event["drill"] not in settings.guarded_functions:
            raise InvalidEvent("drill must name a guarded function")
        return dict(guard.drill(event["drill"]))
    return dict(guard.handle(alarm.parse(event)))
