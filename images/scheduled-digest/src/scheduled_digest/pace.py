"""The rate of calls to the backend, kept over everything that runs at the same time.

The backend allows a number of calls in any minute to each client, and two runs may be under way
at once (daily and weekly on a Monday). So calls take slots on one common time line: evenly
spaced moments, of which a run reserves a block at a time with one conditional write to the
ledger. Each attempt takes a slot, retries too.

Why no 60 seconds can hold more calls than allowed: a call leaves, and reaches the backend, at
most `SLACK` after its slot, since a slot that is used late is given up. The calls that arrive
in 60 seconds therefore have slots in 60 seconds plus `SLACK`, and the spacing lets fewer slots
than the limit fit in there, wherever it begins. The price is 5 % of the rate. Clocks of the
runs are taken to agree, as they do on AWS to a few milliseconds.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from function_kit.deadline import Deadline

    from scheduled_digest.ledger import Ledger

SLACK = 3_000
"""Milliseconds from a slot to the arrival of its call; a third for waking up, the rest travel."""
_LATE = 1_000  # milliseconds after which a slot is given up
_BLOCK = 5_000  # milliseconds of slots that are reserved at once: what is wasted at most
_MAX_CONTENTION = 100


class OutOfTimeError(Exception):
    """No slot is left before the deadline."""


class PaceError(Exception):
    """The time line could not be moved on: too many others move it."""


class Rate(NamedTuple):
    """How often calls may be made.

    Attributes:
        per_minute: Calls in any 60 seconds at most.
        callers: Who calls at once, at most: no more slots are reserved at once.
    """

    per_minute: int
    callers: int


def spacing(per_minute: int) -> int:
    """Milliseconds between slots so that `per_minute` calls fit in any minute, and no more."""
    return (60_000 + SLACK) // per_minute + 1


class Pace:
    """Lets callers through, one a slot. Shared by the threads of a run."""

    def __init__(
        self,
        ledger: Ledger,
        rate: Rate,
        *,
        held_until: float = 0.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Begin without a reservation.

        Args:
            ledger: Where slots are reserved.
            rate: How often calls may be made.
            held_until: Epoch seconds before which no call is made.
            clock: Epoch seconds.
            sleep: Waits for that many seconds.
        """
        self._ledger = ledger
        self._spacing = spacing(rate.per_minute)
        self._block = max(1, min(rate.callers, _BLOCK // self._spacing))
        self._held_until = held_until
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = self._end = 0

    @property
    def held_until(self) -> float:
        """Epoch seconds before which no call is made."""
        return self._held_until

    def hold(self, seconds: float) -> None:
        """Make no call for so long: the backend limits the client, not the one call."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock() + seconds)

    def wait(self, deadline: Deadline) -> None:
        """Return when it is this caller's turn.

        Raises:
            OutOfTimeError: Its turn would come after the deadline. No time is spent waiting then.
            AwsError: The ledger could not be used.
            PaceError: The ledger could not be written for the crowd.
        """
        while True:
            self._sleep_until(self._held_until, deadline)
            slot = self._take(deadline) / 1000
            self._sleep_until(slot, deadline)
            now = self._clock()
            if now - slot <= _LATE / 1000 and self._held_until <= now:
                return

    def _sleep_until(self, moment: float, deadline: Deadline) -> None:
        pause = moment - self._clock()
        if pause > deadline.remaining() or deadline.expired:
            raise OutOfTimeError
        if pause > 0:
            self._sleep(pause)

    def _take(self, deadline: Deadline) -> int:
        """The next slot, in epoch milliseconds; none beyond the deadline is taken."""
        with self._lock:
            now = int(self._clock() * 1000)
            last = now + int(deadline.remaining() * 1000)
            while self._next < self._end and self._next < now - _LATE:
                self._next += self._spacing
            if self._next >= self._end and self._end <= last:
                self._reserve(now)
            if self._next > last:
                raise OutOfTimeError
            slot = self._next
            self._next += self._spacing
            return slot

    def _reserve(self, now: int) -> None:
        """Reserve the next block after everyone's last one, or from now on."""
        known = self._end
        for _ in range(_MAX_CONTENTION):
            first = max(now, known)
            end = first + self._block * self._spacing
            current = self._ledger.reserve(known, end)
            if current is None:
                self._next, self._end = first, end
                return
            known = current
        raise PaceError("the rate could not be reserved: too many runs at once")
