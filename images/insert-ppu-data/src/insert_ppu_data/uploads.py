"""S3's event for new objects: what is in them is stored, all of it or none."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from function_kit.http_api import HttpError
from function_kit.logging import get_logger

from insert_ppu_data.imports import store_object
from insert_ppu_data.models import ImportRequest, ObjectPlace
from insert_ppu_data.patience import twice

if TYPE_CHECKING:
    from function_kit.deadline import Deadline
    from function_kit.postgres import Postgres

    from insert_ppu_data.objects import Objects
    from insert_ppu_data.report import Report
    from insert_ppu_data.settings import TreatmentSettings


class UploadFailed(Exception):  # noqa: N818 - reaches operators as the error's type
    """An uploaded object was not stored; the message says why, without a value of it."""


def is_upload(event: dict[str, Any]) -> bool:
    """Whether an event is S3's."""
    records = event.get("Records")
    return isinstance(records, list) and all(
        isinstance(record, dict) and record.get("eventSource") == "aws:s3" for record in records
    )


def store_uploads(
    event: dict[str, Any],
    objects: Objects,
    postgres: Postgres,
    settings: TreatmentSettings,
    deadline: Deadline,
) -> dict[str, Any]:
    """Store what is in the objects of an event.

    Nobody reads the answer: what is not stored must fail, so that Lambda tries it again and an
    alarm tells of it.

    Raises:
        UploadFailed: An object was not stored.
        DatabaseUnavailable: The database is away.
    """
    done = []
    for record in event["Records"]:
        request, environment = _request(record, settings), settings.environment
        work = partial(store_object, request, objects, postgres, environment, deadline)
        try:
            report = twice(work, deadline).report
        except HttpError as error:
            raise UploadFailed(_told(error)) from None
        get_logger().info("upload_stored", inserted=report.inserted, known=report.already_stored)
        done.append(_counts(report))
    return {"statusCode": 200, "stored": done}


def _request(record: dict[str, Any], settings: TreatmentSettings) -> ImportRequest:
    if record["s3"]["bucket"]["name"] != settings.treatment_bucket:
        raise UploadFailed("the event is of another bucket than the function's")
    return ImportRequest(object=_place(record["s3"]["object"]), on_error="reject_all")


def _place(told: dict[str, Any]) -> ObjectPlace:
    """What was put there, and not what somebody may have put over it since: events come late."""
    etag = told.get("eTag")
    return ObjectPlace(
        key=unquote_plus(told["key"]),
        version_id=told.get("versionId"),
        # A bucket without versions has only this: what was overwritten must fail.
        etag=f'"{etag}"' if etag else None,
    )


def _told(error: HttpError) -> str:
    fields = "; ".join(f"{field['field']}: {field['reason']}" for field in error.fields or [])
    return f"{error.status} {error.code}: {fields or error.message}"


def _counts(report: Report) -> dict[str, int]:
    return {"inserted": report.inserted, "already_stored": report.already_stored}
