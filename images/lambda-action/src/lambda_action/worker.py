"""One process of the service: both servers on one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import time
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from function_kit.logging import get_logger

from lambda_action import gauge, grpc_server, rest
from lambda_action.build import build
from lambda_action.credentials import default_source
from lambda_action.stores import open_stores

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableSequence

    from lambda_action.settings import GatewaySettings

_BACKLOG: Final = 4096
_IDLE_SECONDS: Final = 75  # longer than a load balancer keeps idle connections (60)
_AFTERWARDS: Final = 5.0  # seconds beyond a request's own, for those under way to end
_OVERHEAD: Final = 64 * 1024

_log = get_logger()


class State:
    """Whether the process takes requests."""

    ready = False


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: signals are for both servers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: GatewaySettings, cells: MutableSequence[int] | None = None) -> None:
    """Serve until SIGTERM, then drain.

    Args:
        settings: See the class.
        cells: What the audit is counted in; see `audit_counts`.

    Raises:
        OSError: A port is taken.
        SecretError: The signing key could not be read.
        WeakKey: It is too short.
    """
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    source = default_source()
    stores = await open_stores(settings, cells)
    gateway = build(settings, stores.audit, stores.clients, source)
    await gateway.tokens.prepare()
    state = State()
    largest = settings.max_payload_bytes * 2 + _OVERHEAD
    grpc, health = grpc_server.server(gateway, f"[::]:{settings.grpc_port}", largest)
    http = _http(rest.application(gateway, state), settings)
    await grpc.start()
    serving = asyncio.create_task(http.serve(sockets=[_listener(settings.rest_port)]))
    # What is there now stays: collecting it again and again would stop the loop for nothing.
    gc.freeze()
    state.ready = True
    await grpc_server.tell(health, ready=True)
    _log.info("serving", grpc_port=settings.grpc_port, rest_port=settings.rest_port)
    gauging = asyncio.create_task(gauge.report(gateway, "lambda-action", settings.environment))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    gauging.cancel()
    state.ready = False
    await grpc_server.tell(health, ready=False)
    end = time.monotonic() + settings.request_timeout + _AFTERWARDS
    await _drain(grpc, http, serving, settings.request_timeout + _AFTERWARDS)
    # What its caller no longer waits for neither server knows of.
    await gateway.under_way.ended(max(0.0, end - time.monotonic()))
    await stores.close()
    await gateway.api.close()
    _log.info("stopped")


async def _drain(grpc: Any, http: _Server, serving: asyncio.Task[None], seconds: float) -> None:
    """End what is under way, and take nothing more."""
    _log.info("draining", seconds=seconds)
    http.should_exit = True
    await asyncio.gather(grpc.stop(seconds), serving)


def _http(application: Any, settings: GatewaySettings) -> _Server:
    return _Server(
        uvicorn.Config(
            application,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_IDLE_SECONDS,
            timeout_graceful_shutdown=int(settings.request_timeout + _AFTERWARDS),
        )
    )


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("::", port))
    listener.listen(_BACKLOG)
    listener.setblocking(False)  # noqa: FBT003 - the standard library's own
    return listener
