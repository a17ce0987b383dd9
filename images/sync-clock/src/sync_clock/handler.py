"""Tells the time, and a device how its clock stands to ours: `GET /clock`, `POST /clock`."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

# First: it prepares a fast start for the imports below.
from function_kit.aws_errors import AwsError
from function_kit.deadline import Deadline
from function_kit.handler import lambda_handler
from function_kit.http_api import http_api, invalid, parameters, parse_body, response
from function_kit.logging import get_logger

from sync_clock import answer
from sync_clock.drift import Sync, drift_ppm, leapt, since_leap
from sync_clock.exchange import Exchange
from sync_clock.request import ClockRequest
from sync_clock.settings import ClockSettings
from sync_clock.store import Syncs

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE = "sync-clock"
# Seconds between API Gateway's clock and ours beyond which we do not believe it.
_BELIEVED = 5.0
_TO_ANSWER = 0.1


@cache
def _syncs(settings: ClockSettings) -> Syncs:
    """The table and its client, made once, when the environment starts."""
    return Syncs(settings.clock_table)


def _checks(settings: ClockSettings) -> dict[str, Callable[[], None]]:
    return {"table": _syncs(settings).check}


@lambda_handler(service=SERVICE, settings=ClockSettings, checks=_checks, api="sync_clock.api")
@http_api
def handler(event: dict[str, Any], context: Any, settings: ClockSettings) -> dict[str, Any]:
    """Tell the time; with a device's own times, how its clock stands to ours.

    Args:
        event: An HTTP API's (payload 2.0), with the fields of `ClockRequest` in its JSON body or
            without one; or an object of just these.
        context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        200 with the time; 400 with a reason for each bad field. A table that is away is said in
        the answer and does not keep the clock from answering.
    """
    received = _received(event, time.time())
    told = _told(event)
    ntp = None
    if told is not None:
        request = ClockRequest.model_validate(told)
        if problem := request.problem(received):
            raise invalid([problem])
        deadline = Deadline.from_context(context, _TO_ANSWER)
        ntp = _ntp(request, received, _syncs(settings), deadline)
    body = answer.clock(time.time(), ntp, settings.environment, context)
    return response(200, body, context.aws_request_id, answer.NO_CACHE)


def _told(event: dict[str, Any]) -> dict[str, Any] | None:
    """What a device tells of its own times; None of whoever only wants to know the time."""
    method = event.get("requestContext", {}).get("http", {}).get("method")
    if method is None:
        return parameters(event) or None
    return None if method == "GET" else parse_body(event)


def _received(event: dict[str, Any], now: float) -> float:
    """When the request reached us: API Gateway's clock knows it before a cold start."""
    epoch = event.get("requestContext", {}).get("timeEpoch", 0) / 1000
    return float(epoch) if 0 <= now - epoch <= _BELIEVED else now


def _ntp(
    request: ClockRequest, received: float, syncs: Syncs, deadline: Deadline
) -> dict[str, Any]:
    told: dict[str, Any] = {"t1": request.t1, "t2": received}
    if request.last is None:
        return {**told, "last": None, "leap": False, "drift_ppm": None, "stored": False}
    last = Exchange(request.last.t1, request.last.t2, request.last.t3, request.last.t4)
    if not last.plausible:
        # Its clock was set between t1 and t4: the four times do not belong together.
        return {**told, "last": None, "leap": True, "drift_ppm": None, "stored": False}
    measured = {
        "offset": last.offset,
        "delay": last.delay,
        "error_bound": last.error_bound,
    }
    return {**told, "last": measured, **_kept(request.device_id, last, received, syncs, deadline)}


def _kept(
    device: str, last: Exchange, now: float, syncs: Syncs, deadline: Deadline
) -> dict[str, Any]:
    sync = Sync(last.t3, last.offset, last.delay)
    try:
        known = syncs.add(device, sync, now, deadline)
    except AwsError as error:
        get_logger().exception("sync_not_kept", code=error.code)
        return {"leap": False, "drift_ppm": None, "stored": False}
    ordered = sorted(set(known))
    leap = len(ordered) > 1 and leapt(ordered[-2], ordered[-1])
    return {"leap": leap, "drift_ppm": drift_ppm(since_leap(ordered)), "stored": True}
