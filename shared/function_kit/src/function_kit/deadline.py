"""How much time is left for work, so that nothing waits past the end of an invocation."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class RemainingTime(Protocol):
    """The part of Lambda's context that knows how long the invocation may still run."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""
        ...


class Deadline:
    """A moment after which no new work should start."""

    def __init__(self, at: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Make a deadline at `at`, in seconds on `clock`."""
        self._at = at
        self._clock = clock

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> Self:
        """A deadline `seconds` from now."""
        return cls(clock() + seconds, clock)

    @classmethod
    def from_context(
        cls,
        context: RemainingTime,
        reserve: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> Self:
        """A deadline `reserve` seconds before Lambda would end this invocation.

        Args:
            context: The invocation's context.
            reserve: Seconds kept back to answer, hand over or write the last log line.
            clock: Seconds, monotonic.
        """
        return cls.after(context.get_remaining_time_in_millis() / 1000 - reserve, clock)

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._at - self._clock())

    @property
    def expired(self) -> bool:
        """Whether nothing is left."""
        return self.remaining() <= 0
