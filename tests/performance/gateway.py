"""The invoke gateway beside bare boto3 and beside the common way, in one run.

    python -m tests.performance.gateway [seconds of each round]

Against a stand-in for Lambda that takes 5 ms, with PostgreSQL and the audit required: requests a
second and p50, p95, p99 for REST and gRPC at 1, 32 and 256 connections, two processes each. All
take turns, in another order in each round, and medians of the rounds count; every load is warmed
up, in a process of its own, and void when one answer was not good. Then 32 callers at a rate that
bare boto3 is well able to serve, and a batch of 100 functions that take 100 ms. Written to
build/bench.json under `gateway`. Overload and memory: `tests.performance.gateway_endurance`.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from tests.kit.database_server import Server, database_server
from tests.kit.gateway_contract import ContractClient
from tests.kit.invoke_gateway import KEY, Running, add_client, gateway, started, url
from tests.kit.program import ROOT
from tests.kit.services import free_port, until_healthy
from tests.performance import results

CONNECTIONS = (1, 32, 256)
ROUNDS = 3
PROCESSES = "2"
OVERHEAD = 2.0  # ms over the bare call at 32
FASTER = 3.0  # times the common way at 256
BATCH = 0.25  # seconds
PACED = 0.5  # of what bare boto3 serves at 32
KEYS = ("per_second", "p50", "p95", "p99", "cpu")

type Contestants = dict[str, tuple[str, str]]


def load(
    protocol: str, address: str, token: str, connections: int, seconds: float, *options: str
) -> Any:
    """What one run of the load brings, in a process of its own: see `gateway_load`."""
    command = [sys.executable, "-m", "tests.performance.gateway_load"]
    ended = subprocess.run(
        [*command, protocol, address, str(connections), str(seconds), *options],
        env=os.environ | {"TOKEN": token}, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    return json.loads(ended.stdout)


def middle(rounds: list[Any]) -> dict[str, Any]:
    """The medians of rounds, and everything in them that was not answered well."""
    found: dict[str, Any] = {key: statistics.median(one[key] for one in rounds) for key in KEYS}
    wrong = sum(one["bad"] + one["refused"]["count"] for one in rounds)
    return found | {"bad": wrong, "each": [round(one["per_second"]) for one in rounds]}


def in_turns(
    contestants: Contestants, token: str, count: int, seconds: float, *options: str
) -> dict[str, Any]:
    """All of them at so many connections, in another order in each round."""
    rounds: dict[str, list[Any]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(ROUNDS):
        for name in names[number:] + names[:number]:
            protocol, address = contestants[name]
            rounds[name].append(load(protocol, address, token, count, seconds, *options))
    return {name: middle(of) for name, of in rounds.items()}


@contextlib.contextmanager
def seed(server: Server, endpoint: str) -> Iterator[str]:
    """The common way, served; gives its address."""
    port = free_port()
    environment = os.environ | {
        "REST_PORT": str(port),
        "PROCESSES": PROCESSES,
        "DATABASE_URL": url(server),
        "MODULE_SECRET_KEY": KEY,
        "AWS_ENDPOINT_URL_LAMBDA": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PYTHONPATH": str(ROOT),
    }
    with started([sys.executable, "-m", "tests.performance.gateway_seed"], environment):
        until_healthy(f"http://127.0.0.1:{port}/ready")
        yield f"127.0.0.1:{port}"


def batches(running: Running, token: str) -> list[float]:
    """Seconds for a batch of 100 functions that take 100 ms each."""
    wanted = [{"function_name": "waddlebot-sleep-100", "payload": str(n)} for n in range(100)]
    found = []
    with ContractClient(running.grpc) as client:
        for _ in range(6):
            began = time.perf_counter()
            answer = client.call("BatchInvoke", invocations=wanted, token=token)
            found.append(time.perf_counter() - began)
            assert [one.payload for one in answer.responses] == [str(n) for n in range(100)]
    return found[1:]  # the first opens connections


def measure(seconds: float) -> dict[str, Any]:
    """Everything, side by side at each number of connections."""
    found: dict[str, Any] = {"at": {}}
    with database_server() as server:
        add_client(server)
        with (
            gateway(server, PROCESSES=PROCESSES, MAX_CONCURRENT_REQUESTS="256") as running,
            seed(server, running.lambda_api) as common,
        ):
            contestants = {
                "bare": ("bare", running.lambda_api),
                "common": ("rest", common),
                "rest": ("rest", running.rest.removeprefix("http://")),
                "grpc": ("grpc", running.grpc),
            }
            token = running.token()
            for count in CONNECTIONS:
                found["at"][str(count)] = in_turns(contestants, token, count, seconds)
            rate = found["at"]["32"]["bare"]["per_second"] * PACED
            found["rate"] = rate
            found["at"]["paced"] = in_turns(contestants, token, 32, seconds, "--rate", str(rate))
        with gateway(server) as running:
            found["batch_seconds"] = statistics.median(batches(running, running.token()))
    return found


def missed(found: dict[str, Any]) -> list[str]:
    """The budgets that were not kept."""
    problems = []
    for count, contestants in found["at"].items():
        for name, row in contestants.items():
            if row["bad"]:
                problems.append(f"{name} at {count}: {row['bad']} answers were not good")
    at = found["at"]
    for protocol in ("rest", "grpc"):
        times = at["256"][protocol]["per_second"] / at["256"]["common"]["per_second"]
        if times < FASTER:
            problems.append(f"{protocol}: {times:.2f} times the common way at 256, not {FASTER}")
        for load_ in ("32", "paced"):
            over = at[load_][protocol]["p50"] - at[load_]["bare"]["p50"]
            if over > OVERHEAD:
                problems.append(
                    f"{protocol} at {load_}: p50 {over:.1f} ms over bare boto3, budget {OVERHEAD}"
                )
    if found["batch_seconds"] > BATCH:
        problems.append(f"a batch of 100 took {found['batch_seconds'] * 1000:.0f} ms")
    return problems


def shown(found: dict[str, Any]) -> str:
    """A table for the terminal; `load` is the generator's share of a core."""
    heads = (("connections", 12), ("req/s", 9), ("p50 ms", 9), ("p95", 9), ("p99", 9), ("load", 7))
    lines = [" " * 8 + "".join(f"{head:>{width}}" for head, width in heads)]
    for count, contestants in found["at"].items():
        for name, row in contestants.items():
            figures = "".join(f"{row[key]:9.1f}" for key in KEYS[:4])
            lines.append(f"{name:8}{count:>12}{figures}{row['cpu']:7.0%}  {row['each']}")
    lines.append(f"paced: 32 callers at {found['rate']:.0f} requests a second in all")
    lines.append(f"batch of 100 functions of 100 ms: {found['batch_seconds'] * 1000:.0f} ms")
    return "\n".join(lines)


def main() -> int:
    """Measure, tell, and write it down; 1 when a budget was missed."""
    found = measure(float(sys.argv[1]) if len(sys.argv) > 1 else 4.0)
    print(shown(found))
    results.keep("gateway", found)
    problems = missed(found)
    for problem in problems:
        print(f"missed: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
