"""Makes loopback ports reachable from containers.

Everything on this machine listens on loopback alone, so that nothing of the local stack
is open to the network. Functions run in containers, whose way to the host is the Docker
network's gateway address: this program listens there and passes bytes on.

    python -m fleet.stack.forward GATEWAY PORT…
"""

from __future__ import annotations

import asyncio
import sys

_CHUNK = 64 * 1024


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


async def _serve(gateway: str, port: int) -> asyncio.Server:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))
        writer.close()
        there_writer.close()

    return await asyncio.start_server(connected, gateway, port)


async def forward(gateway: str, ports: list[int]) -> None:
    """Forward every port until cancelled."""
    servers = [await _serve(gateway, port) for port in ports]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(forward(sys.argv[1], [int(port) for port in sys.argv[2:]]))
