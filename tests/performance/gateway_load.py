"""Load for the gateway: so many connections, each asking again when it is answered.

    python -m tests.performance.gateway_load rest|grpc|bare ADDRESS CONNECTIONS SECONDS
        [--rate N] [--function NAME] [--pause SECONDS]

`bare` is boto3 in as many threads. The token comes from the variable TOKEN. Prints JSON: see
`Figures`. Both generators are bare protocols on uvloop with requests made beforehand: what the
generator takes of two cores, the gateway does not have. How much that was is told with the rest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import uvloop

from tests.performance.gateway_callers import BAD, REFUSED, GrpcCaller, RestCaller
from tests.performance.gateway_figures import Figures

if TYPE_CHECKING:
    from tests.performance.gateway_callers import Caller

WARM = 1.0  # seconds that are not counted
LATE = 30.0  # seconds after the end, for what is under way then


class Load:
    """All callers, and what they were answered."""

    def __init__(self, seconds: float, connections: int, rate: float, pause: float) -> None:
        """Count nothing yet.

        Args:
            seconds: That are counted.
            connections: How many callers there are.
            rate: Requests a second of all of them together; 0 is as many as are answered.
            pause: Seconds that a caller waits who was refused.
        """
        self.begins = time.perf_counter() + WARM
        self.ends = self.begins + seconds
        self.figures = Figures(self.begins, self.ends)
        self.interval = connections / rate if rate else 0.0
        self.pause = pause
        self.left = connections
        self.idle = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def start(self, callers: list[Caller]) -> None:
        """Let them ask, one after the other within an interval."""
        now = time.perf_counter()
        for number, caller in enumerate(callers):
            caller.due = now + self.interval * number / len(callers)
            self._loop.call_later(caller.due - now, caller.ask)

    def answered(self, caller: Caller, kind: str) -> None:
        """A caller has an answer: count it, and let it ask again."""
        now = time.perf_counter()
        self.figures.add(caller.asked, now, kind)
        if now >= self.ends or kind == BAD:
            # One that was answered badly may have no connection; that run is void anyway.
            self.left -= 1
            if not self.left:
                self.idle.set()
            return
        wait = self.pause if kind == REFUSED else 0.0
        if self.interval:
            caller.due = max(caller.due + self.interval, now)
            wait = max(wait, caller.due - now)
        if wait > 0:
            self._loop.call_later(wait, caller.ask)
        else:
            caller.ask()


async def load(given: argparse.Namespace) -> dict[str, object]:
    """Everything."""
    host, _, port = given.address.rpartition(":")
    kind: Callable[..., Caller] = {"rest": RestCaller, "grpc": GrpcCaller}[given.protocol]
    loop = asyncio.get_running_loop()
    callers: list[Caller] = []
    for _ in range(given.connections):
        _, caller = await loop.create_connection(
            lambda: kind(given.address, os.environ["TOKEN"], given.function), host, int(port)
        )
        await asyncio.wait_for(caller.ready, LATE)
        callers.append(caller)
    run = Load(given.seconds, given.connections, given.rate, given.pause)
    for caller in callers:
        caller.answered = run.answered
    run.start(callers)
    await asyncio.sleep(run.begins - time.perf_counter())
    run.figures.start()
    await asyncio.sleep(run.ends - time.perf_counter())
    run.figures.stop()
    try:
        async with asyncio.timeout(LATE):
            await run.idle.wait()
    except TimeoutError:
        run.figures.unanswered(run.left)
    return run.figures.shown()


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description="Load for the gateway.")
    parser.add_argument("protocol", choices=["rest", "grpc", "bare"])
    parser.add_argument("address")
    parser.add_argument("connections", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--rate", type=float, default=0.0, help="requests a second; 0 is no limit")
    parser.add_argument("--function", default="waddlebot-echo")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds after a refusal")
    given = parser.parse_args()
    if given.protocol == "bare":
        # Imported where it is used: boto3 is no part of the other generators.
        from tests.performance.gateway_bare import bare  # noqa: PLC0415

        found = bare(given.address, given.connections, given.seconds, given.rate)
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(load(given))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
