"""Stores treatments: `POST /ppu/treatments`, `POST /load`, an object of S3, or directly."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

# First: it prepares a fast start for the imports below.
from function_kit.database import database
from function_kit.deadline import Deadline
from function_kit.handler import lambda_handler
from function_kit.http_api import HttpError, http_api, parse_body

from insert_ppu_data import answers
from insert_ppu_data.batch import outcome, read_one, read_records, write_one, write_records
from insert_ppu_data.imports import store_object
from insert_ppu_data.models import ImportRequest
from insert_ppu_data.objects import Objects
from insert_ppu_data.patience import twice
from insert_ppu_data.settings import TreatmentSettings
from insert_ppu_data.uploads import is_upload, store_uploads

if TYPE_CHECKING:
    from collections.abc import Callable

    from function_kit.http_api import Response
    from function_kit.postgres import Postgres

SERVICE: Final = "insert-ppu-data"
MAX_BODY: Final = 5_000_000  # characters; Lambda itself takes 6 MB
# Seconds, of 6: a statement; and what is kept back to answer.
_STATEMENT: Final = 2.5
_RESERVE: Final = 0.4


@cache
def _postgres(settings: TreatmentSettings) -> Postgres:
    """The connection, made once and opened by the first who needs it."""
    return database(settings, statement_timeout=_STATEMENT, application_name=SERVICE)


@cache
def _objects(settings: TreatmentSettings) -> Objects:
    return Objects(settings)


def _checks(settings: TreatmentSettings) -> dict[str, Callable[[], None]]:
    return {"database": _postgres(settings).check, "objects": _objects(settings).check}


@lambda_handler(
    service=SERVICE, settings=TreatmentSettings, checks=_checks, api="insert_ppu_data.api"
)
def handler(event: dict[str, Any], context: Any, settings: TreatmentSettings) -> Response:
    """Store the treatments that the event holds or names.

    Args:
        event: An HTTP API's (payload 2.0) with a JSON body, an object of the same form, or S3's
            event for new objects.
        context: Lambda's.
        settings: Loaded from the environment.

    Raises:
        UploadFailed: An object of S3's event could not be stored; Lambda tries again.
        DatabaseUnavailable: The same.
    """
    if is_upload(event):
        deadline = Deadline.from_context(context, _RESERVE)
        return store_uploads(event, _objects(settings), _postgres(settings), settings, deadline)
    return _answer(event, context, settings)


@http_api
def _answer(event: dict[str, Any], context: Any, settings: TreatmentSettings) -> Response:
    """Answer a request.

    Returns:
        200 with what was stored; 400 naming each bad field; 403, 404, 409 for objects that may
        not be read, are not there, have changed; 409 for a key of another treatment; 413 for too
        much at once; 503 when the database or S3 does not answer.
    """
    deadline = Deadline.from_context(context, _RESERVE)
    postgres, environment = _postgres(settings), settings.environment
    body = _body(event)
    if "records" in body:
        batch = read_records(body)
        written = twice(lambda: write_records(batch, postgres, environment, deadline), deadline)
        return answers.records(*outcome(batch, written), environment, context.aws_request_id)
    if "object" in body:
        request, objects = ImportRequest.model_validate(body), _objects(settings)
        done = twice(
            lambda: store_object(request, objects, postgres, environment, deadline), deadline
        )
        return answers.imported(done, environment, context.aws_request_id)
    one = read_one(body)
    stored = twice(lambda: write_one(one, postgres, environment, deadline), deadline)
    return answers.stored(one, stored, environment, context.aws_request_id)


def _body(event: dict[str, Any]) -> dict[str, Any]:
    """The request, from an HTTP API's event or as it is."""
    if "requestContext" not in event and "body" not in event:
        return event
    if len(event.get("body") or "") > MAX_BODY:
        message = f"The body is larger than {MAX_BODY} bytes: send an object of NDJSON."
        raise HttpError(413, "too_large", message)
    return parse_body(event)
