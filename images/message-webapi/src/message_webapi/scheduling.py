"""Routes of schedules that make messages: list, create, pause, resume, delete and run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from function_kit.http_api import HttpError, Response, invalid, response
from message_kit.schedule import RefusedScheduleError, Schedule
from message_kit.schedules import ScheduleExistsError, ScheduleNotFoundError

from message_webapi.messages import send
from message_webapi.requests import SchedulePath
from message_webapi.settings import WebApiSettings, schedules

if TYPE_CHECKING:
    from collections.abc import Callable

    from function_kit.routing import Request


def list_schedules(request: Request, settings: WebApiSettings) -> Response:
    """All schedules, by name."""
    found = [_shown(schedule) for schedule in schedules(settings).all()]
    return response(200, {"schedules": found, "count": len(found)}, request.id)


def create_schedule(request: Request, settings: WebApiSettings) -> Response:
    """Make a schedule; the same one again is no error."""
    schedule = Schedule.model_validate(request.body())
    try:
        schedules(settings).create(schedule)
    except RefusedScheduleError as error:
        raise _not_taken(error) from None
    except ScheduleExistsError:
        raise HttpError(
            409, "exists", f"There is another schedule {schedule.name}: delete it first."
        ) from None
    return response(201, _shown(schedule), request.id)


def pause_schedule(request: Request, settings: WebApiSettings) -> Response:
    """Keep a schedule from making messages."""
    return _changed(request, schedules(settings).pause)


def resume_schedule(request: Request, settings: WebApiSettings) -> Response:
    """Let a paused schedule make messages again."""
    return _changed(request, schedules(settings).resume)


def delete_schedule(request: Request, settings: WebApiSettings) -> Response:
    """Delete a schedule. Messages that it made stay."""
    name = SchedulePath.model_validate(request.parameters).name
    try:
        schedules(settings).delete(name)
    except ScheduleNotFoundError:
        raise _unknown(name) from None
    return response(200, {"name": name, "deleted": True}, request.id)


def run_schedule(request: Request, settings: WebApiSettings) -> Response:
    """Make a schedule's message now, whether it is paused or not."""
    name = SchedulePath.model_validate(request.parameters).name
    try:
        schedule = schedules(settings).get(name)
    except ScheduleNotFoundError:
        raise _unknown(name) from None
    message = send(schedule.message, settings)
    return response(201, message.document(), request.id)


def _changed(request: Request, change: Callable[[str], Schedule]) -> Response:
    name = SchedulePath.model_validate(request.parameters).name
    try:
        schedule = change(name)
    except ScheduleNotFoundError:
        raise _unknown(name) from None
    except RefusedScheduleError as error:
        raise _not_taken(error) from None
    return response(200, _shown(schedule), request.id)


def _shown(schedule: Schedule) -> dict[str, Any]:
    return schedule.model_dump(mode="json", exclude_none=True)


def _not_taken(error: RefusedScheduleError) -> HttpError:
    return invalid([{"field": error.field, "reason": str(error)}])


def _unknown(name: str) -> HttpError:
    return HttpError(404, "not_found", f"There is no schedule {name}.")
