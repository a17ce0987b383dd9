"""Answers with a form for uploading one file: `POST /uploads`, or directly."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

# First: it prepares a fast start for the imports below.
from function_kit.handler import lambda_handler
from function_kit.http_api import http_api, parameters, response
from function_kit.logging import get_logger

from presigned_url_s3_upload.form import Uploads
from presigned_url_s3_upload.request import UploadRequest
from presigned_url_s3_upload.settings import UploadSettings

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE = "presigned-url-s3-upload"


@cache
def _uploads(settings: UploadSettings) -> Uploads:
    """The bucket and its client, made once, when the environment starts."""
    return Uploads(settings)


def _checks(settings: UploadSettings) -> dict[str, Callable[[], None]]:
    return {"bucket": _uploads(settings).check}


@lambda_handler(
    service=SERVICE, settings=UploadSettings, checks=_checks, api="presigned_url_s3_upload.api"
)
@http_api
def handler(event: dict[str, Any], context: Any, settings: UploadSettings) -> dict[str, Any]:
    """Make a form for the file that the caller describes.

    Args:
        event: An HTTP API's (payload 2.0) with the fields of `UploadRequest` in its JSON body,
            or an object of just these.
        context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        200 with the form; 400 with a reason for each bad field.
    """
    wanted = UploadRequest.model_validate(parameters(event))
    wanted.require_allowed(settings)
    form = _uploads(settings).form(wanted)
    get_logger().info("upload_offered", key=form.key, size=wanted.size, type=wanted.content_type)
    body = {
        "success": True,
        "url": form.url,
        "fields": form.fields,
        "key": form.key,
        "expires_at": form.expires_at.isoformat(timespec="seconds"),
    }
    return response(200, body, context.aws_request_id)
