"""API Gateway before a handler in this process: routes, signatures, payload format 2.0."""

from __future__ import annotations

import base64
import contextlib
import functools
import re
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.kit.invoke import LambdaContext

REGION = "us-east-1"
DEFAULT = "$default"
_PARAMETER = re.compile(r"\\\{(\w+)(\\\+)?\\\}")
_SIGNED = re.compile(
    r"^AWS4-HMAC-SHA256 Credential=(?P<id>[^/]+)/\d+/[^/]+/execute-api/aws4_request, "
    r"SignedHeaders=(?P<headers>[^,]+), Signature=(?P<signature>[0-9a-f]{64})$"
)


@dataclass
class Gateway:
    """The API.

    Attributes:
        handler: The function's.
        routes: The API's route keys.
        public: Those that are open to all.
        key: The id of the key that is let in.
        secret: Its secret.
        token: Its session token; a user's own key has none.
        away: Answers nothing at all while this is set.
        seen: Method and path of each request that reached the function.
    """

    handler: Callable[[Any, Any], dict[str, Any]]
    routes: Collection[str]
    public: Collection[str]
    key: str = "test"
    secret: str = "test"
    token: str = ""
    away: bool = False
    seen: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    def route(self, method: str, target: str) -> tuple[str, dict[str, str]]:
        """The key of a request's route, empty if there is none, and its path's parameters."""
        path = unquote(urlsplit(target).path)
        for key in self.routes:
            wanted, _, template = key.partition(" ")
            found = _pattern(template).fullmatch(path)
            if wanted == method and found:
                return key, found.groupdict()
        return DEFAULT if DEFAULT in self.routes else "", {}

    def lets_in(self, method: str, target: str, headers: dict[str, str], body: bytes) -> bool:
        """Whether a request is signed by the key."""
        found = _SIGNED.match(headers.get("authorization", ""))
        if not found or found["id"] != self.key:
            return False
        if headers.get("x-amz-security-token", "") != self.token:
            return False
        signed = {name: headers[name] for name in found["headers"].split(";")}
        if not {"host", "x-amz-date"} <= set(signed):
            return False
        request = AWSRequest(method, f"http://{headers['host']}{target}", signed, body)
        request.context["timestamp"] = headers["x-amz-date"]
        signer = SigV4Auth(Credentials(self.key, self.secret), "execute-api", REGION)
        text = signer.string_to_sign(request, signer.canonical_request(request))
        return signer.signature(text, request) == found["signature"]

    def event(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> dict[str, Any]:
        """A request in payload format 2.0."""
        parts = urlsplit(target)
        key, parameters = self.route(method, target)
        query: dict[str, str] = {}
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            query[name] = f"{query[name]},{value}" if name in query else value
        path = unquote(parts.path)
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": key,
            "rawPath": path,
            "rawQueryString": parts.query,
            "headers": headers,
            "requestContext": {
                "apiId": "local",
                "domainName": headers["host"].partition(":")[0],
                "http": {"method": method, "path": path, "sourceIp": "127.0.0.1"},
                "stage": "$default",
            },
            "isBase64Encoded": False,
        }
        if query:
            event["queryStringParameters"] = query
        if parameters:
            event["pathParameters"] = parameters
        try:
            event["body"] = body.decode() or None
        except UnicodeDecodeError:
            event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        return {name: value for name, value in event.items() if value is not None}


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(
        _PARAMETER.sub(lambda m: f"(?P<{m[1]}>{'.+' if m[2] else '[^/]+'})", re.escape(template))
    )


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # an answer in one piece: in two, the second would wait for 40 ms
    disable_nagle_algorithm = True
    gateway: Gateway

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.gateway.away:
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        key, _ = self.gateway.route(self.command, self.path)
        if not key:
            self._write({"statusCode": 404, "body": '{"message":"Not Found"}'})
            return
        if key not in self.gateway.public and not self.gateway.lets_in(
            self.command, self.path, headers, body
        ):
            self._write({"statusCode": 403, "body": '{"message":"Forbidden"}'})
            return
        event = self.gateway.event(self.command, self.path, headers, body)
        self.gateway.seen.append((self.command, event["rawPath"]))
        self._write(self.gateway.handler(event, LambdaContext(seconds=30)))

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = do_OPTIONS = _answer  # noqa: N815

    def _write(self, answer: dict[str, Any]) -> None:
        body = answer.get("body") or ""
        content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
        self.send_response(answer["statusCode"])
        for name, value in answer.get("headers", {"content-type": "application/json"}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def gateway(
    handler: Callable[[Any, Any], dict[str, Any]],
    routes: Collection[str],
    public: Collection[str],
    **settings: Any,
) -> Iterator[Gateway]:
    """A gateway on a port of this machine."""
    made = Gateway(handler, routes, public, **settings)
    requests = type("Requests", (_Requests,), {"gateway": made})
    with ThreadingHTTPServer(("127.0.0.1", 0), requests) as server:
        made.url = f"http://localhost:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
