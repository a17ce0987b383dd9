"""A network between a client and a server, that a test may cut or let hang."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Wire:
    """Passes bytes on, from a port of its own; one event loop uses it.

    Attributes:
        port: Where it listens on loopback.
    """

    def __init__(self, target: int) -> None:
        """Lead to the port `target`."""
        self.port = 0
        self._target = target
        self._flows = asyncio.Event()
        self._flows.set()
        self._refuses = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Break what is connected, and refuse what comes."""
        self._refuses = True
        for writer in self._writers:
            writer.transport.abort()

    def hang(self) -> None:
        """Swallow everything: connections stay, and nothing comes through."""
        self._flows.clear()

    def mend(self) -> None:
        """Let everything through."""
        self._refuses = False
        self._flows.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        self._writers.add(writer)
        try:
            if self._refuses:
                writer.transport.abort()
                return
            await self._flows.wait()
            onward_reader, onward = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(onward)
            await asyncio.gather(self._pump(reader, onward), self._pump(onward_reader, writer))
        except OSError:
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def wire(target: int) -> AsyncIterator[Wire]:
    """A network to the port `target`, gone at the end of the block."""
    made = Wire(target)

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(made.accept(reader, writer))
        made._tasks.add(task)
        task.add_done_callback(made._tasks.discard)

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.mend()
        made.cut()
        for task in tuple(made._tasks):
            task.cancel()
        await asyncio.gather(*made._tasks, return_exceptions=True)
