"""What one run of a load has brought."""

from __future__ import annotations

import resource
from collections.abc import Sequence

from tests.performance.gateway_callers import GOOD, REFUSED


class Figures:
    """Answers, counted by one process.

    A second's answers are those that came within the time that is measured. A latency is of a
    request that was sent within it, whenever it was answered: else the slowest were left out.
    """

    def __init__(self, begins: float, ends: float) -> None:
        """Count from `begins` to `ends`, seconds of `time.perf_counter`."""
        self.begins = begins
        self.ends = ends
        self._took: list[float] = []
        self._refused: list[float] = []
        self._bad = 0
        self._answered: list[float] = []
        self._cpu = 0.0

    def add(self, asked: float, answered: float, kind: str) -> None:
        """Count an answer.

        Args:
            asked: When it was asked for.
            answered: When it came.
            kind: GOOD, REFUSED (it was told to come back) or BAD.
        """
        if kind == GOOD:
            # A list, because threads count here too: its append is whole, and += is not.
            self._answered.append(answered)
        elif kind != REFUSED:
            self._bad += 1
        if self.begins <= asked < self.ends:
            if kind == GOOD:
                self._took.append(answered - asked)
            elif kind == REFUSED:
                self._refused.append(answered - asked)

    def unanswered(self, requests: int) -> None:
        """Requests that never had an answer."""
        self._bad += requests

    def start(self) -> None:
        """The measured time begins."""
        self._cpu = _cpu_seconds()

    def stop(self) -> None:
        """The measured time is over."""
        self._cpu = _cpu_seconds() - self._cpu

    def shown(self) -> dict[str, object]:
        """Good answers a second, their latency in milliseconds, those refused and those bad, and
        the share of a core that this process took."""
        seconds = self.ends - self.begins
        within = sum(self.begins <= at < self.ends for at in self._answered)
        return {
            "per_second": within / seconds,
            **shares(self._took),
            "count": len(self._took),
            "bad": self._bad,
            "refused": {"count": len(self._refused), **shares(self._refused)},
            "cpu": self._cpu / seconds,
        }


def shares(took: Sequence[float]) -> dict[str, float]:
    """The 50th, 95th and 99th percentile, in milliseconds; zeros of nothing."""
    ordered = sorted(took) or [0.0]
    return {f"p{share}": ordered[len(ordered) * share // 100] * 1000 for share in (50, 95, 99)}


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
