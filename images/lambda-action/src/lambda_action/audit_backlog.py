"""Rows that wait to be stored: bounded, in order, and each with whom to tell."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from lambda_action.audit_rows import size_of

if TYPE_CHECKING:
    from lambda_action.audit_rows import Row

# Of one batch: few enough for a statement to be short, and for the loop to be free again soon.
ROWS: Final = 500
_BYTES: Final = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the audit may take.

    Attributes:
        rows: That wait to be stored.
        bytes: Of the same.
        payload: Characters of a payload that are kept.
        wait: Seconds that `admit` waits before it refuses.
        patience: Seconds that `record` waits for a commit.
    """

    rows: int = 10_000
    bytes: int = 64 * 1024 * 1024
    payload: int = 64 * 1024
    wait: float = 1.0
    patience: float = 5.0


class Receipt:
    """What the rows of one request wait for."""

    def __init__(self, rows: int) -> None:
        """Wait for so many rows, one at least."""
        self._left = rows
        self._stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def settle(self, *, stored: bool) -> None:
        """One more row was stored, or never will be."""
        self._left -= 1
        if not self._stored.done() and (not stored or not self._left):
            self._stored.set_result(stored)

    async def committed(self, seconds: float) -> bool:
        """Whether all of them were stored in time."""
        try:
            async with asyncio.timeout(seconds):
                return await self._stored
        except TimeoutError:
            return False


class Waiting(NamedTuple):
    """One row."""

    row: Row
    size: int
    receipt: Receipt | None


class Backlog:
    """The rows that wait, and the batch that is being stored."""

    def __init__(self, bounds: Bounds) -> None:
        """Hold nothing yet."""
        self._bounds = bounds
        self._queue: deque[Waiting] = deque()
        self._batch: list[Waiting] = []
        self._bytes = 0

    def __len__(self) -> int:
        """How many rows are not stored."""
        return len(self._queue) + len(self._batch)

    def has_room(self, rows: int) -> bool:
        """Whether so many more have a place."""
        return len(self) + rows <= self._bounds.rows and self._bytes < self._bounds.bytes

    def put(self, row: Row, receipt: Receipt | None) -> None:
        """Queue a row, whether there is room or not."""
        waiting = Waiting(row, size_of(row), receipt)
        self._queue.append(waiting)
        self._bytes += waiting.size

    def take(self) -> list[Row]:
        """The next batch, empty when nothing waits. It counts until it is settled."""
        size = 0
        while self._queue and len(self._batch) < ROWS and size < _BYTES:
            self._batch.append(self._queue.popleft())
            size += self._batch[-1].size
        return [waiting.row for waiting in self._batch]

    def settle(self, refused: list[Row]) -> None:
        """The batch is stored, but for these rows, which never will be."""
        batch, self._batch = self._batch, []
        never = {row[0] for row in refused}
        for row, size, receipt in batch:
            self._bytes -= size
            if receipt:
                receipt.settle(stored=row[0] not in never)
