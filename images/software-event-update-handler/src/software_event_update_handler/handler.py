"""Software updates of devices: `POST /software-updates`, `POST /swups`, and their history."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

# First: it prepares a fast start for the imports below.
from function_kit.aws_errors import AwsError
from function_kit.handler import lambda_handler
from function_kit.http_api import HttpError, http_api, invalid, parameters, parse_body, response
from function_kit.logging import get_logger

from software_event_update_handler import cursor
from software_event_update_handler.answers import HistoryPath, HistoryQuery, State
from software_event_update_handler.events import UpdateEvent
from software_event_update_handler.settings import UpdateSettings
from software_event_update_handler.store import EventIdReused, Updates

if TYPE_CHECKING:
    from collections.abc import Callable

    from function_kit.http_api import Response

    from software_event_update_handler.progress import Progress

SERVICE = "software-event-update-handler"


@cache
def _updates(settings: UpdateSettings) -> Updates:
    """The table and its client, made once, when the environment starts."""
    return Updates(settings.software_updates_table)


def _checks(settings: UpdateSettings) -> dict[str, Callable[[], None]]:
    return {"table": _updates(settings).check}


@lambda_handler(
    service=SERVICE,
    settings=UpdateSettings,
    checks=_checks,
    api="software_event_update_handler.api",
)
@http_api
def handler(event: dict[str, Any], context: Any, settings: UpdateSettings) -> Response:
    """Keep an event of a device, or tell its history.

    Args:
        event: An HTTP API's (payload 2.0), or the fields of `UpdateEvent`.
        context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        200, 400, 404 or 409 as the README says; 503 when the table does not answer.
    """
    updates = _updates(settings)
    try:
        if event.get("requestContext", {}).get("http", {}).get("method") == "GET":
            return _history(event, updates, context.aws_request_id)
        told = parse_body(event) if "requestContext" in event else parameters(event)
        return _tell(_arrived(told), updates, context.aws_request_id)
    except AwsError as error:
        get_logger().exception("table_unavailable", code=error.code)
        message = "The table does not answer; send the same again later."
        raise HttpError(503, "storage_unavailable", message) from None


def _arrived(told: dict[str, Any]) -> UpdateEvent:
    event = UpdateEvent.model_validate(told)
    if problem := event.problem(datetime.now(UTC)):
        raise invalid([problem])
    return event


def _tell(event: UpdateEvent, updates: Updates, request_id: str) -> Response:
    try:
        duplicate = updates.keep(event)
    except EventIdReused:
        stands = updates.stands(event.device_id)
        message = "This event_id was used for another event of the device."
        return _refused("event_id_reused", message, stands, request_id, kept=False)
    stands = updates.settle(event.device_id)
    get_logger().info("update_event_kept", event_id=event.event_id, status=event.status)
    if stands is None or not stands.counts(event):
        return _refused(*_reason(event, stands), stands, request_id, kept=True)
    body = {
        "success": True,
        "device_id": event.device_id,
        "event_id": event.event_id,
        "duplicate": duplicate,
        "state": _state(stands),
    }
    return response(200, body, request_id)


def _reason(event: UpdateEvent, stands: Progress | None) -> tuple[str, str]:
    """Why an event that is kept does not count."""
    if stands is None:
        return "illegal_transition", "Nothing was requested yet, so nothing can follow."
    if event.order < stands.counted[0].order:
        return "stale_transition", "A later update was requested after this event's time."
    before = max(
        (each for each in stands.counted if each.order < event.order), key=lambda each: each.order
    )
    if event.version != before.version:
        return "illegal_transition", f"The update under way is to {before.version}."
    stood = f"{before.status.value}, where the device stood at this event's time"
    return "illegal_transition", f"{event.status.value} does not follow {stood}."


def _refused(
    code: str, message: str, stands: Progress | None, request_id: str, *, kept: bool
) -> Response:
    body = {
        "success": False,
        "error": {"code": code, "message": message},
        "kept": kept,
        "state": _state(stands),
    }
    return response(409, body, request_id)


def _history(event: dict[str, Any], updates: Updates, request_id: str) -> Response:
    path = HistoryPath.model_validate(event.get("pathParameters") or {})
    query = HistoryQuery.model_validate(event.get("queryStringParameters") or {})
    before = cursor.decode(query.cursor) if query.cursor else None
    # One more than asked for tells whether there is another page.
    found = list(islice(updates.newest(path.device_id, before), query.limit + 1))
    if not found and before is None:
        raise HttpError(404, "not_found", "This device has told nothing yet.")
    page = found[: query.limit]
    body = {
        "device_id": path.device_id,
        "state": _state(updates.stands(path.device_id)),
        "events": [each.model_dump(mode="json", exclude={"device_id"}) for each in page],
        "next_cursor": cursor.encode(page[-1].order) if len(found) > query.limit else None,
    }
    return response(200, body, request_id)


def _state(stands: Progress | None) -> dict[str, Any] | None:
    state = State.of(stands)
    return state.model_dump(mode="json") if state else None
