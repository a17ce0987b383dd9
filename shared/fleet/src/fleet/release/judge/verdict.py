"""The verdict: pass, fail, or not enough to tell.

Fail: an alarm fires or cannot be read, or errors of the new version are more than chance and the
effect floor explain. Like is compared with like: real traffic with the old version's real
traffic (Fisher's exact test, within each split of traffic), and where there is none, and for
smoke events, with the effect floor itself (binomial). Counts are cumulative over a canary, so
each look may spend an equal part of alpha (Bonferroni): over all looks, whatever the splits were
and however the traffic's errors come and go, a version that is no worse is failed with a
probability of alpha at most.

Pass: not failed, and a bad version would not have come this far. Either the comparison had the
power to find one that fails more often by `detectable`, or the new version's own error rate is
shown to be below `detectable`, which needs nothing to compare with. All else is inconclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleet.release.judge import enough, reasons
from fleet.release.judge.seen import Seen
from fleet.release.judge.statistics import binomial_at_least, stratified_greater, wilson, worse
from fleet.release.outcome import Look, Rate, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleet.release.judge.evidence import Counts


@dataclass(frozen=True)
class Plan:
    """What a canary may get wrong.

    Attributes:
        alpha: how often, of all canaries of versions that are no worse, one may be failed.
        looks: how many looks the canary takes at most; alpha is split over them.
        effect_floor: a smaller difference of the error rates never fails a version.
        detectable: the difference that a pass has to rule out.
        power: how surely a pass rules it out, 0 to 1.
    """

    alpha: float = 0.05
    looks: int = 3
    effect_floor: float = 0.01
    detectable: float = 0.05
    power: float = 0.8

    @property
    def alpha_per_look(self) -> float:
        """What one look may spend."""
        return self.alpha / max(self.looks, 1)


def judge(  # noqa: PLR0913  everything a verdict rests on, each by name
    old: Counts | None,
    new: Counts | None,
    *,
    plan: Plan,
    alarms: Sequence[str] = (),
    synthetic: int = 0,
    synthetic_errors: int = 0,
    weight: float,
    at: float,
) -> Look:
    """Look at everything seen since the canary began.

    Args:
        old: counts of the old version; None or none where it had no traffic.
        new: counts of the new version, smoke events included; None where there is no count.
        plan: what the canary may get wrong.
        alarms: the alarms that fire or cannot be read.
        synthetic: how many of the new version's invocations were smoke events.
        synthetic_errors: how many of these failed.
        weight: the share of traffic on the new version, 0 to 1.
        at: seconds since the epoch.
    """
    seen = Seen.of(old, new, synthetic, synthetic_errors)
    tests = _tests(seen, plan)
    verdict, reason = _decide(seen, plan, tests, alarms)
    if verdict == "pass" and enough.unheard(seen, weight):
        verdict, reason = "inconclusive", reasons.unheard(seen, weight)
    return Look(
        at=at,
        weight=weight,
        old=_rate(seen.old),
        new=_rate(seen.new),
        synthetic=seen.smoke.invocations,
        p_value=_p_value(tests),
        alpha=plan.alpha_per_look,
        verdict=verdict,
        reason=reason,
        alarms=tuple(alarms),
    )


def needed(plan: Plan, old: Counts | None, new: Counts | None, synthetic: int = 0) -> int:
    """About how many more invocations of the new version, none failing, would settle it.

    Arguments are as for `judge`. It does not ask whether the version is to be failed.
    """
    return enough.more(Seen.of(old, new, synthetic), plan)


def top_up(plan: Plan, old: Counts | None, new: Counts | None, synthetic: int = 0) -> int:
    """How many smoke events, none failing, would settle it; 0 if settled or if none can.

    Smoke events cannot settle it while the real traffic's errors speak against the version:
    any number of them would only water these down.
    """
    seen = Seen.of(old, new, synthetic)
    if enough.settled(seen, plan) or not enough.smoke_counts(seen, plan):
        return 0
    return enough.more_alone(seen.new, plan)


@dataclass(frozen=True)
class Comparison:
    """A question that the data answers: is this rate higher than that one?

    Attributes:
        what: of what the new version's counts are.
        against: the old version's counts; None for the effect floor.
        p: the probability of so many errors or more, were it not.
        matters: whether the difference of the rates reaches the effect floor.
    """

    what: str
    new: Counts
    against: Counts | None
    p: float
    matters: bool


def _tests(seen: Seen, plan: Plan) -> list[Comparison]:
    tests = []
    if seen.tables:
        p, matters = stratified_greater(seen.tables), worse(seen.tables, plan.effect_floor)
        tests.append(Comparison("invocations", seen.real, seen.old, p, matters))
    elif seen.real.invocations:
        tests.append(_floor_test("invocations", seen.real, plan.effect_floor))
    if seen.smoke.invocations:
        tests.append(_floor_test("smoke events", seen.smoke, plan.effect_floor))
    return tests


def _floor_test(what: str, new: Counts, floor: float) -> Comparison:
    p = binomial_at_least(new.errors, new.invocations, floor)
    return Comparison(what, new, None, p, new.rate >= floor)


def _p_value(tests: list[Comparison]) -> float | None:
    """The least p-value, times the number of tests: each may spend its part of alpha."""
    return min(1.0, min(test.p for test in tests) * len(tests)) if tests else None


def _decide(
    seen: Seen, plan: Plan, tests: list[Comparison], alarms: Sequence[str]
) -> tuple[Verdict, str]:
    if alarms:
        return "fail", reasons.alarms(alarms)
    limit = plan.alpha_per_look / max(len(tests), 1)
    for test in tests:
        if test.matters and test.p <= limit:
            return "fail", reasons.fail(test, plan, limit)
    if enough.settled(seen, plan):
        return "pass", reasons.passed(seen, plan)
    return "inconclusive", reasons.inconclusive(seen, plan)


def _rate(counts: Counts) -> Rate:
    low, high = wilson(counts.errors, counts.invocations)
    return Rate(counts.invocations, counts.errors, low, high)
