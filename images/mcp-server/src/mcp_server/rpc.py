"""One JSON-RPC request to its answer, in either era of the protocol, with no state between two.

Up to 2025-11-25 a client shakes hands first (`initialize`); this server remembers nothing of it.
From 2026-07-28 on every request carries what the handshake had, in `params._meta`, and says so
again in HTTP headers for whoever is in between. https://modelcontextprotocol.io/specification
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, Final

from mcp_types import (
    CLIENT_CAPABILITIES_META_KEY,
    PROTOCOL_VERSION_META_KEY,
    SERVER_INFO_META_KEY,
    CallToolRequestParams,
    DiscoverResult,
    EmptyResult,
    InitializeRequestParams,
    InitializeResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    RequestParams,
)
from mcp_types.jsonrpc import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    UNSUPPORTED_PROTOCOL_VERSION,
)
from mcp_types.version import (
    HANDSHAKE_PROTOCOL_VERSIONS,
    KNOWN_PROTOCOL_VERSIONS,
    LATEST_HANDSHAKE_VERSION,
    MODERN_PROTOCOL_VERSIONS,
)
from pydantic import ValidationError

from mcp_server.errors import Refused
from mcp_server.service import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mcp_types import JSONRPCRequest
    from pydantic import BaseModel

    from mcp_server.service import Service

    type Method = tuple[type[BaseModel], Callable[[Service, Any, str], BaseModel]]

VERSION_HEADER: Final = "mcp-protocol-version"
# What a request without the header speaks, says the specification.
ASSUMED_VERSION: Final = "2025-03-26"
# New in 2026-07-28; earlier versions' clients may refuse what they do not know.
_MODERN_KEYS: Final = frozenset({"resultType", "ttlMs", "cacheScope"})
# The parameter that `Mcp-Name` repeats, by method.
_NAMED: Final = {"tools/call": "name", "resources/read": "uri"}
_ENCODED = re.compile(r"^=\?base64\?(.*)\?=$")


def _initialize(service: Service, params: InitializeRequestParams, _: str) -> BaseModel:
    asked = params.protocol_version
    return InitializeResult(
        protocol_version=asked
        if asked in HANDSHAKE_PROTOCOL_VERSIONS
        else LATEST_HANDSHAKE_VERSION,
        capabilities=CAPABILITIES,
        server_info=service.identity,
        instructions=service.offer.instructions,
    )


def _discover(service: Service, _params: RequestParams, _: str) -> BaseModel:
    return DiscoverResult(
        supported_versions=list(MODERN_PROTOCOL_VERSIONS),
        capabilities=CAPABILITIES,
        instructions=service.offer.instructions,
    )


_BOTH: Final[dict[str, Method]] = {
    "tools/list": (PaginatedRequestParams, lambda s, p, _: s.list_tools(p)),
    "tools/call": (CallToolRequestParams, lambda s, p, _: s.call_tool(p)),
    "resources/list": (PaginatedRequestParams, lambda s, p, _: s.list_resources(p)),
    "resources/templates/list": (PaginatedRequestParams, lambda s, p, _: s.list_templates(p)),
    "resources/read": (ReadResourceRequestParams, lambda s, p, v: s.read_resource(p, v)),
}
_HANDSHAKE: Final[dict[str, Method]] = _BOTH | {
    "initialize": (InitializeRequestParams, _initialize),
    "ping": (RequestParams, lambda _s, _p, _v: EmptyResult()),
}
_MODERN: Final[dict[str, Method]] = _BOTH | {"server/discover": (RequestParams, _discover)}


def version_of(headers: Mapping[str, str]) -> str:
    """The protocol version that a request's header names.

    Raises:
        Refused: This server does not speak it.
    """
    version = headers.get(VERSION_HEADER, ASSUMED_VERSION)
    if version not in KNOWN_PROTOCOL_VERSIONS:
        raise _unsupported(version)
    return version


def result_of(
    service: Service, request: JSONRPCRequest, version: str, headers: Mapping[str, str]
) -> dict[str, Any]:
    """The result of a request.

    Args:
        service: What answers.
        request: What came.
        version: The version of the request's header, or the assumed one.
        headers: The request's HTTP headers, names in lower case.

    Raises:
        Refused: An error of JSON-RPC or of the protocol.
    """
    modern = version in MODERN_PROTOCOL_VERSIONS
    if modern:
        _check_envelope(request, headers)
    methods = _MODERN if modern else _HANDSHAKE
    if request.method not in methods:
        raise Refused(METHOD_NOT_FOUND, "Method not found", request.method[:100])
    model, run = methods[request.method]
    try:
        params = model.model_validate(request.params or {}, by_name=False)
    except ValidationError as problem:
        raise Refused(INVALID_PARAMS, f"Invalid request parameters: {_fields(problem)}") from None
    dumped = run(service, params, version).model_dump(mode="json", by_alias=True, exclude_none=True)
    return _stamped(dumped, service) if modern else _trimmed(dumped)


def _check_envelope(request: JSONRPCRequest, headers: Mapping[str, str]) -> None:
    params = request.params or {}
    meta = params.get("_meta")
    keys = (PROTOCOL_VERSION_META_KEY, CLIENT_CAPABILITIES_META_KEY)
    if not isinstance(meta, dict) or any(key not in meta for key in keys):
        raise Refused(INVALID_PARAMS, f"params._meta must have {' and '.join(keys)}.")
    if meta[PROTOCOL_VERSION_META_KEY] != headers.get(VERSION_HEADER):
        raise _mismatch(VERSION_HEADER, PROTOCOL_VERSION_META_KEY)
    if headers.get("mcp-method") != request.method:
        raise _mismatch("mcp-method", "method")
    named = _NAMED.get(request.method)
    told = params.get(named) if named else None
    if named and told is not None and _header_text(headers.get("mcp-name")) != told:
        raise _mismatch("mcp-name", f"params.{named}")


def _header_text(value: str | None) -> str | None:
    """A header's text, which is in base64 where a header could not hold it."""
    encoded = _ENCODED.match(value or "")
    if encoded is None:
        return value
    try:
        return base64.b64decode(encoded[1], validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _stamped(result: dict[str, Any], service: Service) -> dict[str, Any]:
    identity = service.identity.model_dump(mode="json", by_alias=True, exclude_none=True)
    meta = {SERVER_INFO_META_KEY: identity} | result.get("_meta", {})
    return {"resultType": "complete", **result, "_meta": meta}


def _trimmed(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key not in _MODERN_KEYS}


def _mismatch(header: str, where: str) -> Refused:
    return Refused(HEADER_MISMATCH, f"The header {header} and the body's {where} do not agree.")


def _unsupported(version: str) -> Refused:
    # The list is of versions without handshake, as server/discover tells them.
    data = {"supported": list(MODERN_PROTOCOL_VERSIONS), "requested": version[:100]}
    older = f"{HANDSHAKE_PROTOCOL_VERSIONS[0]} to {LATEST_HANDSHAKE_VERSION}"
    message = f"Unsupported protocol version. Spoken are those below, and by handshake {older}."
    return Refused(UNSUPPORTED_PROTOCOL_VERSION, message, data)


def _fields(problem: ValidationError) -> str:
    found = problem.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in found)
