"""Answers with a link for downloading an object: `GET /s3url`, `GET /downloads`, or directly."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

# First: it prepares a fast start for the imports below.
from function_kit.aws_errors import AwsError
from function_kit.handler import lambda_handler
from function_kit.http_api import HttpError, http_api, parameters, response
from function_kit.logging import get_logger

from generate_presigned_url.bucket import AccessRefused, Bucket, ObjectMissing
from generate_presigned_url.request import parse
from generate_presigned_url.settings import DownloadSettings

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE = "generate-presigned-url"


@cache
def _bucket(settings: DownloadSettings) -> Bucket:
    """The bucket and its client, made once, when the environment starts."""
    return Bucket(settings.download_bucket)


def _checks(settings: DownloadSettings) -> dict[str, Callable[[], None]]:
    return {"bucket": _bucket(settings).check}


@lambda_handler(
    service=SERVICE, settings=DownloadSettings, checks=_checks, api="generate_presigned_url.api"
)
@http_api
def handler(event: dict[str, Any], context: Any, settings: DownloadSettings) -> dict[str, Any]:
    """Make a link for the object that the caller names.

    Args:
        event: An HTTP API's (payload 2.0) with `key` (or `object_key`) and `expiration` in its
            query or JSON body, or an object of just these.
        context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        200 with the link; 400 with a reason for each bad field; 403 when the function may not
        read the object; 404 when there is none; 503 when S3 does not answer.
    """
    wanted = parse(parameters(event), settings.download_bucket)
    bucket = _bucket(settings)
    _require(bucket, wanted.key)
    body = {
        "success": True,
        "presigned_url": bucket.link(wanted.key, wanted.expiration),
        "bucket": settings.download_bucket,
        "key": wanted.key,
        "operation": "download",
        "expiration_seconds": wanted.expiration,
        "environment": settings.environment,
        "function": context.function_name,
    }
    return response(200, body, context.aws_request_id)


def _require(bucket: Bucket, key: str) -> None:
    try:
        bucket.find(key)
    except ObjectMissing:
        raise HttpError(404, "not_found", "There is no object with this key.") from None
    except AccessRefused:
        raise HttpError(403, "forbidden", "This object may not be downloaded.") from None
    except AwsError as error:
        get_logger().exception("storage_unavailable", code=error.code)
        message = "The storage does not answer; try again later."
        raise HttpError(503, "storage_unavailable", message) from None
