"""The MCP server behind an HTTP server, as API Gateway's HTTP API puts it there."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Collection, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mcp_server import http
from mcp_server.service import Service

from tests.kit.gateway import event

ROUTES = ["POST /mcp", "GET /mcp", "DELETE /mcp"]
JSON = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
type Posted = tuple[int, Any]


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
    made = event(ROUTES, method, "/mcp", sent) | {"body": text}
    answer = http.answer(service, made, origins)
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

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            made = event(ROUTES, self.command, self.path, headers)
            answered = http.answer(service, made | {"body": body}, origins)
            content = answered["body"].encode()
            self.send_response(answered["statusCode"])
            for name, value in answered["headers"].items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - names that the server looks for

        def log_message(self, *_: object) -> None:
            """Nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Nothing: clients that are killed end connections as they like."""

    server = Server(("127.0.0.1", 0), Handler)
    port = server.server_address[1]
    origins = {f"http://{host}:{port}" for host in ("127.0.0.1", "localhost")}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
