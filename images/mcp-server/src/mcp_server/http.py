"""Streamable HTTP without streams or sessions: a POST of one message, answered with one JSON.

Version 2025-03-26 has batches too, which those after it have not: there a POST may have a list.

Lambda sends no streams through an HTTP API, and two requests may meet two environments: so there
is no session id, and GET and DELETE, which are for streams and sessions, are not allowed.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any, Final

from function_kit.logging import get_logger
from mcp_types import JSONRPCNotification, JSONRPCRequest
from mcp_types.jsonrpc import (
    HEADER_MISMATCH,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    UNSUPPORTED_PROTOCOL_VERSION,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from mcp_server import rpc
from mcp_server.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mcp_server.service import Service

type Response = dict[str, Any]

MAX_BODY: Final = 1024 * 1024  # bytes
MAX_BATCH: Final = 20  # messages, which are answered one after another
# Bytes. Lambda lets 6 MB through, and in those every quotation mark is escaped once more.
MAX_ANSWERS: Final = 2 * 1024 * 1024
_BATCH_VERSION: Final = "2025-03-26"
# Of errors from 2026-07-28 on; before, an error of a method is a 200 like any answer.
_STATUS: Final = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    HEADER_MISMATCH: 400,
    UNSUPPORTED_PROTOCOL_VERSION: 400,
    METHOD_NOT_FOUND: 404,
}


class _Bad(Exception):  # noqa: N818 - an answer, not a malfunction
    """A request that is refused before it is a message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.refused = Refused(code, message)


def answer(service: Service, event: Mapping[str, Any], origins: Collection[str]) -> Response:
    """Answer a request of an HTTP API (payload 2.0).

    Args:
        service: What answers.
        event: Lambda's.
        origins: Whose web pages may call, beside the API's own host's.

    Returns:
        200 with a JSON-RPC answer; 202 for what wants none; 400 to 415 for what is no request of
        this protocol. Errors of methods are 200 up to 2025-11-25, and 400 or 404 after.
    """
    headers = {name.lower(): value.strip() for name, value in (event.get("headers") or {}).items()}
    context = event.get("requestContext", {})
    if context.get("http", {}).get("method") != "POST":
        refusal = _error(405, None, Refused(INVALID_REQUEST, "Only POST is served here."))
        refusal["headers"]["allow"] = "POST"
        return refusal
    try:
        _check_headers(headers, context.get("domainName", ""), origins)
        body = _body(event)
    except _Bad as problem:
        return _error(problem.status, None, problem.refused)
    if isinstance(body, list):
        return _batch(service, body, headers)
    return _answered(service, body, headers)


def _batch(service: Service, messages: list[Any], headers: Mapping[str, str]) -> Response:
    try:
        _check_batch(messages, rpc.version_of(headers))
    except Refused as problem:
        return _error(400, None, problem)
    # Each is JSON already, and empty where none is wanted.
    bodies = [_answered(service, message, headers)["body"] for message in messages]
    text = ",".join(body for body in bodies if body)
    if len(text) > MAX_ANSWERS:
        reason = "The answers are too long for one batch: ask for less at once."
        return _error(400, None, Refused(INVALID_REQUEST, reason))
    return _json_text(200, f"[{text}]") if text else _taken()


def _check_batch(messages: list[Any], version: str) -> None:
    if version != _BATCH_VERSION:
        raise Refused(INVALID_REQUEST, "The body must be one JSON-RPC message.")
    if not 1 <= len(messages) <= MAX_BATCH:
        raise Refused(INVALID_REQUEST, f"A batch has 1 to {MAX_BATCH} messages.")
    if any(isinstance(each, dict) and each.get("method") == "initialize" for each in messages):
        raise Refused(INVALID_REQUEST, "A handshake is no part of a batch.")


def _answered(service: Service, message: Any, headers: Mapping[str, str]) -> Response:
    if not isinstance(message, dict):
        reason = "The body must be one JSON-RPC message."
        return _error(400, None, Refused(INVALID_REQUEST, reason))
    if "id" not in message or "method" not in message:
        return _acknowledged(message, headers)
    try:
        request = JSONRPCRequest.model_validate(message, by_name=False)
    except ValidationError:
        return _error(400, None, Refused(INVALID_REQUEST, "The body is no JSON-RPC request."))
    return _requested(service, request, headers)


def _requested(service: Service, request: JSONRPCRequest, headers: Mapping[str, str]) -> Response:
    try:
        # A handshake settles the version: no header names it yet.
        first = request.method == "initialize" and rpc.VERSION_HEADER not in headers
        version = rpc.ASSUMED_VERSION if first else rpc.version_of(headers)
    except Refused as problem:
        return _error(400, request.id, problem)
    try:
        result = rpc.result_of(service, request, version, headers)
    except Refused as problem:
        modern = version in MODERN_PROTOCOL_VERSIONS
        return _error(_STATUS.get(problem.code, 200) if modern else 200, request.id, problem)
    except Exception:  # noqa: BLE001 - logged whole; the caller learns only that it failed
        get_logger().exception("request_failed", method=request.method)
        failure = Refused(INTERNAL_ERROR, "The request failed on our side.")
        return _error(200, request.id, failure)
    return _json(200, {"jsonrpc": "2.0", "id": request.id, "result": result})


def _acknowledged(message: dict[str, Any], headers: Mapping[str, str]) -> Response:
    """A notification, or the answer to a request that we never send: taken, and dropped."""
    try:
        if "method" in message:
            JSONRPCNotification.model_validate(message, by_name=False)
        elif "id" not in message or not {"result", "error"} & message.keys():
            return _error(400, None, Refused(INVALID_REQUEST, "The body is no JSON-RPC message."))
        rpc.version_of(headers)
    except ValidationError:
        return _error(400, None, Refused(INVALID_REQUEST, "The body is no JSON-RPC message."))
    except Refused as problem:
        return _error(400, None, problem)
    return _taken()


def _check_headers(headers: Mapping[str, str], host: str, origins: Collection[str]) -> None:
    origin = headers.get("origin")
    if origin is not None and origin not in origins and origin != f"https://{host}":
        # Before anything is read: a page elsewhere may have been led here by its name (DNS).
        raise _Bad(403, INVALID_REQUEST, "Pages of this origin may not call.")
    if _media_type(headers.get("content-type", "")) != "application/json":
        raise _Bad(415, INVALID_REQUEST, "The body must be application/json.")
    accepted = {_media_type(part) for part in headers.get("accept", "*/*").split(",")}
    if accepted.isdisjoint({"application/json", "application/*", "*/*"}):
        raise _Bad(406, INVALID_REQUEST, "Answers are application/json, which must be accepted.")


def _media_type(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def _body(event: Mapping[str, Any]) -> Any:
    body = event.get("body") or ""
    try:
        data = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        if len(data) > MAX_BODY:
            raise _Bad(413, INVALID_REQUEST, f"A message has at most {MAX_BODY} bytes.")
        return json.loads(data)
    except (ValueError, binascii.Error, RecursionError):
        raise _Bad(400, PARSE_ERROR, "Parse error: the body is not JSON.") from None


def _error(status: int, identity: str | int | None, problem: Refused) -> Response:
    error: dict[str, Any] = {"code": problem.code, "message": problem.message}
    if problem.data is not None:
        error["data"] = problem.data
    return _json(status, {"jsonrpc": "2.0", "id": identity, "error": error})


def _taken() -> Response:
    return {"statusCode": 202, "headers": {"cache-control": "no-store"}, "body": ""}


def _json(status: int, body: Mapping[str, Any]) -> Response:
    # In ASCII, so that half a surrogate pair in what is repeated cannot break the answer.
    return _json_text(status, json.dumps(body, separators=(",", ":")))


def _json_text(status: int, body: str) -> Response:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": body,
        "isBase64Encoded": False,
    }
