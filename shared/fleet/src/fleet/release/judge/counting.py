"""Distributions of counts: errors drawn at a rate, and errors dealt out to invocations.

Tails are summed term by term from the first one, outwards and with decreasing terms, so they
keep their precision where subtracting from 1 would lose it. Terms come from `lgamma`: for a
million invocations they are good to about eight digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, lgamma, log, sqrt
from operator import mul
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Terms below this share of a sum do not change it.
_NEGLIGIBLE = 1e-17
# Outcomes further from the mean than this do not happen: below 1e-14 in all.
_DEVIATIONS = 8.0


@dataclass(frozen=True)
class Distribution:
    """Of a count, with one peak.

    Attributes:
        low: the least count that can be.
        high: the greatest.
        mode: about where the peak is.
        mean: of the counts.
        variance: of the counts.
        log_share: the logarithm of a count's probability.
        step: the probability of k + 1 over that of k.
    """

    low: int
    high: int
    mode: float
    mean: float
    variance: float
    log_share: Callable[[int], float]
    step: Callable[[int], float]

    def at_least(self, count: int) -> float:
        """The probability of this count or more."""
        if count <= self.low:
            return 1.0
        if count > self.high:
            return 0.0
        if count >= self.mode:
            return min(self._upwards(count), 1.0)
        return max(1.0 - self._downwards(count - 1), 0.0)

    def likely(self) -> range:
        """The counts that happen."""
        # The constant is for skewed distributions, whose mean is near 0.
        reach = _DEVIATIONS * sqrt(self.variance) + _DEVIATIONS**2 / 3
        low, high = int(self.mean - reach), ceil(self.mean + reach)
        return range(max(self.low, low), min(self.high, high) + 1)

    def share(self, count: int) -> float:
        """The probability of a count."""
        return exp(self.log_share(count))

    def _upwards(self, count: int) -> float:
        term = total = 1.0
        for k in range(count, self.high):
            term *= self.step(k)
            total += term
            if term < total * _NEGLIGIBLE:
                break
        return self.share(count) * total

    def _downwards(self, count: int) -> float:
        term = total = 1.0
        for k in range(count - 1, self.low - 1, -1):
            term /= self.step(k)
            total += term
            if term < total * _NEGLIGIBLE:
                break
        return self.share(count) * total


def drawn(n: int, rate: float) -> Distribution:
    """Errors of n invocations, at an error rate above 0 and below 1 (binomial)."""
    mean, odds = n * rate, rate / (1 - rate)
    return Distribution(
        low=0,
        high=n,
        mode=(n + 1) * rate,
        mean=mean,
        variance=mean * (1 - rate),
        log_share=lambda k: _log_choose(n, k) + k * log(rate) + (n - k) * log(1 - rate),
        step=lambda k: (n - k) / (k + 1) * odds,
    )


def dealt(n_new: int, n_old: int, errors: int) -> Distribution:
    """Errors that the new version gets when chance deals them out (hypergeometric)."""
    n, whole = n_new + n_old, _log_choose(n_new + n_old, n_new)
    mean = errors * n_new / n
    return Distribution(
        low=max(0, errors - n_old),
        high=min(errors, n_new),
        mode=(n_new + 1) * (errors + 1) / (n + 2),
        mean=mean,
        variance=mean * (n_old / n) * ((n - errors) / max(n - 1, 1)),
        log_share=lambda k: _log_choose(errors, k) + _log_choose(n - errors, n_new - k) - whole,
        step=lambda k: (errors - k) * (n_new - k) / ((k + 1) * (n_old - errors + k + 1)),
    )


def sum_at_least(distributions: list[Distribution], count: int) -> float:
    """The probability that independent counts add up to this or more."""
    shares, low = [1.0], 0
    for one in distributions:
        likely = one.likely()
        shares, low = _convolved(shares, [one.share(k) for k in likely]), low + likely.start
    return min(sum(shares[max(count - low, 0) :]), 1.0)


def _convolved(ones: list[float], others: list[float]) -> list[float]:
    backwards, ends = others[::-1], len(others) - 1
    sums = []
    for total in range(len(ones) + ends):
        first, after = max(0, total - ends), min(total + 1, len(ones))
        pairs = backwards[ends - total + first : ends - total + after]
        sums.append(sum(map(mul, ones[first:after], pairs)))
    return sums


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
