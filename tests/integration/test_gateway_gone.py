"""Callers of the gateway who go away in the middle: what Lambda was asked to do is in the audit."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import httpx
import pytest

from tests.kit.database_server import Server, database_server
from tests.kit.gateway_contract import MESSAGES, ContractClient
from tests.kit.invoke_gateway import Running, add_client, audited, gateway

PATIENCE = 20  # seconds that a test waits for what must come


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with database_server() as server:
        add_client(server)
        yield server


@pytest.fixture(scope="module")
def running(server: Server) -> Iterator[Running]:
    with gateway(server) as running:
        yield running


@pytest.fixture(scope="module")
def token(running: Running) -> str:
    return running.token()


def hang_up(call: Any) -> None:
    call.cancel()


def let_the_deadline_pass(call: Any) -> None:
    assert call.exception().code() == grpc.StatusCode.DEADLINE_EXCEEDED


LEAVE = pytest.mark.parametrize(
    "leave", [hang_up, let_the_deadline_pass], ids=lambda found: found.__name__
)


def begin(client: ContractClient, method: str, **fields: Any) -> Any:
    """A call that is under way, for a second and a half at most."""
    return client.unary(method).future(MESSAGES[f"{method}Request"](**fields), timeout=1.5)


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def rows(server: Server, name: str) -> int:
    return sum(row["function_name"] == name for row in audited(server))


def under_way(running: Running) -> int:
    return int(httpx.get(f"{running.rest}/health").json()["config"]["under_way"])


@LEAVE
def test_a_call_is_in_the_audit_and_holds_its_place_until_lambda_has_answered(
    server: Server, running: Running, token: str, leave: Callable[[Any], None]
) -> None:
    name, count = f"waddlebot-{leave.__name__}-sleep-2500", 5
    with ContractClient(running.grpc) as client:
        calls = [
            begin(client, "InvokeFunction", function_name=name, token=token) for _ in range(count)
        ]
        until(lambda: running.invoked().get(name) == count)
        for call in calls:
            leave(call)
    stored = 0
    while stored < count:
        # In this order: what is not in the audit now had a place before.
        places = under_way(running)
        stored = rows(server, name)
        assert places >= count - stored
    until(lambda: under_way(running) == 0)
    assert running.invoked()[name] == count


@LEAVE
def test_so_is_a_batch(
    server: Server, running: Running, token: str, leave: Callable[[Any], None]
) -> None:
    name, count = f"waddlebot-batch-{leave.__name__}-sleep-2500", 20
    with ContractClient(running.grpc) as client:
        wanted = [{"function_name": name}] * count
        call = begin(client, "BatchInvoke", invocations=wanted, token=token)
        until(lambda: running.invoked().get(name) == count)
        leave(call)
    stored = 0
    while stored < count:
        places = under_way(running)
        stored = rows(server, name)
        assert places or stored == count
    until(lambda: under_way(running) == 0)
    assert running.invoked()[name] == count


def test_a_gateway_that_is_stopped_waits_for_it(server: Server) -> None:
    name = "waddlebot-stopped-sleep-2500"
    with gateway(server) as running, ContractClient(running.grpc) as client:
        call = begin(client, "InvokeFunction", function_name=name, token=running.token())
        until(lambda: running.invoked().get(name) == 1)
        call.cancel()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(PATIENCE) == 0
    assert rows(server, name) == 1
