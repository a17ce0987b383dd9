"""The gateway while the store of its signing key is slow or away: who has a good token goes on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest
from function_kit import secret_stores
from function_kit.logging import configure
from function_kit.secrets import Secret
from lambda_action import keys, rest
from lambda_action.build import build
from lambda_action.credentials import Environment
from lambda_action.stores import open_stores

from tests.kit.audited import KEY, settings, url, watch
from tests.kit.database_server import Server, database_server
from tests.kit.gateway_tokens import token as made_by_hand
from tests.kit.invoke_gateway import SECRET, add_client, lambda_api
from tests.kit.junit import Record
from tests.kit.scripted import Reply, Scripted, serving

WANTED = {"function_name": "waddlebot-echo", "payload": "{}"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with database_server() as server:
        add_client(server)
        yield server


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with lambda_api() as endpoint:
        yield endpoint


@pytest.fixture
def store(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """Secrets Manager, as a test scripts it; whoever asks gives it up soon."""
    configure(service="tests", level="CRITICAL")
    with serving() as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setattr(secret_stores, "_TIMEOUT", 0.2)
        monkeypatch.setattr(keys, "_PERIOD", 0.3)
        secret_stores.prepare.cache_clear()
        made.script(Reply.json({"SecretString": KEY}))
        yield made
        secret_stores.prepare("secretsmanager").close()
        secret_stores.prepare.cache_clear()


type Use = Callable[[httpx.AsyncClient], Awaitable[None]]


def used(server: Server, use: Use) -> None:
    """Let a caller with a good token use a gateway whose key's time is over in no time."""

    async def run() -> None:
        async with gateway(server) as http:
            given = {"client_id": "ada", "client_secret": SECRET}
            token = (await http.post("/api/v1/token", json=given)).json()["token"]
            http.headers["authorization"] = f"Bearer {token}"
            assert (await http.post("/api/v1/invoke", json=WANTED)).status_code == 200
            await use(http)

    asyncio.run(run())


@asynccontextmanager
async def gateway(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway on this event loop, so that a test sees when it is blocked."""
    given = settings(url(server), module_secret_key=Secret("secretsmanager:key", ttl=0.3))
    stores = await open_stores(given)
    made = build(given, stores.audit, stores.clients, Environment())
    await made.tokens.prepare()
    application = rest.application(made, SimpleNamespace(ready=True))
    transport = httpx.ASGITransport(application)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            yield http
    finally:
        await stores.close()
        await made.api.close()


def test_good_requests_go_on_while_the_store_hangs(
    server: Server, store: Scripted, record_property: Record
) -> None:
    """The best of three, as others run here."""
    lags: list[float] = []
    ends = threading.Event()

    async def use(http: httpx.AsyncClient) -> None:
        store.script(Reply(wait=ends))
        before = len(store.requests)
        over = False
        watching = asyncio.create_task(watch(lags, lambda: over))
        for _ in range(20):
            # Apart from each other: some come while the store is asked, and some afterwards.
            await asyncio.sleep(0.1)
            assert (await http.post("/api/v1/invoke", json=WANTED)).status_code == 200
        over = True
        await watching
        assert len(store.requests) > before

    worst = []
    try:
        for _ in range(3):
            lags.clear()
            store.script(Reply.json({"SecretString": KEY}))
            used(server, use)
            worst.append(max(lags))
            if worst[-1] < 0.05:
                break
    finally:
        ends.set()
    record_property("blocked_ms", round(min(worst) * 1000, 1))
    assert min(worst) < 0.05


def test_a_token_that_names_an_invented_key_is_nobodys_when_the_store_is_away(
    server: Server, store: Scripted
) -> None:
    invented = made_by_hand(header={"alg": "HS256", "kid": "invented"}, key="x" * 64)

    async def use(http: httpx.AsyncClient) -> None:
        store.script(Reply(drop=True))
        before = len(store.requests)
        good = http.headers["authorization"]
        for bearer, status in ((invented, 401), (good.removeprefix("Bearer "), 200)) * 3:
            headers = {"authorization": f"Bearer {bearer}"}
            answer = await http.post("/api/v1/invoke", json=WANTED, headers=headers)
            assert answer.status_code == status
        assert len(store.requests) > before

    used(server, use)


def test_it_does_not_start_without_its_key(server: Server, store: Scripted) -> None:
    store.script(Reply.json({"__type": "ResourceNotFoundException"}, 400))
    environment = {
        "ENVIRONMENT": "local",
        "AWS_ENDPOINT_URL": store.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "MODULE_SECRET_KEY": "secretsmanager:key",
        "DATABASE_URL": url(server),
        "REST_PORT": "0",
        "GRPC_PORT": "0",
        "PROCESSES": "1",
    }
    command = [sys.executable, "-m", "lambda_action.serve"]
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 1
    assert "secretsmanager:key could not be read: ResourceNotFoundException" in ended.stderr
    assert "Traceback" not in ended.stderr
