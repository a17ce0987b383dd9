"""A real HTTP server on this machine that answers as a test has written down."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Reply:
    """One answer. With `drop`, the connection is cut instead, with `cut_short` before the body's
    end; `wait` is waited for before."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    cut_short: bool = False
    wait: threading.Event | None = None

    @classmethod
    def json(cls, content: Any, status: int = 200, **headers: str) -> Reply:
        return cls(status, json.dumps(content).encode(), headers)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Scripted:
    """The server: what it will answer, and what it was asked. The last reply repeats."""

    url: str = ""
    replies: list[Reply] = field(default_factory=lambda: [Reply()])
    requests: list[Request] = field(default_factory=list)
    connections: set[tuple[str, int]] = field(default_factory=set)

    def script(self, *replies: Reply) -> None:
        self.replies = list(replies)

    def reply_to(self, request: Request) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextlib.contextmanager
def serving(scripted: Scripted | None = None) -> Iterator[Scripted]:
    """Serve on a free port of 127.0.0.1 until the block is left."""
    scripted = scripted or Scripted()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10
        wbufsize = -1  # head and body leave together, or each waits 40 ms for the other's receipt

        def answer(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, self.path, headers, self.rfile.read(length))
            scripted.requests.append(request)
            scripted.connections.add(self.client_address)
            reply = scripted.reply_to(request)
            if reply.wait:
                reply.wait.wait(10)
            if reply.drop:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body) + reply.cut_short))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)
            self.close_connection |= reply.cut_short

        do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = answer  # noqa: N815  as the server names them

        def log_message(self, *_: object) -> None:
            """Nothing: the test looks at the requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    scripted.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield scripted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
