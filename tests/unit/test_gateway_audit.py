"""The audit's bounds, with a table that a test holds up: who waits, is refused, is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from function_kit.logging import configure
from function_kit.postgres_errors import DatabaseUnavailable
from lambda_action.audit import PostgresAudit
from lambda_action.audit_backlog import Bounds
from lambda_action.audit_rows import Row
from lambda_action.errors import AuditUnavailable

from tests.kit.audited import invocation


class Held:
    """A table that stores when it is let, and is away when it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[Row]] = []
        self.away = False
        self.lets = asyncio.Event()
        self.lets.set()
        self.stored = asyncio.Event()
        self.tries: list[bool] = []

    async def write(self, rows: Sequence[Row], *, again: bool) -> list[Row]:
        self.tries.append(again)
        if self.away:
            raise DatabaseUnavailable("it is away")
        await self.lets.wait()
        self.batches.append(list(rows))
        self.stored.set()
        return []

    def drop(self) -> None:
        """There is no connection."""

    @property
    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.batches]


type Test = Callable[[PostgresAudit, Held], Awaitable[Any]]


def run(
    test: Test, *, required: bool = True, waits: bool | None = None, **bounds: Any
) -> tuple[PostgresAudit, Held]:
    configure(service="tests")

    async def whole() -> tuple[PostgresAudit, Held]:
        table = Held()
        audit = PostgresAudit(table, Bounds(**bounds), required=required, waits=waits)
        await test(audit, table)
        table.away = False
        table.lets.set()
        await audit.close(5)
        return audit, table

    return asyncio.run(whole())


async def turns() -> None:
    """Let everybody come as far as they can."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_rows_that_come_while_one_is_stored_are_stored_together() -> None:
    async def test(audit: PostgresAudit, table: Held) -> None:
        table.lets.clear()
        first = asyncio.create_task(audit.record([invocation()]))
        await turns()
        rest = [asyncio.create_task(audit.record([invocation()])) for _ in range(70)]
        await turns()
        assert not any(task.done() for task in (first, *rest))
        table.lets.set()
        await asyncio.gather(first, *rest)

    _, table = run(test)
    assert table.sizes == [1, 70]


def test_a_batch_has_500_rows_at_most_and_large_rows_go_in_fewer() -> None:
    async def test(audit: PostgresAudit, table: Held) -> None:
        table.lets.clear()
        await audit.record([invocation()])
        await turns()
        await audit.record([invocation() for _ in range(1100)])
        await audit.record([invocation(payload="x" * 1_000_000) for _ in range(5)])
        table.lets.set()

    _, table = run(test, required=False, payload=10**6)
    assert table.sizes[0] == 1
    assert max(table.sizes) == 500
    assert table.sizes[-1] <= 3
    assert sum(table.sizes) == 1106


def test_a_full_audit_lets_requests_in_when_there_is_a_place_again() -> None:
    async def test(audit: PostgresAudit, table: Held) -> None:
        table.lets.clear()
        recording = asyncio.create_task(audit.record([invocation()] * 10))
        await turns()
        waiting = asyncio.create_task(audit.admit())
        await turns()
        assert not waiting.done()
        assert audit.state()["status"] == "full"
        table.lets.set()
        await asyncio.gather(waiting, recording)
        assert audit.state()["status"] == "ok"

    run(test, rows=10, wait=30)


@pytest.mark.parametrize("wait", [0, 0.05])
def test_a_full_audit_refuses_when_the_wait_is_over(wait: float) -> None:
    async def test(audit: PostgresAudit, table: Held) -> None:
        table.lets.clear()
        recording = asyncio.create_task(audit.record([invocation()] * 10))
        await turns()
        with pytest.raises(AuditUnavailable, match="nothing was invoked") as refused:
            await audit.admit()
        assert refused.value.retry_after
        with pytest.raises(AuditUnavailable):
            await audit.admit(5)
        table.lets.set()
        await recording
        await audit.admit(10)

    run(test, rows=10, wait=wait)


def test_a_batch_that_can_never_have_its_places_is_refused() -> None:
    async def test(audit: PostgresAudit, table: Held) -> None:
        with pytest.raises(AuditUnavailable):
            await audit.admit(11)

    run(test, rows=10, wait=0)


def test_a_request_that_goes_away_takes_no_place_with_it() -> None:
    async def test(audit: PostgresAudit, table: Held) -> None:
        for _ in range(50):
            await audit.admit()  # and nothing more: its caller hung up
        await audit.admit(10)

    run(test, rows=10, wait=0)


def test_an_answer_is_withheld_when_its_commit_takes_too_long_and_its_row_is_kept() -> None:
    async def test(audit: PostgresAudit, table: Held) -> None:
        table.lets.clear()
        with pytest.raises(AuditUnavailable, match="withheld"):
            await audit.record([invocation("late")])

    audit, table = run(test, patience=0.02)
    assert table.sizes == [1]
    assert audit.state()["lost"] == 0


def test_while_the_database_is_away_nothing_is_admitted_and_then_everything_again() -> None:
    async def test(audit: PostgresAudit, table: Held) -> None:
        table.away = True
        with pytest.raises(AuditUnavailable):
            await audit.record([invocation()])
        with pytest.raises(AuditUnavailable):
            await audit.admit()
        assert audit.state()["status"] == "database away"
        table.away = False
        await table.stored.wait()
        await turns()
        await audit.admit()

    _, table = run(test, wait=0, patience=0.05)
    assert table.sizes == [1]
    assert table.tries[0] is False
    assert all(table.tries[1:])  # sent before, and perhaps there already


def test_best_effort_waits_for_nobody_and_counts_what_it_loses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def test(audit: PostgresAudit, table: Held) -> None:
        table.lets.clear()
        await audit.record([invocation()])
        await turns()
        for _ in range(30):
            await audit.admit()
            await audit.record([invocation()])
        assert audit.state()["lost"] == 21

    audit, table = run(test, required=False, rows=10)
    assert sum(table.sizes) == 10
    assert audit.state() == {
        "status": "ok", "mode": "best-effort", "waiting": 0, "stored": 10, "lost": 21,
    }  # fmt: skip
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = [line["lost"] for line in lines if line["event"] == "audit" and line.get("lost")]
    assert sum(told) == 21
    assert len(told) == 2  # the first, and the rest of that second together


def test_a_queue_has_a_bound_in_bytes_too() -> None:
    async def test(audit: PostgresAudit, table: Held) -> None:
        table.lets.clear()
        for _ in range(20):
            await audit.record([invocation(payload="x" * 60_000)])
        assert int(audit.state()["waiting"]) <= 17

    run(test, required=False, bytes=1_000_000)


def test_in_lambda_best_effort_waits_for_the_commit_but_not_for_ever() -> None:
    async def test(audit: PostgresAudit, table: Held) -> None:
        table.lets.clear()
        recording = asyncio.create_task(audit.record([invocation()]))
        await turns()
        assert not recording.done()
        table.lets.set()
        await recording
        table.lets.clear()
        await audit.record([invocation()])  # answered all the same

    run(test, required=False, waits=True, patience=0.05)
