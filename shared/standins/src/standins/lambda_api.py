"""A stand-in for Lambda's API: invoking, listing and describing functions that do nothing.

    python -m standins.lambda_api --port 8080

Every function answers with the event that it got, after a latency. A name says more:
`…-sleep-100` takes 100 ms, `…-raises` fails as a function does, `…-status-429` is refused with
that status, `…-hangs` never answers, `…-cut` breaks the connection, `…-missing` is not there.

For tests: `PUT /__control` `{"latency": seconds}` sets the latency and empties the ledger, `GET
/__ledger` answers `{invocations: {name: count}, calls: [{method, path, type}, …]}`, the last 1,000
calls. Requests without a signature are refused; whether it is right is not looked at. There is no
framework under it, because it must be faster than what is measured against it.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import re
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

type Receive = Callable[[], Awaitable[dict[str, Any]]]
type Send = Callable[[dict[str, Any]], Awaitable[None]]

_FUNCTIONS: Final = "/2015-03-31/functions/"
_SLEEP: Final = re.compile(r"-sleep-(\d+)$")
_STATUS: Final = re.compile(r"-status-(\d{3})$")
_TYPES: Final = {
    429: "TooManyRequestsException",
    403: "AccessDeniedException",
    400: "InvalidRequestContentException",
    413: "RequestTooLargeException",
    500: "ServiceException",
}
_LOG: Final = base64.b64encode(b"START RequestId: 1\nhello\nEND RequestId: 1\n")
# In each function's environment: what no caller of a gateway may come to see.
OWNERS_ONLY: Final = "for-its-owners-only"
_COUNT: Final = 120  # functions that are listed


class LambdaApi:
    """The ASGI application."""

    def __init__(self, latency: float = 0.0) -> None:
        """Answer after `latency` seconds."""
        self.latency = latency
        self.invocations: Counter[str] = Counter()
        self.calls: deque[dict[str, str]] = deque(maxlen=1000)
        self._number = 0

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        body = await _body(receive)
        path = scope["raw_path"].decode("ascii", "replace")
        headers = dict(scope["headers"])
        if path.startswith("/__"):
            await _json(send, 200, self._told(path, body))
        elif not headers.get(b"authorization", b"").startswith(b"AWS4-HMAC-SHA256 "):
            await _refuse(send, 403, "MissingAuthenticationTokenException", "no signature")
        else:
            await self._function(scope, path, headers, body, send)

    def _told(self, path: str, body: bytes) -> dict[str, Any]:
        if path == "/__control":
            self.latency = float(json.loads(body)["latency"])
            self.invocations.clear()
            self.calls.clear()
        return {"invocations": dict(self.invocations), "calls": list(self.calls)}

    async def _function(
        self, scope: Any, path: str, headers: dict[bytes, bytes], body: bytes, send: Send
    ) -> None:
        kind = headers.get(b"x-amz-invocation-type", b"").decode()
        self.calls.append({"method": scope["method"], "path": path, "type": kind})
        name, _, action = path.removeprefix(_FUNCTIONS).partition("/")
        query = parse_qs(scope["query_string"].decode())
        if not name and not query.get("Marker", ["0"])[0].isdecimal():
            await _refuse(send, 400, "InvalidParameterValueException", "no such marker")
        elif not name:
            await _json(send, 200, _page(query))
        elif name.endswith("-missing"):
            await _refuse(send, 404, "ResourceNotFoundException", f"Function not found: {name}")
        elif action == "configuration":
            await _json(send, 200, _configuration(unquote(name)))
        else:
            await self._invoke(name, kind, query, body, send)

    async def _invoke(
        self, name: str, kind: str, query: dict[str, list[str]], body: bytes, send: Send
    ) -> None:
        self.invocations[name] += 1
        self._number += 1
        headers = [(b"x-amzn-requestid", f"{self._number:032x}".encode())]
        if kind == "Event":
            await _send(send, 202, b"", headers)
            return
        if kind == "DryRun":
            await _send(send, 204, b"", headers)
            return
        slow = _SLEEP.search(name)
        await asyncio.sleep(int(slow[1]) / 1000 if slow else self.latency)
        if refused := _STATUS.search(name):
            status = int(refused[1])
            await _refuse(send, status, _TYPES.get(status, "ServiceException"), "as it was asked")
            return
        if name.endswith("-hangs"):
            await asyncio.sleep(3600)
        if name.endswith("-cut"):
            # Less than was promised: the server can only cut the connection.
            start = {"type": "http.response.start", "status": 200}
            await send(start | {"headers": [(b"content-length", b"1000")]})
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
            return
        version = query.get("Qualifier", ["$LATEST"])[0]
        headers += [(b"x-amz-executed-version", version.encode()), (b"x-amz-log-result", _LOG)]
        if name.endswith("-raises"):
            headers.append((b"x-amz-function-error", b"Unhandled"))
            body = json.dumps({"errorMessage": "boom", "errorType": "ValueError"}).encode()
        await _send(send, 200, body or b"null", headers)


def _page(query: dict[str, list[str]]) -> dict[str, Any]:
    """Functions, a page of them: those that may be invoked, and others between them."""
    first = int(query.get("Marker", ["0"])[0])
    last = min(first + int(query.get("MaxItems", ["50"])[0]), _COUNT)
    names = [f"waddlebot-{n:03}" if n % 2 else f"payroll-{n:03}" for n in range(first, last)]
    found: dict[str, Any] = {"Functions": [_configuration(name) for name in names]}
    return found | ({"NextMarker": str(last)} if last < _COUNT else {})


def _configuration(name: str) -> dict[str, Any]:
    return {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        "Role": "arn:aws:iam::000000000000:role/role",
        "CodeSize": 123,
        "Description": "Does nothing.",
        "Timeout": 30,
        "MemorySize": 256,
        "LastModified": "2026-01-01T00:00:00.000+0000",
        "Version": "$LATEST",
        "PackageType": "Image",
        "Architectures": ["arm64"],
        "State": "Active",
        # Its owners' business.
        "Environment": {"Variables": {"API_KEY": OWNERS_ONLY}},
        "VpcConfig": {"SubnetIds": [f"subnet-{OWNERS_ONLY}"]},
    }


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def _refuse(send: Send, status: int, kind: str, message: str) -> None:
    headers = [(b"x-amzn-errortype", kind.encode())]
    await _send(send, status, json.dumps({"Type": "User", "Message": message}).encode(), headers)


async def _json(send: Send, status: int, answer: dict[str, Any]) -> None:
    await _send(send, status, json.dumps(answer).encode(), [])


async def _send(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", str(len(body)).encode())
    start = {"type": "http.response.start", "status": status, "headers": [*headers, length]}
    await send(start)
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description="A stand-in for Lambda's API.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--latency", type=float, default=0.005, help="seconds")
    given = parser.parse_args()
    uvicorn.run(
        LambdaApi(given.latency),
        host=given.host,
        port=given.port,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        access_log=False,
        # A connection that was cut as asked is no news.
        log_level="critical",
        backlog=4096,
    )


if __name__ == "__main__":
    main()
