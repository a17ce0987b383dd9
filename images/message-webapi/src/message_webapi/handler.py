"""The messages' HTTP API and its page: every route of the API ends here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# First: it prepares a fast start for the imports below.
from function_kit.handler import lambda_handler

from message_webapi.errors import own_errors
from message_webapi.routes import ROUTER
from message_webapi.settings import WebApiSettings, outbox, schedules

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE = "message-webapi"


def _checks(settings: WebApiSettings) -> dict[str, Callable[[], None]]:
    return {"messages": outbox(settings).check, "schedules": schedules(settings).check}


@lambda_handler(service=SERVICE, settings=WebApiSettings, checks=_checks, api="message_webapi.api")
@own_errors
def handler(event: dict[str, Any], context: Any, settings: WebApiSettings) -> dict[str, Any]:
    """Answer one request of the HTTP API (payload 2.0).

    Args:
        event: API Gateway's.
        context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        What the route answers; 404 for anything else, 400 with a reason for each bad field, 503
        when AWS is busy or away.
    """
    return ROUTER.serve(event, context.aws_request_id, settings)
