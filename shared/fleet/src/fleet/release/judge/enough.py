"""Whether enough has been seen for a pass, and how much more it takes."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from fleet.release.judge.evidence import Counts
from fleet.release.judge.statistics import binomial_at_least, equivalent, power, worse

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet.release.judge.seen import Seen
    from fleet.release.judge.verdict import Plan

MOST = 1_000_000
"""No canary waits for more invocations than these."""

# A canary whose metrics are there is taken for one without them as seldom as this.
_NEVER = 0.001


def settled(seen: Seen, plan: Plan) -> bool:
    """Whether a bad version would not have come this far."""
    return shown_alone(counted(seen, plan), plan) or compared(seen, plan) >= plan.power


def unheard(seen: Seen, weight: float) -> bool:
    """Whether the new version must have had real traffic, of which there is no count.

    Args:
        seen: everything since the canary began.
        weight: the new version's share of traffic in the last stretch, 0 to 1.
    """
    last = seen.old.parts[-1] if seen.old.parts else seen.old
    return not seen.real.invocations and (1 - weight) ** last.invocations < _NEVER


def more(seen: Seen, plan: Plan) -> int:
    """About how many more invocations of the new version, none failing, settle it.

    Real ones, with as many more of the old version as there were; or smoke events, if these
    count, when these are fewer.
    """
    if settled(seen, plan):
        return 0
    alone = more_alone(counted(seen, plan), plan)
    if not seen.tables:
        return alone
    real = seen.real.invocations
    return _least(lambda extra: compared(seen, plan, 1 + extra / real) >= plan.power, alone)


def counted(seen: Seen, plan: Plan) -> Counts:
    """What may speak for the new version."""
    return seen.new if smoke_counts(seen, plan) else seen.real


def smoke_counts(seen: Seen, plan: Plan) -> bool:
    """Whether real traffic leaves it to smoke events: they never outweigh its errors."""
    real, floor = seen.real, plan.effect_floor
    if not real.invocations:
        return True
    suspect = worse(seen.tables, floor) if seen.tables else real.rate >= floor
    return real.rate < plan.detectable and not suspect


def shown_alone(new: Counts, plan: Plan) -> bool:
    """Whether so few errors are too few for an error rate of `detectable`."""
    above = binomial_at_least(new.errors + 1, new.invocations, plan.detectable)
    return new.invocations > 0 and 1 - above <= plan.alpha


def compared(seen: Seen, plan: Plan, growth: float = 1.0) -> float:
    """The power of this very comparison of real traffic, or with `growth` times as much of it."""
    if not seen.tables:
        return 0.0
    new, old = equivalent(seen.tables)
    tests = 2 if seen.smoke.invocations else 1
    return power(
        round(new * growth),
        round(old * growth),
        seen.old.rate,
        min(seen.old.rate + plan.detectable, 1.0),
        plan.alpha_per_look / tests,
        plan.effect_floor,
    )


def more_alone(new: Counts, plan: Plan) -> int:
    """How many more, none failing, show an error rate below `detectable`."""
    return _least(lambda extra: shown_alone(new + Counts(extra, 0), plan), MOST)


def _least(enough: Callable[[int], bool], most: int) -> int:
    """About the least number that is enough, and `most` when none below it is."""
    low, high = 0, 1
    while high < most and not enough(high):
        low, high = high, high * 2
    return bisect_left(range(min(high, most)), x=True, lo=low, key=enough)
