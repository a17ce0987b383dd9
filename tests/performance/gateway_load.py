"""Load for the gateway: so many connections, each asking again as soon as it is answered.

    python -m tests.performance.gateway_load rest|grpc ADDRESS CONNECTIONS SECONDS

The token comes from the variable TOKEN. Prints JSON: requests a second, the 50th, 95th and 99th
percentile in milliseconds, and how many were not answered well.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable

import grpc
import uvloop
from lambda_action import lambda_action_pb2 as pb

BODY = json.dumps({"function_name": "waddlebot-echo", "payload": '{"a": 1}'}).encode()
WARM = 1.0  # seconds that are not counted

type Ask = Callable[[], Awaitable[bool]]


async def rest(address: str, token: str) -> Ask:
    """One connection that speaks just enough HTTP/1.1."""
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    request = (
        f"POST /api/v1/invoke HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    ).encode() + BODY

    async def ask() -> bool:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        _, _, rest = head.partition(b"content-length: ")
        await reader.readexactly(int(rest.partition(b"\r\n")[0]))
        return head.startswith(b"http/1.1 200")

    return ask


async def grpc_(address: str, token: str) -> Ask:
    """One channel with a connection of its own."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    channel = grpc.aio.insecure_channel(address, options)
    call = channel.unary_unary(
        "/lambda_action.LambdaAction/InvokeFunction",
        request_serializer=pb.InvokeFunctionRequest.SerializeToString,
        response_deserializer=pb.InvokeFunctionResponse.FromString,
    )
    wanted = pb.InvokeFunctionRequest(
        function_name="waddlebot-echo", payload='{"a": 1}', token=token
    )

    async def ask() -> bool:
        return bool((await call(wanted)).success)

    return ask


async def load(protocol: str, address: str, connections: int, seconds: float) -> dict[str, float]:
    """Everything."""
    connect = {"rest": rest, "grpc": grpc_}[protocol]
    token = os.environ["TOKEN"]
    asks = [await connect(address, token) for _ in range(connections)]
    began = time.perf_counter() + WARM
    end = began + seconds
    took: list[float] = []
    bad = 0

    async def repeat(ask: Ask) -> None:
        nonlocal bad
        while (started := time.perf_counter()) < end:
            good = await ask()
            if started >= began:
                took.append(time.perf_counter() - started)
                bad += not good

    await asyncio.gather(*map(repeat, asks))
    took.sort()
    shares = {f"p{share}": took[len(took) * share // 100] * 1000 for share in (50, 95, 99)}
    return {"per_second": len(took) / seconds, **shares, "bad": bad, "count": len(took)}


def main() -> None:
    """Print what was measured."""
    protocol, address, connections, seconds = sys.argv[1:5]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(load(protocol, address, int(connections), float(seconds)))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
