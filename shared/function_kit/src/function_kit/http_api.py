"""Answers to Amazon API Gateway's HTTP APIs (payload format 2.0), always JSON."""

from __future__ import annotations

import base64
import binascii
import functools
import json
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import ValidationError

from function_kit.logging import InvocationContext, get_logger
from function_kit.unavailable import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

type Fields = Sequence[Mapping[str, str]]
type Response = dict[str, Any]


class HttpError(Exception):
    """An answer other than success, raised from anywhere below a handler.

    Attributes:
        status: The HTTP status.
        code: A stable word for programs, such as `not_found`.
        message: A sentence for people. It reaches the caller as it is.
        fields: `{"field": name, "reason": why}` for each bad field.
    """

    def __init__(self, status: int, code: str, message: str, fields: Fields | None = None) -> None:
        """Make the error; see the class for the arguments."""
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields

    def answer(self, request_id: str) -> Response:
        """The answer that says so."""
        return error(self.status, self.code, self.message, self.fields, request_id=request_id)


def invalid(fields: Fields) -> HttpError:
    """A 400 for a request with these bad fields; see `HttpError`."""
    return HttpError(400, "invalid_request", "The request is not valid.", fields)


class Handle[S](Protocol):
    """A function's own code: the event, Lambda's context and the settings, to an answer."""

    def __call__(self, event: dict[str, Any], context: Any, settings: S, /) -> Response:
        """Answer one event."""
        ...


def response(
    status: int,
    body: Mapping[str, Any],
    request_id: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer in payload format 2.0.

    Args:
        status: The HTTP status.
        body: What to send as JSON; `request_id` is added.
        request_id: The invocation's id, which finds its log lines.
        headers: More headers, or others in place of the usual ones (names in lower case).
    """
    return {
        "statusCode": status,
        "headers": {
            "content-type": "application/json",
            "cache-control": "no-store",
            **(headers or {}),
        },
        "body": json.dumps({**body, "request_id": request_id}, ensure_ascii=False, default=str),
        "isBase64Encoded": False,
    }


def error(
    status: int,
    code: str,
    message: str,
    fields: Fields | None = None,
    *,
    request_id: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer that says what went wrong; see `HttpError` for the arguments."""
    detail: dict[str, Any] = {"code": code, "message": message}
    if fields:
        detail["fields"] = [dict(field) for field in fields]
    return response(status, {"success": False, "error": detail}, request_id, headers)


def unavailable(problem: Unavailable, request_id: str) -> Response:
    """The answer that something is away, and when to try again."""
    headers = {"retry-after": str(problem.retry_after)}
    return error(503, problem.code, problem.message, request_id=request_id, headers=headers)


def parse_body(event: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object in an event's body; empty when it has none.

    Raises:
        HttpError: 400, the body is not a JSON object.
    """
    body = event.get("body")
    if body is None or body == "":
        return {}
    if isinstance(body, dict):  # a direct invocation, by hand
        return body
    try:
        if event.get("isBase64Encoded"):
            body = base64.b64decode(body, validate=True)
        parsed = json.loads(body)
    except (ValueError, TypeError, binascii.Error, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise HttpError(
            400,
            "invalid_body",
            "The body must be a JSON object.",
            [{"field": "body", "reason": "not a JSON object"}],
        )
    return parsed


def parameters(event: Mapping[str, Any]) -> dict[str, Any]:
    """What the caller asks for, from wherever the event carries it.

    Through API Gateway: the query string, and over it the body. Invoked directly with a plain
    object: that object.

    Raises:
        HttpError: 400, the body is not a JSON object.
    """
    if "requestContext" not in event and "body" not in event:
        return dict(event)
    return {**(event.get("queryStringParameters") or {}), **parse_body(event)}


def http_api[S](handle: Handle[S]) -> Handle[S]:
    """Answer every exception of `handle` with a fitting status.

    pydantic's `ValidationError` is 400 with a reason for each field, `HttpError` its own status,
    `Unavailable` 503 with Retry-After, anything else 500. Of the last two the caller learns
    nothing more; the log does.
    """

    @functools.wraps(handle)
    def answer(event: dict[str, Any], context: InvocationContext, settings: S, /) -> Response:
        request_id = context.aws_request_id
        try:
            return handle(event, context, settings)
        except ValidationError as problem:
            return refused(problem).answer(request_id)
        except HttpError as problem:
            return problem.answer(request_id)
        except Unavailable as problem:
            get_logger().error("unavailable", code=problem.code, reason=str(problem))
            return unavailable(problem, request_id)
        except Exception:  # noqa: BLE001 - logged whole; the caller learns only that it failed
            get_logger().exception("request_failed")
            return error(
                500, "internal_error", "The request failed on our side.", request_id=request_id
            )

    return answer


def refused(problem: ValidationError) -> HttpError:
    """The 400 that says, for each field that pydantic refused, why."""
    return invalid(problems(problem))


def problems(problem: ValidationError) -> list[dict[str, str]]:
    """`{"field": name, "reason": why}` for each bad field, without its value."""
    return [
        {"field": ".".join(map(str, item["loc"])) or "body", "reason": item["msg"]}
        for item in problem.errors(include_url=False, include_context=False, include_input=False)
    ]
