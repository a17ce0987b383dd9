"""What AWS's services answer, and what it means."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import http.client
    from collections.abc import Iterator

_THROTTLED = ("Throttl", "TooManyRequests", "ProvisionedThroughputExceeded", "RequestLimitExceeded")
_SERVER_ERROR = 500
CLIENT_ERROR: Final = 400
_TOO_MANY_REQUESTS = 429


class Answer(NamedTuple):
    """What a service answered. Names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Download(NamedTuple):
    """An answer whose body is read piece by piece. Names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    pieces: Iterator[bytes]


def code(answer: Answer) -> str:
    """The error code of an answer in any of AWS's formats, else its status as text."""
    named = answer.headers.get("x-amzn-errortype", "")
    if not named and answer.body.startswith(b"{"):
        try:
            document = json.loads(answer.body)
        except ValueError:
            document = {}
        named = str(document.get("__type") or document.get("code") or "")
    elif not named and b"<Code>" in answer.body:
        named = answer.body.partition(b"<Code>")[2].partition(b"<")[0].decode(errors="replace")
    # `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException`, `Name:http://…`
    return named.partition(":")[0].rpartition("#")[2] or str(answer.status)


def headers_of(response: http.client.HTTPResponse) -> dict[str, str]:
    """Its headers, names in lower case."""
    return {name.lower(): value for name, value in response.getheaders()}


def is_temporary(answer: Answer) -> bool:
    """Whether the same request may well succeed a moment later."""
    if answer.status >= _SERVER_ERROR or answer.status == _TOO_MANY_REQUESTS:
        return True
    return answer.status >= CLIENT_ERROR and code(answer).startswith(_THROTTLED)
