"""The invoke gateway under four times its limit for a minute, and its memory over 200,000 requests.

    python -m tests.performance.gateway_endurance overload|memory [seconds | requests]

Overload: one process with 32 places and functions of 100 ms. First as many callers as places, then
four times as many, of whom those who are refused come back after the second that they are told,
and last, for a while, callers who come back at once: nothing is promised of those, it is told.
Memory: two processes, REST and gRPC by turns, what their processes hold after each. Written to
build/bench.json under `gateway_overload` and `gateway_memory`.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.kit.database_server import database_server
from tests.kit.invoke_gateway import Running, add_client, gateway
from tests.performance import results
from tests.performance.gateway import load

PLACES = 32
TIMES = 4
MINUTE = 60.0
SHORT = 10.0  # seconds of what it is compared with
SLEEPS = ("--function", "waddlebot-sleep-100")
SLOWER = {"p50": 1.2, "p99": 1.5}  # times the same without overload
AT_ONCE = {"p50": 20.0, "p99": 100.0}  # ms until a refusal
REQUESTS = 200_000
CONNECTIONS = 64
TURN = 10.0  # seconds
GROWTH = 1.05  # of the memory, from the second turn of each on
PROTOCOLS = ("rest", "grpc")
EVERY = 0.25  # seconds between two looks


def address(running: Running, protocol: str) -> str:
    """Where a protocol is served."""
    return running.grpc if protocol == "grpc" else running.rest.removeprefix("http://")


def megabytes(running: Running) -> float:
    """What the processes that serve hold, all together, in MB."""
    pid = running.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = [Path(f"/proc/{child}/status").read_text() for child in children]
    return sum(int(text.partition("VmRSS:")[2].split()[0]) for text in found) / 1024


@contextlib.contextmanager
def watched(running: Running) -> Iterator[dict[str, float]]:
    """The most that was under way, and that waited for the audit, as /health tells it."""
    most: dict[str, float] = {"under_way": 0, "waiting": 0, "mb": 0}
    over = threading.Event()

    def look() -> None:
        with running.http() as client:
            while not over.wait(EVERY):
                with contextlib.suppress(httpx.TransportError):
                    told = client.get("/health").json()["config"]
                    seen = (told["under_way"], told["audit"]["waiting"], megabytes(running))
                    for name, value in zip(most, seen, strict=True):
                        most[name] = max(most[name], value)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def overload(seconds: float) -> dict[str, Any]:
    """Both protocols, one after the other."""
    found: dict[str, Any] = {}
    with database_server() as server:
        add_client(server)
        with gateway(server, MAX_CONCURRENT_REQUESTS=str(PLACES)) as running:
            token = running.token()
            for protocol in PROTOCOLS:
                to = (protocol, address(running, protocol), token)
                at_limit = load(*to, PLACES, SHORT, *SLEEPS)
                with watched(running) as most:
                    over = load(*to, PLACES * TIMES, seconds, *SLEEPS, "--pause", "1")
                hammered = load(*to, PLACES * TIMES, SHORT, *SLEEPS, "--pause", "0")
                found[protocol] = {
                    "at_limit": at_limit, "over": over, "most": most, "hammered": hammered
                }  # fmt: skip
    return found


def overload_missed(found: dict[str, Any]) -> list[str]:
    """What was not kept."""
    problems = []
    for protocol, one in found.items():
        at_limit, over, most = one["at_limit"], one["over"], one["most"]
        bad = sum(one[name]["bad"] for name in ("at_limit", "over", "hammered"))
        if bad or at_limit["refused"]["count"] or not over["refused"]["count"]:
            problems.append(f"{protocol}: {bad} bad answers, or refusals where none should be")
        for share, times in SLOWER.items():
            if over[share] > at_limit[share] * times:
                problems.append(f"{protocol}: {share} is over {times} times that at the limit")
        for share, most_ms in AT_ONCE.items():
            if over["refused"][share] > most_ms:
                problems.append(f"{protocol}: {share} of refusals over {most_ms:.0f} ms")
        if most["under_way"] > PLACES or most["waiting"] > PLACES * TIMES:
            problems.append(f"{protocol}: more waited than there are places: {most}")
    return problems


def memory(requests: int) -> dict[str, Any]:
    """Turns of load until there were so many requests."""
    turns: list[dict[str, Any]] = []
    with database_server() as server:
        add_client(server)
        with gateway(server, PROCESSES="2") as running:
            token, count, before = running.token(), 0, megabytes(running)
            while count < requests:
                protocol = PROTOCOLS[len(turns) % 2]
                to = (protocol, address(running, protocol), token)
                answers = load(*to, CONNECTIONS, TURN)
                count += answers["count"]
                turns.append(
                    {"requests": count, "mb": megabytes(running), "bad": answers["bad"]}
                )  # fmt: skip
                print(f"{count:8} requests {turns[-1]['mb']:8.1f} MB", flush=True)
    return {"before": before, "turns": turns}


def memory_missed(found: dict[str, Any]) -> list[str]:
    """What was not kept: the first two turns open what stays open."""
    turns = found["turns"]
    grown = turns[-1]["mb"] / turns[1]["mb"]
    problems = [f"memory grew to {grown:.2f} times"] if grown > GROWTH else []
    if bad := sum(turn["bad"] for turn in turns):
        problems.append(f"{bad} bad answers")
    return problems


def main() -> int:
    """Measure, tell, and write it down; 1 when a budget was missed."""
    what, amount = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    if what == "overload":
        found = overload(amount or MINUTE)
        problems = overload_missed(found)
        print(json.dumps(found, indent=2))
    else:
        found = memory(int(amount) or REQUESTS)
        problems = memory_missed(found)
    results.keep(f"gateway_{what}", found)
    for problem in problems:
        print(f"missed: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
