"""Errors in the form that this API's callers know: `{"error": "…", "status": "404"}`."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, Final

from function_kit.aws_errors import AwsError
from function_kit.http_api import Handle, HttpError, Response, http_api
from function_kit.logging import get_logger

if TYPE_CHECKING:
    from function_kit.logging import InvocationContext

_FIRST_ERROR: Final = 400
_METHOD_NOT_ALLOWED: Final = 405
_UNAVAILABLE: Final = 503
_SERVER_ERROR: Final = 500
_THROTTLED: Final = 429
RETRY_AFTER: Final = "2"  # seconds


def own_errors[S](handle: Handle[S]) -> Handle[S]:
    """Answer every exception of `handle` as `http_api` does, in this API's form.

    AWS being away or busy is 503 with Retry-After. A method that a path does not have is 404,
    as whatever else this API does not have.
    """

    @http_api
    def answered(event: dict[str, Any], context: InvocationContext, settings: S, /) -> Response:
        try:
            return handle(event, context, settings)
        except AwsError as error:
            if _is_temporary(error):
                get_logger().exception("aws_unavailable", code=error.code)
                text = "The service is busy or away; try again soon."
                raise HttpError(_UNAVAILABLE, "unavailable", text) from None
            raise

    @functools.wraps(handle)
    def answer(event: dict[str, Any], context: InvocationContext, settings: S, /) -> Response:
        given = answered(event, context, settings)
        return given if given["statusCode"] < _FIRST_ERROR else _reshaped(given)

    return answer


def _is_temporary(error: AwsError) -> bool:
    """Whether the same request may succeed later: no answer, too busy, or its own fault."""
    return (
        error.status in {0, _THROTTLED}
        or error.status >= _SERVER_ERROR
        or ("Throttl" in error.code or "Exceeded" in error.code)
    )


def _reshaped(given: Response) -> Response:
    told = json.loads(given["body"])
    status = 404 if given["statusCode"] == _METHOD_NOT_ALLOWED else given["statusCode"]
    body = {
        "error": told["error"]["message"],
        "status": str(status),
        "code": told["error"]["code"],
        **({"fields": told["error"]["fields"]} if "fields" in told["error"] else {}),
        "request_id": told["request_id"],
    }
    headers = given["headers"] | ({"retry-after": RETRY_AFTER} if status == _UNAVAILABLE else {})
    return given | {"statusCode": status, "headers": headers, "body": json.dumps(body)}
