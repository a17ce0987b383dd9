"""The source's rate, kept over everything that runs at the same time.

Requests take slots on one time line, which is an item of the table: `next_at`, the first moment
that nobody has taken, and `gap`, the distance to the one after, both in milliseconds. A slot is
taken when it is about to be used, by one conditional write, and never kept for later: what waits
in a queue has none, so nothing that arrives late can meet its neighbour.

Why no 60 seconds can hold more requests than allowed: a request reaches the source at most
`SLACK` after its slot, and the gap lets fewer slots than the limit fit into 60 seconds and that.
A 429 doubles the gap, up to 60 s, for everyone; each good answer halves it again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from bronze_ingestion.state import Fields, State

SLACK: Final = 3_000
"""Milliseconds from a slot to the arrival of its request."""
WIDEST: Final = 60_000
"""Milliseconds that lie between two requests at most."""
_KEY: Final = "rate#source"
_LATE: Final = 1_000  # milliseconds after which a slot is given up
_MAX_CONTENTION: Final = 100


class RateError(Exception):
    """The time line could not be moved on: too many others move it."""


def spacing(per_minute: int, gap: float) -> int:
    """Milliseconds between slots.

    Args:
        per_minute: Requests in any minute at most.
        gap: Seconds between two of them at least.
    """
    return max((60_000 + SLACK) // per_minute + 1, round(gap * 1000))


class Rate:
    """Takes slots for one run at a time."""

    def __init__(
        self,
        state: State,
        gap: int,
        patience: float,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Begin without knowing where the time line stands.

        Args:
            state: The table.
            gap: Milliseconds between slots, as `spacing` says.
            patience: Seconds that are waited for a slot.
            clock: Epoch seconds.
            sleep: Waits for that many seconds.
        """
        self._state = state
        self._gap = gap
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._known: Fields | None = None

    def take(self) -> float:
        """Take the next slot and return when it has come.

        Returns:
            0 when the request is to be made now; else the seconds until there may be a slot,
            more than patience has. None is taken then.

        Raises:
            AwsError: The table could not be used.
            RateError: It could not be written for the crowd.
        """
        for _ in range(_MAX_CONTENTION):
            known, now = self._line(), self._now()
            slot = max(now, int(known.get("next_at", 0)))
            if slot - now > self._patience * 1000:
                self._known = None  # others may have it when this run looks again
                return (slot - now) / 1000
            gap = self._current_gap(known)
            if self._move(known, {"next_at": slot + gap, "gap": gap}):
                self._sleep(max(0, slot - self._now()) / 1000)
                if self._now() - slot <= _LATE:
                    return 0.0
        raise RateError("the rate could not be kept: too many runs at once")

    def refused(self, retry_after: float | None) -> None:
        """The source said 429: double the gap, and let nobody ask before it is over.

        Args:
            retry_after: Seconds that the source asks for, if it does.

        Raises:
            AwsError, RateError: As `take`.
        """
        for _ in range(_MAX_CONTENTION):
            known, now = self._line(), self._now()
            gap = min(WIDEST, 2 * self._current_gap(known))
            pause = max(gap, int((retry_after or 0) * 1000))
            next_at = max(int(known.get("next_at", 0)), now + pause)
            if self._move(known, {"next_at": next_at, "gap": gap}):
                return
        raise RateError("the rate could not be kept: too many runs at once")

    def accepted(self) -> None:
        """The source answered: halve a gap that was widened.

        Raises:
            AwsError: The table could not be used.
        """
        known = self._line()
        gap = self._current_gap(known)
        if gap > self._gap:
            # Nobody minds if it stays wide because another run writes at this moment.
            self._move(known, {**known, "gap": max(self._gap, gap // 2)})

    def _line(self) -> Fields:
        if self._known is None:
            self._known = self._state.get(_KEY)
        return self._known

    def _move(self, known: Fields, line: Fields) -> bool:
        current = self._state.swap(_KEY, known, line)
        self._known = line if current is None else current
        return current is None

    def _current_gap(self, known: Fields) -> int:
        return max(self._gap, int(known.get("gap", 0)))

    def _now(self) -> int:
        return int(self._clock() * 1000)
