"""Tests and intervals of error rates, with nothing but the standard library."""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

from fleet.release.judge.counting import dealt, drawn, sum_at_least

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

type Table = tuple[int, int, int, int]
"""Errors and invocations of the new version, then of the old one."""

# Differences of rates that floating point makes are no differences.
_ROUNDING = 1e-12


def fisher_greater(errors_new: int, n_new: int, errors_old: int, n_old: int) -> float:
    """One-sided exact p-value that the new version fails more often (Fisher 1935).

    The share of all ways to deal the errors out to the invocations that gives the new version
    as many as it has, or more. It holds for any split of traffic between the two.

    Returns:
        0 to 1; 1 when either has no invocations, or neither has errors.
    """
    if not (n_new and n_old and errors_new + errors_old):
        return 1.0
    return dealt(n_new, n_old, errors_new + errors_old).at_least(errors_new)


def stratified_greater(tables: Sequence[Table]) -> float:
    """The same of several tables at once: errors are dealt out within each of them only.

    Traffic that was split 1 to 9 and traffic that was split evenly must not be thrown together:
    if both versions fail more often in the second stretch, the sum blames the new version, which
    had more of that stretch. (Mantel and Haenszel's question of 1959, answered exactly.)

    Returns:
        0 to 1.
    """
    if len(tables) == 1:
        return fisher_greater(*tables[0])
    chances = [dealt(n_new, n_old, new + old) for new, n_new, old, n_old in tables]
    return sum_at_least(chances, sum(new for new, _, _, _ in tables))


def worse(tables: Sequence[Table], floor: float) -> bool:
    """Whether the new version's error rate is higher by `floor` (0 to 1) or more.

    Of several tables it is the difference within each that counts, weighed by how much the
    table tells (Mantel and Haenszel 1959).
    """
    difference = weights = 0.0
    for new, n_new, old, n_old in tables:
        weight = n_new * n_old / (n_new + n_old)
        difference += weight * (new / n_new - old / n_old)
        weights += weight
    return difference / weights >= floor - _ROUNDING


def equivalent(tables: Sequence[Table]) -> tuple[int, int]:
    """The invocations, new and old, of one table that tells as much as these together."""
    new = sum(n_new for _, n_new, _, _ in tables)
    weights = sum(n_new * n_old / (n_new + n_old) for _, n_new, _, n_old in tables)
    return new, round(new * weights / (new - weights))


def binomial_at_least(errors: int, n: int, rate: float) -> float:
    """The probability of this many errors or more, at an error rate of 0 to 1."""
    if rate <= 0 or rate >= 1:
        return float(errors <= (n if rate >= 1 else 0))
    return drawn(n, rate).at_least(errors)


def wilson(errors: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval that a version's true error rate lies in (Wilson 1927), 0 to 1."""
    if not n:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate = errors / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = centre - half if errors else 0.0
    high = centre + half if errors < n else 1.0
    return max(low, 0.0), min(high, 1.0)


def newcombe(
    errors_new: int, n_new: int, errors_old: int, n_old: int, confidence: float = 0.95
) -> tuple[float, float]:
    """The interval that `new - old` lies in (Newcombe 1998, method 10), -1 to 1."""
    if not (n_new and n_old):
        return -1.0, 1.0
    new, old = errors_new / n_new, errors_old / n_old
    new_low, new_high = wilson(errors_new, n_new, confidence)
    old_low, old_high = wilson(errors_old, n_old, confidence)
    below = sqrt((new - new_low) ** 2 + (old_high - old) ** 2)
    above = sqrt((new_high - new) ** 2 + (old - old_low) ** 2)
    return max(new - old - below, -1.0), min(new - old + above, 1.0)


@lru_cache(maxsize=65536)
def power(
    n_new: int, n_old: int, rate_old: float, rate_new: float, alpha: float, effect_floor: float
) -> float:
    """How likely the comparison is to find a new version at fault that truly is.

    Exact: it adds up every outcome that would fail, for both versions' numbers of errors.

    Args:
        n_new: invocations of the new version.
        n_old: invocations of the old version.
        rate_old: its true error rate, 0 to 1.
        rate_new: the same of the new version.
        alpha: what the p-value must not exceed.
        effect_floor: the least difference of the rates seen that counts, 0 to 1.
    """
    if not (n_new and n_old):
        return 0.0
    found, critical = 0.0, 0
    for errors_old, share in _outcomes(n_old, rate_old):
        critical = _critical(critical, n_new, errors_old, n_old, (alpha, effect_floor))
        if critical > n_new:
            break
        found += share * binomial_at_least(critical, n_new, rate_new)
    return min(found, 1.0)


def _critical(
    start: int, n_new: int, errors_old: int, n_old: int, limits: tuple[float, float]
) -> int:
    """The fewest errors from `start` that fail the new version; more than n_new if none do."""
    alpha, floor = limits

    def fails(errors_new: int) -> bool:
        table = (errors_new, n_new, errors_old, n_old)
        return errors_new <= n_new and worse([table], floor) and fisher_greater(*table) <= alpha

    # More errors never make a failure undone, and more errors of the old version never make
    # one: so it is found by halving, from where it was for fewer errors of the old version.
    high, step = start, 1
    while high <= n_new and not fails(high):
        start, high, step = high + 1, high + step, step * 2
    return bisect_left(range(min(high, n_new + 1)), x=True, lo=start, key=fails)


def _outcomes(n: int, rate: float) -> Iterator[tuple[int, float]]:
    """Numbers of errors that happen, ascending, each with its probability."""
    if rate <= 0 or rate >= 1:
        yield (n if rate >= 1 else 0), 1.0
        return
    errors = drawn(n, rate)
    for count in errors.likely():
        yield count, errors.share(count)
