"""The MCP server behind an HTTP server, as API Gateway's HTTP API puts it there."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from mcp_server import http
from mcp_server.service import Service

from tests.kit.gateway import Gateway, gateway

ROUTES = ["POST /mcp", "GET /mcp", "DELETE /mcp"]
JSON = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
_API = Gateway(lambda event, _context: event, ROUTES, public=ROUTES)
type Posted = tuple[int, Any]


def event(method: str, headers: Mapping[str, str], body: str) -> dict[str, Any]:
    """What the function gets of a request."""
    lowered = {name.lower(): value for name, value in headers.items()}
    return _API.event(method, "/mcp", lowered, body.encode())


def posted(
    service: Service,
    body: Any,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "POST",
    origins: Collection[str] = (),
) -> Posted:
    """The status and the JSON that a request gets; the body is sent as it is if it is text."""
    text = body if isinstance(body, str) else json.dumps(body)
    sent = {"host": "api.example.com", **JSON, **(headers or {})}
    answer = http.answer(service, event(method, sent, text), origins)
    return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None


def request(method: str, params: Mapping[str, Any] | None = None, number: int = 1) -> Any:
    """A JSON-RPC request."""
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": number, "method": method}
    return message if params is None else message | {"params": dict(params)}


def call(tool: str, **arguments: Any) -> Any:
    """A request that calls a tool."""
    return request("tools/call", {"name": tool, "arguments": arguments})


@contextlib.contextmanager
def serving_mcp(service: Service) -> Iterator[str]:
    """Serve on a free port of 127.0.0.1; pages of that very address may call.

    Yields:
        The URL to post to.
    """

    origins: set[str] = set()

    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        return http.answer(service, event, origins)

    with gateway(handler, ROUTES, public=ROUTES) as made:
        port = urlsplit(made.url).port
        origins |= {f"http://{host}:{port}" for host in ("127.0.0.1", "localhost")}
        yield f"http://127.0.0.1:{port}/mcp"
