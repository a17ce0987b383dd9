"""A handler behind an HTTP server, as API Gateway's HTTP APIs put it there (payload 2.0)."""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Handle = Callable[[dict[str, Any]], dict[str, Any]]


def event(keys: list[str], method: str, target: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """The event of a request without a body, or one whose route key is empty."""
    parts = urlsplit(target)
    path = unquote(parts.path)
    query = dict(parse_qsl(parts.query))
    key, parameters = _match(keys, method, path)
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": key,
        "rawPath": path,
        "rawQueryString": parts.query,
        "headers": {name.lower(): value for name, value in headers.items()},
        "requestContext": {
            "apiId": "local",
            "domainName": headers["host"].partition(":")[0],
            "http": {"method": method, "path": path},
        },
        "isBase64Encoded": False,
    }
    made |= {"queryStringParameters": query} if query else {}
    return made | ({"pathParameters": parameters} if parameters else {})


def _match(keys: list[str], method: str, path: str) -> tuple[str, dict[str, str]]:
    for key in keys:
        wanted, _, template = key.partition(" ")
        start, _, name = template.partition("{")
        if wanted != method:
            continue
        if name and path.startswith(start) and path != start:
            return key, {name.rstrip("+}"): path.removeprefix(start)}
        if path == template:
            return key, {}
    return "", {}


@contextlib.contextmanager
def serving(handle: Handle, keys: tuple[str, ...]) -> Iterator[str]:
    """Serve GET requests on a free port of 127.0.0.1.

    Yields:
        The base URL.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            made = event(
                list(keys),
                "GET",
                self.path,
                dict(self.headers.items()) | {"host": self.headers["host"]},
            )
            answer = handle(made) if made["routeKey"] else _NOT_FOUND
            body = answer["body"].encode()
            if answer.get("isBase64Encoded"):
                body = base64.b64decode(body)
            self.send_response(answer["statusCode"])
            for name, value in answer["headers"].items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


_NOT_FOUND = {
    "statusCode": 404,
    "headers": {"content-type": "application/json"},
    "body": '{"message":"Not Found"}',
}
