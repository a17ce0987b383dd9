"""The whole gateway killed under load: whatever a caller was answered is in the audit."""

from __future__ import annotations

import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import httpx
import pytest

from tests.kit.database_server import Server, database_server
from tests.kit.gateway_contract import ContractClient
from tests.kit.invoke_gateway import Running, add_client, audited, gateway

ECHO = "waddlebot-echo"
CALLERS = 8  # of each protocol
ENOUGH = 200  # answers of each before it is killed


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with database_server() as server:
        add_client(server)
        yield server


class Answered:
    """The payloads that callers of one protocol had an answer for, and how many were cut off."""

    def __init__(self) -> None:
        self.payloads: list[str] = []
        self.cut: list[str] = []
        self.enough = threading.Event()

    def ask(self, send: Callable[[str], str]) -> None:
        """Ask until the gateway is gone; each payload is one of its own."""
        while True:
            payload = f'"{uuid.uuid4()}"'
            try:
                answer = send(payload)
            except (httpx.TransportError, grpc.RpcError):
                self.cut.append(payload)
                return
            assert answer == payload
            self.payloads.append(payload)
            if len(self.payloads) >= ENOUGH:
                self.enough.set()


def by_rest(running: Running, token: str, answered: Answered) -> None:
    with running.http(token) as http:

        def send(payload: str) -> str:
            wanted = {"function_name": ECHO, "payload": payload}
            answer = http.post("/api/v1/invoke", json=wanted)
            answer.raise_for_status()
            return str(answer.json()["payload"])

        answered.ask(send)


def by_grpc(running: Running, token: str, answered: Answered) -> None:
    # A connection of its own, so that callers spread over the gateway's processes.
    with ContractClient(running.grpc, **{"grpc.use_local_subchannel_pool": 1}) as client:

        def send(payload: str) -> str:
            answer = client.call("InvokeFunction", function_name=ECHO, payload=payload, token=token)
            assert answer.success, answer.error
            return str(answer.payload)

        answered.ask(send)


def kill(running: Running) -> None:
    """All processes, the first one first: it would start the others anew."""
    pid = running.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    running.process.kill()
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    running.process.wait(10)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_what_a_killed_gateway_answered_is_in_the_audit(server: Server, processes: str) -> None:
    rest, grpc_ = Answered(), Answered()
    with gateway(server, PROCESSES=processes) as running, ThreadPoolExecutor(2 * CALLERS) as pool:
        token = running.token()
        under_way = [pool.submit(by_rest, running, token, rest) for _ in range(CALLERS)]
        under_way += [pool.submit(by_grpc, running, token, grpc_) for _ in range(CALLERS)]
        deadline = time.monotonic() + 60
        for answered in (rest, grpc_):
            assert answered.enough.wait(deadline - time.monotonic())
        kill(running)
        for one in under_way:
            one.result(60)
    # Each caller was cut off in the middle of a request: it was under load when it was killed.
    assert len(rest.cut) == len(grpc_.cut) == CALLERS
    stored = {row["payload"] for row in audited(server) if row["success"]}
    assert min(len(rest.payloads), len(grpc_.payloads)) >= ENOUGH
    assert set(rest.payloads) <= stored
    assert set(grpc_.payloads) <= stored
