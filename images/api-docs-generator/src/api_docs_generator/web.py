"""Answers that are kept: compressed, with an ETag, and empty when the caller has them already."""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

REVALIDATE: Final = "no-cache"  # kept, and asked about each time
FOREVER: Final = "public, max-age=31536000, immutable"
_WORTH_COMPRESSING: Final = 1400  # bytes: below, it is one packet anyway


@dataclass(frozen=True)
class Content:
    """Something to answer with."""

    body: bytes
    content_type: str
    cache_control: str = REVALIDATE
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def etag(self) -> str:
        """Weak: it is the same compressed and plain."""
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    @cached_property
    def compressed(self) -> bytes:
        """The body in gzip, the same each time."""
        return gzip.compress(self.body, mtime=0)


def answer(event: Mapping[str, Any], content: Content) -> dict[str, Any]:
    """The answer in payload format 2.0: 304, or 200 with the content.

    Args:
        event: The request.
        content: What it is about.
    """
    asked = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    headers = {
        "content-type": content.content_type,
        "cache-control": content.cache_control,
        "etag": content.etag,
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
        **content.headers,
    }
    if _has(asked.get("if-none-match", ""), content.etag):
        del headers["content-type"]
        return _payload(HTTPStatus.NOT_MODIFIED, headers, b"")
    body = content.body
    if len(body) > _WORTH_COMPRESSING and _takes_gzip(asked.get("accept-encoding", "")):
        headers["content-encoding"] = "gzip"
        body = content.compressed
    return _payload(HTTPStatus.OK, headers, body)


def _payload(status: HTTPStatus, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    return {
        "statusCode": status.value,
        "headers": headers,
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def _has(if_none_match: str, etag: str) -> bool:
    """Whether the caller has this version; weakly compared, as RFC 9110 wants it here."""
    names = {name.strip().removeprefix("W/") for name in if_none_match.split(",")}
    return "*" in names or etag.removeprefix("W/") in names


def _takes_gzip(accept_encoding: str) -> bool:
    for part in accept_encoding.lower().split(","):
        coding, _, quality = part.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
