"""Which code answers which route. `api` documents just these, and refuses to differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from function_kit.routing import Router

from message_webapi import messages, metrics, page, scheduling

if TYPE_CHECKING:
    from message_webapi.settings import WebApiSettings

ROUTER: Final[Router[WebApiSettings]] = Router(
    {
        "GET /": page.get_page,
        "GET /assets/{name}": page.get_asset,
        "GET /api/health": messages.health,
        "GET /api/messages": messages.list_messages,
        "POST /api/messages": messages.create_message,
        "GET /api/messages/{id}": messages.get_message,
        "POST /api/messages/{id}/retry": messages.retry_message,
        "GET /api/metrics": metrics.get_metrics,
        "GET /api/metrics/hourly": metrics.get_hourly,
        "GET /api/schedules": scheduling.list_schedules,
        "POST /api/schedules": scheduling.create_schedule,
        "DELETE /api/schedules/{name}": scheduling.delete_schedule,
        "POST /api/schedules/{name}/pause": scheduling.pause_schedule,
        "POST /api/schedules/{name}/resume": scheduling.resume_schedule,
        "POST /api/schedules/{name}/run": scheduling.run_schedule,
    }
)
