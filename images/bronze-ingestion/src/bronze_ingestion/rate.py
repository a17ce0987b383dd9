"""The source's rate, kept over everything that runs at the same time.

An item of the table has when the last requests were made, and each request is entered there by a
conditional write just before it is made: so many in any minute at most, so far apart at least. A
moment is taken only when it has come. What waits in a queue has none, so nothing that arrives
late can meet its neighbour, and a run that was held up may catch up within the limit.

A request reaches the source at most `SLACK` after it was entered. The limit is therefore kept
over 60 seconds and that, and then no 60 seconds at the source hold more than allowed, wherever
they begin. A 429 doubles the distance, up to 60 s, for everyone; each good answer takes a
tenth off it again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from bronze_ingestion.state import Fields, State

SLACK: Final = 3_000
"""Milliseconds from a request's entry to its arrival."""
WIDEST: Final = 60_000
"""Milliseconds that lie between two requests at most."""
_MARGIN: Final = 100  # milliseconds added to the distance: connections take unlike times to open
_REMEMBERED: Final = 60  # requests at most: an item is read and written with each of them
_KEY: Final = "rate#source"
_LATE: Final = 1_000  # milliseconds after which an entry is too old to be made use of
_MAX_CONTENTION: Final = 100


class RateError(Exception):
    """A request could not be entered: too many others enter theirs."""


class Limits(NamedTuple):
    """What the source bears.

    Attributes:
        requests: Made in any `window` at most.
        window: Milliseconds.
        gap: Milliseconds between two requests at least.
    """

    requests: int
    window: int
    gap: int

    @classmethod
    def of(cls, per_minute: int, gap: float) -> Self:
        """The limits for so many a minute, and so many seconds apart.

        Of a rate that is too high to remember a minute of, less than a minute is remembered, and
        as much less allowed in it.
        """
        requests = min(per_minute, _REMEMBERED)
        window = (60_000 + SLACK) * requests // per_minute
        return cls(requests, window, round(gap * 1000) + _MARGIN if gap else 0)


class Rate:
    """Lets a run make its requests, one by one."""

    def __init__(
        self,
        state: State,
        limits: Limits,
        patience: float,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Begin without knowing of other requests.

        Args:
            state: The table.
            limits: What the source bears.
            patience: Seconds that are waited at most.
            clock: Epoch seconds.
            sleep: Waits for that many seconds.
        """
        self._state = state
        self._limits = limits
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._known: Fields | None = None

    def take(self) -> float:
        """Enter a request.

        Returns:
            0 when it is to be made now; else the seconds until it may be, more than patience
            has. Nothing is entered then.

        Raises:
            AwsError: The table could not be used.
            RateError: It could not be written for the crowd.
        """
        for _ in range(_MAX_CONTENTION):
            known, now = self._line(), self._now()
            moment = max(now, self._first(known))
            if moment - now > self._patience * 1000:
                self._known = None  # by then there are others
                return (moment - now) / 1000
            self._sleep((moment - now) / 1000)
            recent = [*_recent(known), moment][-self._limits.requests :]
            line: Fields = {**known, "recent": ",".join(map(str, recent))}
            if self._move(known, line) and self._now() - moment <= _LATE:
                return 0.0
        raise RateError("the rate could not be kept: too many runs at once")

    def refused(self, retry_after: float | None) -> bool:
        """The source said 429: double the distance, and let nobody ask before it is over.

        Args:
            retry_after: Seconds that the source asks for, if it does.

        Returns:
            Whether it was less than the widest before.

        Raises:
            AwsError, RateError: As `take`.
        """
        for _ in range(_MAX_CONTENTION):
            known = self._line()
            before = self._gap(known)
            gap = min(WIDEST, 2 * max(1, before))
            until = self._now() + max(gap, int((retry_after or 0) * 1000))
            held = max(int(known.get("not_before", 0)), until)
            if self._move(known, {**known, "gap": gap, "not_before": held}):
                return before < WIDEST
        raise RateError("the rate could not be kept: too many runs at once")

    def accepted(self) -> None:
        """The source answered: take a tenth off a distance that was widened.

        Raises:
            AwsError: The table could not be used.
        """
        known = self._line()
        gap = self._gap(known)
        if gap > self._limits.gap:
            # Nobody minds if it stays wide because another run writes at this moment.
            self._move(known, {**known, "gap": max(self._limits.gap, gap * 9 // 10)})

    def _first(self, known: Fields) -> int:
        """The first moment, in epoch milliseconds, at which another request may be made."""
        recent = _recent(known)
        first = int(known.get("not_before", 0))
        if recent:
            first = max(first, recent[-1] + self._gap(known))
        if len(recent) >= self._limits.requests:
            first = max(first, recent[-self._limits.requests] + self._limits.window)
        return first

    def _gap(self, known: Fields) -> int:
        return max(self._limits.gap, int(known.get("gap", 0)))

    def _line(self) -> Fields:
        if self._known is None:
            self._known = self._state.get(_KEY)
        return self._known

    def _move(self, known: Fields, line: Fields) -> bool:
        current = self._state.swap(_KEY, known, line)
        self._known = line if current is None else current
        return current is None

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _recent(known: Fields) -> list[int]:
    return [int(moment) for moment in str(known.get("recent", "")).split(",") if moment]
