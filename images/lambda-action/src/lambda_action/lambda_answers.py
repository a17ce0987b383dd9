"""What Lambda answers."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lambda_action.errors import LambdaFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

_LIMIT: Final = 7 * 1024 * 1024  # bytes of an answer: Lambda's 6 MB, and what surrounds them


@dataclass(frozen=True, slots=True)
class Invoked:
    """Lambda's answer to an invocation; `log_tail` is decoded."""

    status: int
    payload: str
    function_error: str
    log_tail: str
    version: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body's object; empty when it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            found = None
        return found if isinstance(found, dict) else {}


async def read(answer: aiohttp.ClientResponse) -> bytes:
    """The body of an answer.

    Raises:
        LambdaFailed: It is larger than Lambda's answers are.
    """
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > _LIMIT:
            raise LambdaFailed("Lambda's answer is larger than it may be")
    return bytes(body)


def refusal(answer: Answer) -> LambdaFailed:
    """What Lambda says of a call that it refused: the error's type and its message."""
    found = answer.json()
    kind = answer.headers.get("x-amzn-ErrorType") or str(found.get("Type") or "")
    said = found.get("Message") or found.get("message") or ""
    text = ": ".join(part for part in (kind.partition(":")[0], str(said)) if part)
    return LambdaFailed(text or f"Lambda answered {answer.status}", answer.status)


def log_of(encoded: str) -> str:
    """The end of a function's log, decoded; empty when there is none."""
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
