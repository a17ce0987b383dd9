"""The local AWS as an ASGI application: MiniStack, which pauses before it answers Terraform.

It runs in MiniStack's own environment: `hypercorn <this file>:app`.

The SDK in Terraform's provider closes a request's body as soon as the answer's headers are there.
A server on the same machine can be faster than the SDK's own goroutine, which reads the body once
more to see that it has ended: that read then fails, the connection is given up with the answer on
it, and the request is sent again. What was created is then said to exist, and Terraform stops.
Over any real network the answer is later than that.

Hypercorn keeps a connection that its client has closed until it would have been idle for too long,
which here is an hour: thousands of clients later there is no file descriptor left to accept the
next with. So a connection ends here when its client's end has.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from hypercorn.asyncio.tcp_server import TCPServer
from ministack.app import app as _ministack

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# Seconds: longer than a busy machine keeps a goroutine waiting. Of some 2,500 requests of an
# apply, ten are under way at once.
_PAUSE: Final = 0.01


_read = TCPServer._read_data  # noqa: SLF001


async def _read_until_closed(connection: TCPServer) -> None:
    await _read(connection)
    await connection.idle_task.stop()


TCPServer._read_data = _read_until_closed  # type: ignore[assignment, method-assign]  # noqa: SLF001


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Answer as MiniStack does."""

    async def later(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(_PAUSE)
        await send(message)

    await _ministack(scope, receive, later if _is_terraforms(scope) else send)


def _is_terraforms(scope: dict[str, Any]) -> bool:
    return any(
        name == b"user-agent" and b"HashiCorp" in value for name, value in scope.get("headers", ())
    )
