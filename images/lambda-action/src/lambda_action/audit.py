"""The audit: invocations into PostgreSQL, in batches, off the request's path.

Requests put rows into a bounded queue; one task takes what is there, stores it in one go, and takes
what came meanwhile. So batches grow with the load, and a row that comes alone does not wait.

- `required`: `record` returns when the rows are committed. While the database is away, or the queue
  is full, `admit` waits for a moment and then refuses, before anything is invoked. Rows whose
  answer was refused stay in the queue, and are stored when the database is back.
- `best-effort`: `record` returns at once. Rows that the full queue has no place for are lost, and
  counted.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from function_kit.logging import get_logger

from lambda_action import aaa
from lambda_action.audit_backlog import ROWS, Backlog, Bounds, Receipt
from lambda_action.audit_counts import Counts
from lambda_action.audit_rows import Row, row_of
from lambda_action.errors import AuditUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambda_action.ports import Invocation

# Seconds between tries: this at most after the first, then twice as long each, up to the last.
_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0
_RETRY_AFTER: Final = 2  # seconds, for callers
# After a batch of so many rows there is load: waiting this many seconds makes few large batches of
# many small ones, each of which costs this process and PostgreSQL what twenty rows do.
_BUSY: Final = 4
_GATHER: Final = 0.004

_log = get_logger()


class Store(Protocol):
    """Where rows end up: `audit_rows.Table`."""

    async def write(self, rows: Sequence[Row], *, again: bool) -> list[Row]:
        """See `Table.write`."""
        ...

    def drop(self) -> None:
        """See `Table.drop`."""
        ...


class PostgresAudit:
    """The audit of one process; one event loop uses it."""

    def __init__(
        self,
        table: Store,
        bounds: Bounds,
        *,
        required: bool,
        waits: bool | None = None,
        counts: Counts | None = None,
    ) -> None:
        """Start nothing yet.

        Args:
            table: Where rows end up.
            bounds: How much it may take.
            required: Whether an answer needs its row.
            waits: Whether `record` waits for the commit though it is not required: Lambda stops
                the process after the answer, and what waits then may wait for ever.
            counts: Shared with whoever outlives this process.
        """
        self._table = table
        self._bounds = bounds
        self._required = required
        self._waits = required if waits is None else waits
        self._counts = counts or Counts()
        self._backlog = Backlog(bounds)
        self._away = False
        self._wanted = asyncio.Event()
        self._changed = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    async def admit(self, records: int = 1) -> None:
        """Wait for a place; see `ports.Audit`."""
        if not self._required or self._has_room(records):
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._bounds.wait):
                while not self._has_room(records):
                    self._changed.clear()
                    await self._changed.wait()
                return
        raise AuditUnavailable(
            "The audit cannot take a record at the moment; nothing was invoked. Please try again.",
            retry_after=_RETRY_AFTER,
        )

    async def record(self, invocations: list[Invocation]) -> None:
        """Store rows, or let them be stored; see `ports.Audit`."""
        receipt = Receipt(len(invocations)) if self._waits and invocations else None
        for invocation in invocations:
            self._put(row_of(invocation, self._bounds.payload), receipt)
        self._wake()
        if receipt is None or await receipt.committed(self._bounds.patience) or not self._required:
            return
        raise AuditUnavailable(
            "The invocation was made, but is not in the audit yet; its answer is withheld.",
            retry_after=_RETRY_AFTER,
        )

    def state(self) -> dict[str, int | str]:
        """How it is, for /health: nothing that names the database."""
        status = "database away" if self._away else "ok"
        if status == "ok" and not self._has_room(1):
            status = "full"
        mode = "required" if self._required else "best-effort"
        return {
            "status": status,
            "mode": mode,
            "waiting": len(self._backlog),
            **self._counts.shown(),
        }

    async def close(self, seconds: float = 10.0) -> None:
        """Store what waits, and stop; what cannot be stored in time is lost, and counted."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while len(self._backlog):
                        self._changed.clear()
                        await self._changed.wait()
            writer.cancel()
            await asyncio.wait([writer])
            self._counts.lost(len(self._backlog))
            self._counts.tell()
        self._table.drop()

    def _has_room(self, rows: int) -> bool:
        return not self._away and self._backlog.has_room(rows)

    def _put(self, row: Row, receipt: Receipt | None) -> None:
        """Queue a row. A required one always has a place: `admit` has seen to that."""
        self._counts.handed(1)
        if self._required or self._backlog.has_room(1):
            self._backlog.put(row, receipt)
            return
        self._counts.lost(1)
        if receipt:
            receipt.settle(stored=False)

    def _wake(self) -> None:
        self._wanted.set()
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_on(), name="audit")

    async def _write_on(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while batch := self._backlog.take():
                refused = await self._store(batch)
                self._backlog.settle(refused)
                self._changed.set()
                if _BUSY <= len(batch) < ROWS:
                    await asyncio.sleep(_GATHER)

    async def _store(self, batch: list[Row]) -> list[Row]:
        """Store a batch, however long it takes; the rows that PostgreSQL will never take."""
        attempt = 0
        while (refused := await self._try(batch, attempt)) is None:
            attempt += 1
        stored = len(batch) - len(refused)
        self._counts.stored(stored)
        self._counts.lost(len(refused))
        aaa.audited(stored)
        return refused

    async def _try(self, batch: list[Row], attempt: int) -> list[Row] | None:
        try:
            refused = await self._table.write(batch, again=attempt > 0)
        except Exception as error:  # noqa: BLE001 - whatever it is, the rows after it must be stored
            await self._back_off(error, attempt)
            return None
        if self._away:
            _log.warning("audit_database_back", waiting=len(self._backlog))
            self._away = False
        return refused

    async def _back_off(self, error: Exception, attempt: int) -> None:
        if not attempt:
            return  # a connection that was idle may be dead, and the next one well
        if not self._away:
            reason = str(error) or type(error).__name__
            _log.error("audit_database_away", reason=reason, waiting=len(self._backlog))
            self._away = True
        longest = min(_LONGEST_PAUSE, _PAUSE * 2**attempt)
        await asyncio.sleep(random.uniform(0, longest))  # noqa: S311 - spreads load
