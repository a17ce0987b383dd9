"""The invoke gateway beside bare boto3 and beside the common way, in one run.

    python -m tests.performance.gateway [seconds for each]

Against a stand-in for Lambda that takes 5 ms, with PostgreSQL and the audit required: requests a
second and p50, p95, p99 for REST and gRPC at 1, 32 and 256 connections, two processes each; a
batch of 100 functions that take 100 ms; memory before and after. Written to build/bench.json
under `gateway`.
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
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

from tests.kit.database_server import Server, database_server
from tests.kit.gateway_contract import ContractClient
from tests.kit.invoke_gateway import KEY, Running, add_client, gateway, started, url
from tests.kit.program import ROOT
from tests.kit.services import free_port, until_healthy
from tests.performance import results

CONNECTIONS = (1, 32, 256)
PROCESSES = "2"
OVERHEAD = 2.0  # ms over the bare call at 32
FASTER = 3.0  # times the common way at 256
BATCH = 0.25  # seconds


def load(protocol: str, address: str, token: str, connections: int, seconds: float) -> Any:
    """What one run of the load brings, in a process of its own."""
    command = [sys.executable, "-m", "tests.performance.gateway_load"]
    ended = subprocess.run(
        [*command, protocol, address, str(connections), str(seconds)],
        env=os.environ | {"TOKEN": token}, capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    return json.loads(ended.stdout)


def bare(endpoint: str, threads: int, seconds: float) -> dict[str, float]:
    """boto3 alone, in as many threads."""
    client = boto3.client(
        "lambda", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test",
        aws_secret_access_key="test", config=Config(max_pool_connections=threads),
    )  # fmt: skip
    end = time.perf_counter() + seconds
    took: list[float] = []

    def repeat(_: int) -> None:
        while (began := time.perf_counter()) < end:
            client.invoke(FunctionName="waddlebot-echo", Payload=b'{"a": 1}')["Payload"].read()
            took.append(time.perf_counter() - began)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(repeat, range(threads)))
    took.sort()
    shares = {f"p{share}": took[len(took) * share // 100] * 1000 for share in (50, 95, 99)}
    return {"per_second": len(took) / seconds, **shares}


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
    """Everything, the three side by side at each number of connections."""
    found: dict[str, Any] = {"rest": {}, "grpc": {}, "bare": {}, "common": {}}
    with database_server() as server:
        add_client(server)
        with (
            gateway(server, PROCESSES=PROCESSES, MAX_CONCURRENT_REQUESTS="256") as running,
            seed(server, running.lambda_api) as common,
        ):
            token = running.token()
            rest = running.rest.removeprefix("http://")
            for count in CONNECTIONS:
                found["bare"][count] = bare(running.lambda_api, count, seconds)
                found["common"][count] = load("rest", common, token, count, seconds)
                found["rest"][count] = load("rest", rest, token, count, seconds)
                found["grpc"][count] = load("grpc", running.grpc, token, count, seconds)
        with gateway(server) as running:
            found["batch_seconds"] = statistics.median(batches(running, running.token()))
    return found


def missed(found: dict[str, Any]) -> list[str]:
    """The budgets that were not kept."""
    problems = []
    for protocol in ("rest", "grpc"):
        times = found[protocol][256]["per_second"] / found["common"][256]["per_second"]
        over = found[protocol][32]["p50"] - found["bare"][32]["p50"]
        if times < FASTER:
            problems.append(f"{protocol}: {times:.2f} times the common way at 256, not {FASTER}")
        if over > OVERHEAD:
            problems.append(
                f"{protocol}: p50 {over:.1f} ms over bare boto3 at 32, budget {OVERHEAD}"
            )
    if found["batch_seconds"] > BATCH:
        problems.append(f"a batch of 100 took {found['batch_seconds'] * 1000:.0f} ms")
    return problems


def shown(found: dict[str, Any]) -> str:
    """A table for the terminal."""
    lines = [f"{'':8}{'connections':>12}{'req/s':>9}{'p50 ms':>9}{'p95':>9}{'p99':>9}"]
    for count in CONNECTIONS:
        for name in ("bare", "common", "rest", "grpc"):
            row = found[name][count]
            figures = "".join(f"{row[key]:9.1f}" for key in ("per_second", "p50", "p95", "p99"))
            lines.append(f"{name:8}{count:12}{figures}")
    lines.append(f"batch of 100 functions of 100 ms: {found['batch_seconds'] * 1000:.0f} ms")
    return "\n".join(lines)


def main() -> int:
    """Measure, tell, and write it down; 1 when a budget was missed."""
    found = measure(float(sys.argv[1]) if len(sys.argv) > 1 else 8.0)
    print(shown(found))
    results.keep("gateway", found)
    problems = missed(found)
    for problem in problems:
        print(f"missed: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
