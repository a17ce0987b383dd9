"""What the gateway says of itself while its database is away."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.kit.database_server import Server, database_server
from tests.kit.invoke_gateway import Running, gateway

PATIENCE = 30  # seconds that a test waits for what must come


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with database_server() as server:
        yield server


def health(running: Running) -> httpx.Response:
    return httpx.get(f"{running.rest}/health", timeout=10)


def until_health_is(running: Running, status: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while health(running).status_code != status:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("audit", ["required", "best-effort", "off"])
def test_it_is_unhealthy_without_its_database_though_nobody_asked_for_anything(
    server: Server, audit: str
) -> None:
    server.kill()
    try:
        with gateway(server, AUDIT=audit) as running:
            answer = health(running)
            assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
            assert answer.json()["config"]["clients"] == {"status": "database away"}
            server.start()
            until_health_is(running, 200)
    finally:
        server.start()


def test_it_notices_when_its_database_goes(server: Server) -> None:
    with gateway(server, AUDIT="off") as running:
        assert health(running).status_code == 200
        with server.frozen():
            until_health_is(running, 503)
        until_health_is(running, 200)
