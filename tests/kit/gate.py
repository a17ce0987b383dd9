"""A gate in front of the local AWS: it kills a process at one of its calls.

A release that is killed "after publish and before the alias moves" is tested by killing
it exactly there: the gate sees each request, and sends SIGKILL before it passes the
chosen one on, or after the answer has come and before the caller gets it.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

CALLS = {
    "update": ("PUT", r"/functions/[^/]+/code$"),
    "publish": ("POST", r"/functions/[^/]+/versions$"),
    "smoke": ("POST", r"/functions/[^/]+/invocations"),
    "alias": ("PUT", r"/functions/[^/]+/aliases/live$"),
}
_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass
class Gate:
    """What the gate does, and what it has seen."""

    port: int = 0
    call: str = ""
    when: Literal["before", "after"] = "before"
    victim: int | None = None
    struck: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Where a client talks to it."""
        return f"http://localhost:{self.port}"

    def is_the_call(self, method: str, path: str) -> bool:
        if not self.call or self.struck.is_set():
            return False
        wanted, pattern = CALLS[self.call]
        return method == wanted and re.search(pattern, path.partition("?")[0]) is not None

    def strike(self) -> None:
        assert self.victim is not None
        os.killpg(self.victim, signal.SIGKILL)
        self.struck.set()


def _handler(gate: Gate, upstream: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            chosen = gate.is_the_call(self.command, self.path)
            if chosen and gate.when == "before":
                gate.strike()
                self.close_connection = True
                return
            connection = http.client.HTTPConnection("127.0.0.1", upstream, timeout=120)
            # The signature covers the Host header: it must stay the caller's.
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            if chosen:
                gate.strike()
                self.close_connection = True
                return
            self.send_response(answer.status)
            for key, value in answer.getheaders():
                if key.lower() not in _HOP:
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            return

    return Handler


@contextmanager
def gate_before(upstream: int) -> Iterator[Gate]:
    """A gate in front of a port of this machine."""
    gate = Gate()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(gate, upstream))
    server.daemon_threads = True
    gate.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield gate
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
