"""A share of an API's request rate, so that a release never drives into AWS's own limit."""

from __future__ import annotations

import threading

_SLOWEST = 0.1  # of the full rate
_RECOVERY = 0.1  # of the full rate, each second
_DEAF_SECONDS = 1.0  # refusals of one burst count once


class Budget:
    """Gives out moments at which a request may be sent, evenly spaced.

    Others use the same account. When AWS refuses a request although this budget allowed
    it, the rate is halved, and comes back a tenth a second.

    Args:
        rate: requests a second.
        burst: how many may follow each other at once after a pause.
    """

    def __init__(self, rate: float, burst: int = 1) -> None:
        self._full = self._rate = rate
        self._burst = burst
        self._next = 0.0
        self._changed = 0.0
        self._lock = threading.Lock()

    def reserve(self, now: float) -> float:
        """Take the next free moment; return the seconds until then.

        Args:
            now: seconds on any clock that does not run backwards.
        """
        with self._lock:
            spacing = 1 / self._rate_at(now)
            moment = max(self._next, now - (self._burst - 1) * spacing)
            self._next = moment + spacing
            return max(0.0, moment - now)

    def refused(self, now: float) -> None:
        """AWS said that there were too many requests."""
        with self._lock:
            if now - self._changed < _DEAF_SECONDS:
                return
            self._rate = max(self._full * _SLOWEST, self._rate_at(now) / 2)
            self._changed = now

    def _rate_at(self, now: float) -> float:
        recovered = self._rate + (now - self._changed) * _RECOVERY * self._full
        return min(self._full, recovered)
