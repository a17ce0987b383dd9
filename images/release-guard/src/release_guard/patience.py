"""Waiting for AWS, for as long as the invocation lasts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from function_kit.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from function_kit.deadline import RemainingTime

# Seconds kept back to write down how it ended, and to give the lock back.
RESERVE: Final = 15.0
_PAUSE = 0.25
_GROWTH = 1.6
_LONGEST = 4.0


class Patience:
    """Attempts with growing pauses, until little time is left."""

    def __init__(
        self,
        seconds: float,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin; the clock gives seconds and does not run backwards."""
        self._sleep = sleep
        self._clock = clock
        self._deadline = Deadline.after(seconds, clock)

    @classmethod
    def of(cls, context: RemainingTime) -> Patience:
        """As much as an invocation has."""
        return cls(context.get_remaining_time_in_millis() / 1000 - RESERVE)

    @property
    def lease(self) -> float:
        """Seconds after which the invocation is over, whatever became of it."""
        return self._deadline.remaining() + RESERVE

    def attempts(self, seconds: float | None = None) -> Iterator[int]:
        """Count attempts from 0, with a pause before each but the first.

        Args:
            seconds: How long they may go on, when that is less than the time left.
        """
        own = Deadline.after(seconds, self._clock) if seconds is not None else self._deadline
        pause, number = _PAUSE, 0
        yield number
        while not self._deadline.expired and not own.expired:
            self._sleep(min(pause, self._deadline.remaining(), own.remaining()))
            pause = min(pause * _GROWTH, _LONGEST)
            number += 1
            yield number
