"""Work that is finished whether or not its caller still waits for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine


class UnderWay:
    """Tasks that outlive the handlers that wait for them.

    gRPC cancels its handler when a caller hangs up or its deadline passes; what Lambda was asked to
    do goes on all the same.
    """

    def __init__(self) -> None:
        """Nothing is under way yet."""
        # The event loop itself keeps tasks by weak references only.
        self._tasks: set[asyncio.Task[Any]] = set()

    async def finish[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Its result; a caller that is cancelled leaves it to go on."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def ended(self, seconds: float) -> None:
        """Return when nothing is under way any more, or after so many seconds."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
