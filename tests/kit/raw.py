"""Servers that say what a test wants them to say, byte by byte, and what it costs to listen."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    type Talk = Callable[[socket.socket, bytes], None]


@dataclass
class Raw:
    """A server.

    Attributes:
        host: Its address.
        port: Its port.
        requests: The head of each request that was read.
        connections: How many were accepted.
        stopping: Set when the test is over: whoever talks without end looks at it.
    """

    host: str
    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)


def answer(body: bytes, status: str = "200 OK", *headers: str) -> Talk:
    """A whole answer."""
    head = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers]
    content = "\r\n".join(head).encode() + b"\r\n\r\n" + body
    return lambda connection, _: connection.sendall(content)


def redirect(location: str, status: int = 302) -> Talk:
    """An answer that leads elsewhere."""
    return answer(b"", f"{status} Found", f"location: {location}")


@contextlib.contextmanager
def serving(
    talk: Callable[[Raw], Talk], host: str = "127.0.0.2", tls: ssl.SSLContext | None = None
) -> Iterator[Raw]:
    """Serve on a free port: for each connection a request's head is read, then `talk` talks."""
    listener = socket.create_server((host, 0))
    listener.settimeout(0.05)
    server = Raw(host, listener.getsockname()[1])
    say = talk(server)
    threads: list[threading.Thread] = []

    def one(connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ssl.SSLError), contextlib.ExitStack() as open_:
            open_.enter_context(connection)
            if tls:
                connection = open_.enter_context(tls.wrap_socket(connection, server_side=True))
            connection.settimeout(5)
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65_536)
                if not piece:
                    return
                head += piece
            server.requests.append(head)
            say(connection, head)

    def accept() -> None:
        while not server.stopping.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                server.connections += 1
                threads.append(threading.Thread(target=one, args=(connection,)))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield server
    finally:
        server.stopping.set()
        accepting.join()
        listener.close()
        for thread in threads:
            thread.join()


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for a name that vouches for itself, and its key."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-keyout", str(key), "-out", str(cert)),
            *("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"),
        ],
        check=True,
        capture_output=True,
    )
    return cert, key
