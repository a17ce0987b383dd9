"""How the stand-ins are served: as a program, or in a thread of a test."""

from __future__ import annotations

import argparse
import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from starlette.applications import Starlette
    from starlette.requests import Request


class _CuttableProtocol(H11Protocol):
    """HTTP/1.1 that lets the application cut its own connection, as a failing network would."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


async def cut(request: Request) -> None:
    """Close the connection of `request` at once, without an answer."""
    request.scope["state"]["transport"].abort()
    await _disconnected(request)


async def never_answer(request: Request) -> None:
    """Hold the connection until the client gives up or the server stops."""
    await _disconnected(request)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _server(app: Starlette, *, timeout: int) -> uvicorn.Server:
    # No access log: the stand-ins keep their own ledger, without the callers' secrets.
    config = uvicorn.Config(
        app,
        http=_CuttableProtocol,
        access_log=False,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=timeout,
    )
    return uvicorn.Server(config)


@contextlib.contextmanager
def running(app: Starlette, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve `app` in a thread.

    Args:
        app: The stand-in.
        host: The address to listen on.
        port: The port; 0 takes a free one.

    Yields:
        The base URL, without a slash at the end.
    """
    server = _server(app, timeout=1)
    # Bound here, so that the port is known and connections queue until the loop accepts them.
    listener = socket.create_server((host, port), backlog=512)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


def serve(app: Starlette, *, host: str, port: int) -> None:
    """Serve `app` until the process is told to stop."""
    server = _server(app, timeout=1)
    server.config.host, server.config.port = host, port
    server.run()


def arguments(description: str, *, port: int) -> argparse.ArgumentParser:
    """The command line that the stand-ins share: `--host` and `--port`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=port, help="port to listen on")
    return parser


def client_of(request: Request) -> str:
    """What a service would take as the caller's identity: its address."""
    address: Any = request.client
    return str(address.host) if address else "unknown"
