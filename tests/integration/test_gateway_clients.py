"""Clients of the gateway against a real PostgreSQL: let in, changed over, shut out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from function_kit import passwords
from lambda_action import admin
from lambda_action.clients import PostgresClients
from lambda_action.database import Database
from lambda_action.errors import DirectoryUnavailable, TooMany
from lambda_action.ports import Client
from pydantic import ValidationError

from tests.kit.audited import own_connection, settings, url
from tests.kit.database_server import Server, database_server
from tests.kit.wire import wire

OLD, NEW = "secret-one", "secret-two"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with database_server() as server:
        yield server


@pytest.fixture(autouse=True)
def empty(server: Server) -> None:
    with server.admin() as connection:
        connection.execute("TRUNCATE gateway_clients")


@pytest.fixture
def order(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """What `fleet gateway client` asks of the function."""
    monkeypatch.setattr("lambda_action.admin.database", own_connection(server))

    def run(gateway: str, **values: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = admin.handle(
            {"gateway": gateway, **values}, settings(url(server))
        )["clients"]
        return found

    return run


def asked(
    server: Server,
    ask: Callable[[PostgresClients], Awaitable[Any]],
    port: int | None = None,
    **options: Any,
) -> Any:
    async def run() -> Any:
        clients = PostgresClients(Database(settings(url(server, port)), "tests"), **options)
        try:
            return await ask(clients)
        finally:
            clients.close()

    return asyncio.run(run())


def add(order: Callable[..., Any], client_id: str = "shop", **values: Any) -> None:
    order("client.add", client_id=client_id, secret_hash=passwords.hashed(OLD), **values)


def test_good_credentials_give_the_client_as_it_was_added(
    server: Server, order: Callable[..., Any]
) -> None:
    add(order, prefixes=["waddlebot-shop-"], rate=5)
    found = asked(server, lambda clients: clients.check("shop", OLD))
    assert found == Client("shop", ("waddlebot-shop-",), 5)


@pytest.mark.parametrize(
    ("client_id", "secret"),
    [
        ("shop", "wrong"), ("shop", ""), ("shop", OLD + " "), ("shop", OLD + "\0"), ("SHOP", OLD),
        ("shop\0", OLD), ("", OLD), ("' OR true --", OLD), ("\ud800", "\ud800"),
        ("x" * 10_000, OLD), ("shop", OLD + "x" * 100_000), ("shop", "\u017fecret-one"),
    ],
)  # fmt: skip
def test_others_are_not_let_in(
    server: Server, order: Callable[..., Any], client_id: str, secret: str
) -> None:
    add(order)
    assert asked(server, lambda clients: clients.check(client_id, secret)) is None


def test_both_secrets_are_good_while_callers_change_over(
    server: Server, order: Callable[..., Any]
) -> None:
    add(order)

    def rotate(keep_seconds: float) -> None:
        order(
            "client.rotate", client_id="shop", secret_hash=passwords.hashed(NEW),
            keep_seconds=keep_seconds,
        )  # fmt: skip

    async def which(clients: PostgresClients) -> list[bool]:
        return [await clients.check("shop", secret) is not None for secret in (OLD, NEW)]

    rotate(60)
    assert asked(server, which) == [True, True]
    rotate(0)
    assert asked(server, which) == [False, True]


def test_a_revoked_client_is_gone_when_the_answer_is_five_seconds_old(
    server: Server, order: Callable[..., Any]
) -> None:
    add(order)
    now = [0.0]

    async def ask(clients: PostgresClients) -> list[bool]:
        seen = []
        for moment in (0.0, 4.9, 5.0):
            now[0] = moment
            seen.append(await clients.get("shop") is not None)
            if not moment:
                await asyncio.to_thread(order, "client.revoke", client_id="shop")
        return [*seen, await clients.check("shop", OLD) is not None]

    assert asked(server, ask, clock=lambda: now[0]) == [True, True, False, False]


def test_a_name_is_not_given_twice_and_unknown_ones_are_said(order: Callable[..., Any]) -> None:
    add(order)
    order("client.revoke", client_id="shop")
    with pytest.raises(admin.ClientExists, match="choose another"):
        add(order)
    with pytest.raises(admin.ClientUnknown, match="shop"):
        order("client.rotate", client_id="shop", secret_hash=passwords.hashed(NEW))
    with pytest.raises(admin.ClientUnknown, match="nobody"):
        order("client.revoke", client_id="nobody")


def test_a_list_shows_everything_but_hashes(order: Callable[..., Any]) -> None:
    add(order, "b", rate=1)
    add(order, "a")
    order("client.revoke", client_id="a")
    rows = order("client.list")
    assert [row["client_id"] for row in rows] == ["a", "b"]
    assert [row["revoked_at"] is None for row in rows] == [False, True]
    assert not any("hash" in name or "scrypt" in str(row) for row in rows for name in row)


@pytest.mark.parametrize(
    "values",
    [
        {"client_id": "a b"}, {"client_id": ""}, {"client_id": "x" * 65}, {"rate": -1},
        {"secret_hash": "plain"}, {"prefixes": ["a*"]}, {"prefixes": [""]}, {"more": 1},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(order: Callable[..., Any], values: dict[str, Any]) -> None:
    good = {"client_id": "shop", "secret_hash": passwords.hashed(OLD)}
    with pytest.raises(ValidationError):
        order("client.add", **{**good, **values})


def test_known_clients_go_on_for_a_while_when_the_database_is_away(
    server: Server, order: Callable[..., Any]
) -> None:
    add(order)
    now = [0.0]

    async def run() -> list[str]:
        async with wire(server.port) as net:
            clients = PostgresClients(
                Database(settings(url(server, net.port)), "tests"), clock=lambda: now[0]
            )
            seen = []
            await clients.get("shop")
            net.cut()
            for moment, name in (
                (10.0, "shop"),
                (20.0, "stranger"),
                (299.0, "shop"),
                (301.0, "shop"),
            ):
                now[0] = moment
                try:
                    seen.append("in" if await clients.get(name) else "out")
                except DirectoryUnavailable as error:
                    seen.append(f"unavailable, again in {error.retry_after} s")
            net.mend()
            now[0] = 400.0
            seen.append("in" if await clients.get("shop") else "out")
            clients.close()
            return seen

    unavailable = "unavailable, again in 1 s"
    assert asyncio.run(run()) == ["in", unavailable, "in", unavailable, "in"]


def test_many_at_once_ask_the_database_once(server: Server, order: Callable[..., Any]) -> None:
    add(order)

    async def ask(clients: PostgresClients) -> int:
        asks = 0
        plain = clients._ask

        async def counted(client_id: str) -> Any:
            nonlocal asks
            asks += 1
            return await plain(client_id)

        clients._ask = counted  # type: ignore[method-assign]
        found = await asyncio.gather(*(clients.get("shop") for _ in range(500)))
        assert all(found)
        return asks

    assert asked(server, ask) == 1


def test_a_flood_of_credentials_is_refused_and_the_loop_stays_free(
    server: Server, order: Callable[..., Any]
) -> None:
    add(order)

    async def ask(clients: PostgresClients) -> tuple[int, int]:
        results = await asyncio.gather(
            *(clients.check("shop", "guess") for _ in range(200)), return_exceptions=True
        )
        return (
            sum(isinstance(result, TooMany) for result in results),
            sum(result is None for result in results),
        )

    assert asked(server, ask) == (168, 32)
