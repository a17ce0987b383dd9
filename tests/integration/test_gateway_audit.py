"""What the audit promises, with a real PostgreSQL that is killed, frozen and cut off under load."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest
from function_kit.logging import configure
from lambda_action.errors import AuditUnavailable

from tests.kit.audited import Load, audit, invocation, stored, url
from tests.kit.database_server import Server, database_server
from tests.kit.junit import Record
from tests.kit.wire import Wire, wire


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with database_server() as server:
        yield server


@pytest.fixture(autouse=True)
def empty(server: Server) -> None:
    configure(service="tests")
    with server.admin() as admin:
        admin.execute("TRUNCATE lambda_invocations")


def assert_kept(server: Server, load: Load) -> None:
    """Every answered request is in the audit, and nothing is there twice."""
    there = Counter(stored(server))
    assert set(load.answered) <= set(there)
    assert there.total() == len(there)
    assert set(there) <= {*load.answered, *load.refused}


def test_each_answered_request_is_stored_with_all_its_columns(server: Server) -> None:
    async def run() -> None:
        async with audit(url(server)) as made:
            await made.admit()
            await made.record([invocation("r-1", alias="live", function_error="Unhandled")])

    asyncio.run(run())
    with server.admin() as admin:
        row = admin.execute(
            "SELECT request_id, client_id, function_name, invocation_type, payload, alias, version,"
            " status_code, response_payload, function_error, executed_version, success,"
            " error_message, completed_at >= invoked_at FROM lambda_invocations"
        ).fetchone()
    assert row == (
        "r-1", "tests", "waddlebot-hello", "RequestResponse", '{"a": 1}', "live", "",
        200, '"ok"', "Unhandled", "7", True, "", True,
    )  # fmt: skip


def test_a_row_without_payloads_says_all_the_same_what_happened(server: Server) -> None:
    told = {
        "alias": "live", "version": "7", "function_error": "Unhandled",
        "executed_version": "8", "error_message": "The function failed.",
    }  # fmt: skip

    async def run() -> None:
        async with audit(url(server), payload=0) as made:
            await made.record([invocation("r-1", **told)])
            await made.record([invocation("r-2", error_message="x" * 100_000)])

    asyncio.run(run())
    with server.admin() as admin:
        rows = admin.execute(
            "SELECT request_id, alias, version, function_error, executed_version, error_message,"
            " payload FROM lambda_invocations ORDER BY request_id"
        ).fetchall()
    assert rows[0] == ("r-1", *told.values(), "… (8 characters in all)")
    assert 0 < len(rows[1][5]) < 100_000


def test_a_database_that_is_killed_costs_no_answered_request(server: Server) -> None:
    async def run() -> Load:
        async with audit(url(server), wait=0.1, patience=1) as made:
            load = Load(made)

            async def act() -> None:
                await load.more()
                await asyncio.to_thread(server.kill)
                await load.refuses()
                assert made.state()["status"] == "database away"
                await asyncio.to_thread(server.start)
                await load.more()

            await load.during(act)
            assert made.state()["lost"] == 0
        return load

    assert_kept(server, asyncio.run(run()))


@pytest.mark.parametrize("trouble", [Wire.cut, Wire.hang])
def test_a_network_that_breaks_costs_no_answered_request(server: Server, trouble: object) -> None:
    async def run() -> Load:
        async with (
            wire(server.port) as net,
            audit(url(server, net.port), wait=0.1, patience=1) as made,
        ):
            load = Load(made)

            async def act() -> None:
                await load.more()
                net.cut() if trouble is Wire.cut else net.hang()
                await load.refuses()
                net.mend()
                await load.more()

            await load.during(act)
            assert made.state() | {"stored": 0} == {
                "status": "ok", "mode": "required", "waiting": 0, "stored": 0, "lost": 0,
            }  # fmt: skip
        return load

    assert_kept(server, asyncio.run(run()))


def test_a_server_that_stands_still_is_given_up_and_found_again(server: Server) -> None:
    async def run() -> Load:
        async with audit(url(server), wait=0.1, patience=1) as made:
            load = Load(made)

            async def act() -> None:
                await load.more()
                with server.frozen():
                    await load.refuses()
                await load.more()

            await load.during(act)
        return load

    assert_kept(server, asyncio.run(run()))


def test_connections_that_the_server_ends_are_noticed_by_nobody(server: Server) -> None:
    """As when it restarts, or takes idle connections back: rows are sent again, stored once."""

    async def run() -> Load:
        async with audit(url(server)) as made:
            load = Load(made)

            async def act() -> None:
                for _ in range(5):
                    await load.more(50)
                    with server.admin() as admin:
                        admin.execute(
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                            " WHERE application_name = 'tests'"
                        )

            await load.during(act)
        assert load.refused == []
        return load

    assert_kept(server, asyncio.run(run()))


def test_best_effort_answers_on_and_counts_exactly_what_it_loses(server: Server) -> None:
    async def run() -> tuple[Load, int]:
        async with audit(url(server), required=False, rows=100) as made:
            load = Load(made)
            await load.one()
            await asyncio.to_thread(server.kill)
            for _ in range(500):
                await load.one()
            assert made.state()["status"] != "ok"
            await asyncio.to_thread(server.start)
        return load, int(made.state()["lost"])

    load, lost = asyncio.run(run())
    assert load.refused == []
    assert 0 < lost <= len(load.answered) - 100  # the queue had a place for so many
    assert len(stored(server)) == len(load.answered) - lost
    assert_subset(server, load)


def assert_subset(server: Server, load: Load) -> None:
    there = stored(server)
    assert len(set(there)) == len(there)
    assert set(there) <= set(load.answered)


def test_what_waits_at_the_end_is_stored(server: Server) -> None:
    async def run() -> None:
        async with audit(url(server), required=False) as made:
            await made.record([invocation(f"r{number}") for number in range(2000)])

    asyncio.run(run())
    assert len(stored(server)) == 2000


def test_what_cannot_be_stored_at_the_end_is_counted(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run() -> None:
        async with wire(server.port) as net:
            net.cut()
            async with audit(url(server, net.port), required=False) as made:
                await made.record([invocation()] * 3)
                await made.close(0.2)
                assert made.state()["lost"] == 3

    asyncio.run(run())
    assert '"lost": 3' in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    ["nul \0 inside", "a lone \ud800 surrogate", "ä" * 70_000, "x" * 3_000_000, "🏀\0\udfff"],
)
def test_no_text_of_a_caller_stops_the_audit(server: Server, text: str) -> None:
    async def run() -> None:
        async with audit(url(server)) as made:
            odd = invocation("odd", payload=text, response_payload=text, function_name=text)
            await asyncio.gather(made.record([odd]), made.record([invocation("plain")] * 2))

    asyncio.run(run())
    assert sorted(stored(server)) == ["odd", "plain", "plain"]


def test_a_row_that_postgresql_never_takes_is_refused_alone(server: Server) -> None:
    async def run() -> None:
        async with audit(url(server)) as made:
            good = [made.record([invocation(f"r{n}")]) for n in range(20)]
            bad = made.record([invocation("bad", success=None)])
            results = await asyncio.gather(*good, bad, return_exceptions=True)
            assert results[:-1] == [None] * 20
            assert isinstance(results[-1], AuditUnavailable)
            assert made.state()["lost"] == 1

    asyncio.run(run())
    assert len(stored(server)) == 20


def test_the_loop_is_never_blocked_for_50_ms(server: Server, record_property: Record) -> None:
    """At full load, with payloads of 64,000 characters; the best of three."""

    async def run() -> float:
        async with audit(url(server)) as made:
            load = Load(made)

            async def act() -> None:
                await load.more(3000)
                for _ in range(20):
                    await made.record([invocation(payload="x" * 64_000)] * 20)

            await load.during(act, workers=256)
        return max(load.lags)

    worst = []
    for _ in range(3):
        worst.append(asyncio.run(run()))
        if worst[-1] < 0.05:
            break
    record_property("blocked_ms", round(min(worst) * 1000, 1))
    assert min(worst) < 0.05
