"""Time and concurrency of releases: threads and the real clock.

Everything that waits, or runs beside something else, goes through a Runner, so that a test
can put a simulated one in its place and decide what happens when.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager


class Cancelled(Exception):  # noqa: N818  what happened, not what went wrong
    """The operator asked to stop: what was changed is put back."""


class Runner(Protocol):
    """What a release needs of time and threads."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Wait; raise Cancelled at once when the operator asked to stop."""

    def check(self) -> None:
        """Raise Cancelled when the operator asked to stop."""

    def shielded(self) -> AbstractContextManager[None]:
        """A block in which this thread's `sleep` and `check` do not raise: putting things back."""

    def map[T, R](self, work: Callable[[T], R], items: Sequence[T], workers: int) -> list[R]:
        """Work on items, at most so many at once; results in the items' order."""

    def every(self, seconds: float, work: Callable[[], None]) -> AbstractContextManager[None]:
        """Do some work again and again beside the block that this opens."""


class Threads:
    """The Runner of the operator's program."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._local = threading.local()

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def cancel(self) -> None:
        """Ask all work to stop; safe in a signal handler."""
        self._stop.set()

    def sleep(self, seconds: float) -> None:
        """Wait; raise Cancelled at once when the operator asked to stop."""
        if getattr(self._local, "shielded", False):
            time.sleep(max(seconds, 0))
            return
        self._stop.wait(max(seconds, 0))
        self.check()

    def check(self) -> None:
        """Raise Cancelled when the operator asked to stop."""
        if self._stop.is_set() and not getattr(self._local, "shielded", False):
            raise Cancelled("stopped by the operator")

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """A block in which this thread's `sleep` and `check` do not raise."""
        before = getattr(self._local, "shielded", False)
        self._local.shielded = True
        try:
            yield
        finally:
            self._local.shielded = before

    def map[T, R](self, work: Callable[[T], R], items: Sequence[T], workers: int) -> list[R]:
        """Work on items in threads; the first error is raised when all have ended."""
        if not items:
            return []
        with ThreadPoolExecutor(max_workers=max(1, min(workers, len(items)))) as pool:
            return [future.result() for future in [pool.submit(work, item) for item in items]]

    @contextmanager
    def every(self, seconds: float, work: Callable[[], None]) -> Iterator[None]:
        """Do some work again and again in a thread of its own."""
        done = threading.Event()

        def repeat() -> None:
            while not done.wait(seconds):
                work()

        thread = threading.Thread(target=repeat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
