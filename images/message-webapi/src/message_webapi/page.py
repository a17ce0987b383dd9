"""The page for people: files of this package, which hold no data and are open to all."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from function_kit.http_api import HttpError, Response
from function_kit.signed_api import region

if TYPE_CHECKING:
    from function_kit.routing import Request

    from message_webapi.settings import WebApiSettings

_ASSETS: Final = Path(__file__).parent / "assets"
_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
# Scripts and styles of its own files only, and no other place to send anything to.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
_HEADERS: Final = {
    "cache-control": "no-cache",  # kept, and asked for by its etag: a release shows at once
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
    "vary": "accept-encoding",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True)
class Asset:
    """One file, ready to be sent.

    Attributes:
        content_type: Its media type.
        etag: Changes with its content.
        text: Its content.
        packed: The same, gzipped, in base64.
    """

    content_type: str
    etag: str
    text: str
    packed: str


def get_page(request: Request, settings: WebApiSettings) -> Response:
    """The page, which says how to sign in."""
    return _sent(request, _index(settings))


def get_asset(request: Request, _settings: WebApiSettings) -> Response:
    """A script, style or picture of the page."""
    name = request.parameters["name"]
    if name == "index.html" or name not in _names():
        raise HttpError(404, "not_found", "There is nothing at this path.")
    return _sent(request, _asset(name))


@cache
def _names() -> frozenset[str]:
    return frozenset(entry.name for entry in _ASSETS.iterdir())


@cache
def _asset(name: str) -> Asset:
    text = (_ASSETS / name).read_text(encoding="utf-8")
    return _packed(text, _TYPES[name.rpartition(".")[2]])


@cache
def _index(settings: WebApiSettings) -> Asset:
    from html import escape  # noqa: PLC0415  a start is not to wait for what only pages need

    text = (_ASSETS / "index.html").read_text(encoding="utf-8")
    told = {
        "{authorization}": settings.api_authorization,
        "{environment}": settings.environment,
        "{region}": region(),
        "{stage}": settings.stage,
    }
    for name, value in told.items():
        text = text.replace(name, escape(value))
    return _packed(text, _TYPES["html"])


def _packed(text: str, content_type: str) -> Asset:
    import gzip  # noqa: PLC0415  as above

    raw = text.encode()
    return Asset(
        content_type=content_type,
        etag=f'"{hashlib.sha256(raw).hexdigest()[:32]}"',
        text=text,
        packed=base64.b64encode(gzip.compress(raw, mtime=0)).decode(),
    )


def _sent(request: Request, asset: Asset) -> Response:
    headers = _HEADERS | {"content-type": asset.content_type, "etag": asset.etag}
    if asset.etag in request.headers.get("if-none-match", ""):
        return {"statusCode": 304, "headers": headers, "body": "", "isBase64Encoded": False}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers |= {"content-encoding": "gzip"}
        body, packed = asset.packed, True
    else:
        body, packed = asset.text, False
    return {"statusCode": 200, "headers": headers, "body": body, "isBase64Encoded": packed}
