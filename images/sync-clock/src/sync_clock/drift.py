"""How a device's clock drifts, from its last syncs."""

from __future__ import annotations

from itertools import combinations
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

# RFC 5905: no clock that works is off by more than this (MAXFREQ), and a step of more than that
# (STEPT) is no drift.
_WORST_RATE: Final = 500e-6
_STEP: Final = 0.128
# Seconds between two syncs below which their slope is nothing but the network's noise.
_SHORTEST: Final = 60.0
_MILLION: Final = 1e6


class Sync(NamedTuple):
    """What is kept of an exchange.

    Attributes:
        at: Unix seconds, by our clock.
        offset: Seconds to add to the device's clock.
        delay: Seconds, there and back.
    """

    at: float
    offset: float
    delay: float


def leapt(before: Sync, after: Sync) -> bool:
    """Whether the device's clock was set, or jumped, between two syncs."""
    drifted = _WORST_RATE * abs(after.at - before.at)
    uncertain = (max(before.delay, 0.0) + max(after.delay, 0.0)) / 2
    return abs(after.offset - before.offset) > drifted + uncertain + _STEP


def since_leap(syncs: Sequence[Sync]) -> list[Sync]:
    """The syncs after the last leap, oldest first; they may come in any order."""
    ordered = sorted(set(syncs))
    for number in range(len(ordered) - 1, 0, -1):
        if leapt(ordered[number - 1], ordered[number]):
            return ordered[number:]
    return ordered


def drift_ppm(syncs: Sequence[Sync]) -> float | None:
    """How many millionths faster than ours the device's clock runs; slower is below zero.

    Theil and Sen's estimator: the median of the slopes between every two syncs. Up to 29 % of
    them may be wrong by any amount.

    Args:
        syncs: Since the last leap, oldest first.

    Returns:
        None when no two of them are a minute apart.
    """
    slopes = [
        (later.offset - earlier.offset) / (later.at - earlier.at)
        for earlier, later in combinations(syncs, 2)
        if later.at - earlier.at >= _SHORTEST
    ]
    # What has to be added grows while the device falls behind.
    return -median(slopes) * _MILLION if slopes else None
