"""Routes of messages: list, look at, send and retry."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from function_kit.http_api import HttpError, Response, invalid, response
from message_kit.cursor import BadCursorError
from message_kit.message import Draft, timestamp
from message_kit.store import ConflictError, NotFoundError

from message_webapi.requests import ListQuery, MessagePath, NewMessage
from message_webapi.settings import WebApiSettings, outbox, store

if TYPE_CHECKING:
    from function_kit.routing import Request
    from message_kit.message import Message


_ID: Final = re.compile(r"^msg_\d{14}_[0-9a-z]{8,32}$", re.ASCII)


def health(request: Request, settings: WebApiSettings) -> Response:
    """Whether the function runs, and for which stage. It touches nothing, so that it is quick."""
    now = timestamp(datetime.now(UTC))
    body = {"status": "ok", "timestamp": now, "stage": settings.stage}
    return response(200, body, request.id)


def list_messages(request: Request, settings: WebApiSettings) -> Response:
    """A page of messages, newest first."""
    wanted = ListQuery.model_validate(request.query)
    body: dict[str, Any] = {"messages": [], "count": 0}
    # The table is this stage's alone, and a cursor of its lists is none of an empty one.
    if wanted.stage in {None, settings.stage} or wanted.cursor is not None:
        body = _page(wanted, settings)
    return response(200, body, request.id)


def _page(wanted: ListQuery, settings: WebApiSettings) -> dict[str, Any]:
    try:
        page = store(settings).page(
            stage=wanted.stage or settings.stage,
            status=wanted.status,
            limit=wanted.limit,
            cursor=wanted.cursor,
        )
    except BadCursorError as error:
        raise invalid([{"field": "cursor", "reason": str(error)}]) from None
    more = {"next_cursor": page.next_cursor} if page.next_cursor else {}
    return {"messages": page.documents, "count": len(page.documents), **more}


def get_message(request: Request, settings: WebApiSettings) -> Response:
    """One message with its timeline."""
    message_id = _id(request)
    message = store(settings).get(message_id)
    if message is None:
        raise _unknown(message_id)
    return response(200, whole(message), request.id)


def create_message(request: Request, settings: WebApiSettings) -> Response:
    """Send a message: it is stored when this answers, and published soon if not yet."""
    wanted = NewMessage.model_validate(request.body())
    if wanted.stage not in {None, settings.stage}:
        reason = f"this is the API of {settings.stage}"
        raise invalid([{"field": "stage", "reason": reason}])
    draft = Draft.model_construct(**{k: v for k, v in wanted if k != "stage"})
    message = send(draft, settings)
    return response(201, message.document(), request.id)


def send(draft: Draft, settings: WebApiSettings) -> Message:
    """Make a message and send it.

    Raises:
        HttpError: 400, it is too big.
        AwsError: It was not stored.
    """
    try:
        message = draft.message(settings.stage, datetime.now(UTC))
    except ValueError as error:
        raise invalid([{"field": "body", "reason": str(error)}]) from None
    outbox(settings).send(message)
    return message


def retry_message(request: Request, settings: WebApiSettings) -> Response:
    """Send a failed message once more."""
    message_id = _id(request)
    try:
        message = outbox(settings).retry(message_id, note="asked for by the API")
    except NotFoundError:
        raise _unknown(message_id) from None
    except ConflictError as error:
        raise HttpError(
            409,
            "not_failed",
            f"Only a failed message can be tried again; this one is {error.status}.",
        ) from None
    return response(200, whole(message), request.id)


def whole(message: Message) -> dict[str, Any]:
    """A message with its timeline."""
    timeline = [moment.model_dump(mode="json") for moment in message.timeline]
    return {**message.document(), "timeline": timeline}


def _id(request: Request) -> str:
    """The message's id in a path. The table holds other things beside messages."""
    path = MessagePath.model_validate(request.parameters)
    if not _ID.match(path.id):
        raise _unknown(path.id)
    return path.id


def _unknown(message_id: str) -> HttpError:
    return HttpError(404, "not_found", f"There is no message {message_id[:100]}.")
