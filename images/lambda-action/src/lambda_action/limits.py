"""How much may be under way. Nothing waits here: who finds no place is told to come back."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final

from lambda_action.errors import TooMany

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Seconds: what is under way lasts as long as functions do, so a client that comes back sooner
# would most likely be refused again.
_RETRY_AFTER: Final = 1.0
# Clients whose rate is remembered; the one that was seen longest ago makes room.
_CLIENTS: Final = 10_000


class Places:
    """Places for requests that are under way."""

    def __init__(self, count: int) -> None:
        """Make `count` places."""
        self.count = count
        self.taken = 0
        self.refused = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a place.

        Raises:
            TooMany: None is free.
        """
        self.take()
        try:
            yield
        finally:
            self.give_back()

    def take(self) -> None:
        """Take a place; see `one`."""
        if not self.take_if_free():
            self.refused += 1
            raise TooMany(
                f"{self.count} requests are under way, which is the limit; try again later",
                retry_after=_RETRY_AFTER,
            )

    def take_if_free(self) -> bool:
        """Take a place if there is one."""
        if self.taken >= self.count:
            return False
        self.taken += 1
        return True

    def give_back(self) -> None:
        """Give a place back."""
        self.taken -= 1


class Rates:
    """Each client's requests a second: as many at once as in one second, then as they come."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Know nobody yet; `clock` gives seconds."""
        self._clock = clock
        # By client: how many requests are left, and when that was so.
        self._left: dict[str, tuple[float, float]] = {}

    def spend(self, client_id: str, rate: float, requests: int = 1) -> None:
        """Count requests of a client.

        Args:
            client_id: Whose.
            rate: Requests a second; 0 is no limit.
            requests: How many, a batch's invocations one by one. More than the client may have at
                once are let through when all of those are left, and are owed.

        Raises:
            TooMany: It has had its share.
        """
        if not rate:
            return
        now = self._clock()
        most = max(rate, 1.0)
        left, at = self._left.pop(client_id, (most, now))
        left = min(most, left + (now - at) * rate)
        wanted = min(requests, most)
        enough = left >= wanted
        self._left[client_id] = (left - requests if enough else left, now)
        if len(self._left) > _CLIENTS:
            del self._left[next(iter(self._left))]
        if not enough:
            raise TooMany(
                f"this client may make {rate:g} requests a second",
                retry_after=math.ceil((wanted - left) / rate * 1000) / 1000,
            )
