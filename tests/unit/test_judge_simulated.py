"""The judge over thousands of simulated canaries: what it finds, and what it makes up."""

from __future__ import annotations

import random
from math import sqrt

import pytest
from fleet.release.judge.evidence import Counts
from fleet.release.judge.statistics import equivalent, fisher_greater, power
from fleet.release.judge.verdict import Plan, judge, top_up

from tests.kit.canaries import Stretch, canary, failed
from tests.kit.junit import Record

FLOOR = Plan().effect_floor
# What fails does not depend on what a pass takes. With a difference that is never reached a
# look that does not fail passes at once, and ten thousand canaries take seconds.
_AT_ONCE = 1.0
TABLE = [
    # invocations of the new version and of the old one, and their error rates
    (100, 100, 0.10, 0.01),
    (100, 100, 0.05, 0.001),
    (100, 900, 0.10, 0.01),
    (100, 900, 0.05, 0.001),
    (50, 450, 0.15, 0.01),
    (300, 300, 0.06, 0.02),
    (500, 500, 0.15, 0.10),
    (1000, 9000, 0.02, 0.01),
]
# Shares and error rates of stretches of traffic; 4 looks as of 10, 50, 50 and 90 %.
BASE_RATES = {
    "one error in a thousand": (0.001, 0.001, 0.001, 0.001),
    "one in a hundred": (0.01, 0.01, 0.01, 0.01),
    "one in twenty": (0.05, 0.05, 0.05, 0.05),
    "one in five": (0.2, 0.2, 0.2, 0.2),
    "an outage of something behind both": (0.005, 0.3, 0.05, 0.005),
    "errors that come up": (0.005, 0.05, 0.05, 0.10),
}
SHARES = (0.1, 0.5, 0.5, 0.9)


def plan_for(looks: int) -> Plan:
    return Plan(looks=looks, detectable=_AT_ONCE)


def found(n: int, stretches: list[Stretch], plan: Plan) -> float:
    """The share of canaries that fail; the same ones each time."""
    chance = random.Random(20260301)
    return sum(failed(chance, stretches, plan) for _ in range(n)) / n


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_a_worse_version_is_found_as_often_as_theory_says(
    row: tuple[int, int, float, float], record_property: Record
) -> None:
    n_new, n_old, rate_new, rate_old = row
    plan = plan_for(looks=1)
    stretch = Stretch(n_new / (n_new + n_old), n_new + n_old, rate_old, rate_new)
    theory = power(n_new, n_old, rate_old, rate_new, plan.alpha, FLOOR)
    detected = found(4000, [stretch], plan)
    record_property("points_from_theory", round(abs(detected - theory) * 100, 2))
    assert detected == pytest.approx(theory, abs=0.03)


def test_a_worse_version_is_found_over_several_splits_of_traffic() -> None:
    plan = plan_for(looks=1)
    splits = [Stretch(0.1, 500, 0.02, 0.06), Stretch(0.5, 400, 0.02, 0.06)]
    new, old = equivalent([(0, 50, 0, 450), (0, 200, 0, 200)])
    chance = random.Random(20260301)
    last = [[*canary(chance, splits, plan)][-1].verdict == "fail" for _ in range(4000)]
    theory = power(new, old, 0.02, 0.06, plan.alpha, FLOOR)
    assert sum(last) / 4000 == pytest.approx(theory, abs=0.03)


@pytest.mark.parametrize("rates", BASE_RATES)
def test_no_worse_version_is_failed_more_often_than_alpha(
    rates: str, record_property: Record
) -> None:
    splits = zip(SHARES, BASE_RATES[rates], strict=True)
    stretches = [Stretch(share, 80, rate, rate) for share, rate in splits]
    plan = plan_for(looks=len(stretches))
    alarms = found(10_000, stretches, plan)
    record_property("false_alarms_of_alpha", round(alarms / plan.alpha, 3))
    assert alarms <= plan.alpha


@pytest.mark.parametrize("rates", ["one in a hundred", "an outage of something behind both"])
def test_nor_with_much_traffic(rates: str) -> None:
    splits = zip(SHARES, BASE_RATES[rates], strict=True)
    stretches = [Stretch(share, 500, rate, rate) for share, rate in splits]
    plan = plan_for(looks=len(stretches))
    assert found(1000, stretches, plan) <= plan.alpha


def test_an_outage_behind_both_would_be_blamed_on_the_new_version_by_their_sums() -> None:
    """Why each split of traffic is compared by itself."""
    chance = random.Random(20260301)
    blamed = 0
    for _ in range(500):
        errors_new = chance.binomialvariate(100, 0.005) + chance.binomialvariate(500, 0.05)
        errors_old = chance.binomialvariate(900, 0.005) + chance.binomialvariate(500, 0.05)
        blamed += fisher_greater(errors_new, 600, errors_old, 1400) <= 0.05
    assert blamed / 500 > 0.5


@pytest.mark.parametrize("invocations", [600, 1500, 4000])
@pytest.mark.parametrize("rate", [0.0, 0.01, 0.06])
def test_a_version_worse_by_what_is_to_be_found_seldom_passes(
    rate: float, invocations: int
) -> None:
    plan = Plan(looks=1)
    chance = random.Random(20260301)
    stretch = Stretch(0.1, invocations, rate, rate + plan.detectable)
    looks = [next(canary(chance, [stretch], plan)) for _ in range(200)]
    passed = sum(look.verdict == "pass" for look in looks) / 200
    assert passed <= 1 - plan.power + 2 * sqrt(plan.power * (1 - plan.power) / 200)


def test_a_good_version_passes_with_the_smoke_events_it_is_topped_up_with() -> None:
    plan = Plan(looks=4)
    old, new = Counts(40, 0), Counts(4, 0)
    smoke = top_up(plan, old, new)
    look = judge(old, new + Counts(smoke, 0), plan=plan, synthetic=smoke, weight=0.1, at=0)
    assert (smoke, look.verdict) == (55, "pass")


def test_a_bad_version_does_not_pass_on_the_smoke_events_it_is_topped_up_with() -> None:
    plan = Plan(looks=4)
    chance = random.Random(20260301)
    smoke = top_up(plan, None, None)
    passed = 0
    for _ in range(2000):
        new = Counts(smoke, chance.binomialvariate(smoke, plan.detectable))
        look = judge(
            None, new, plan=plan, synthetic=smoke, synthetic_errors=new.errors, weight=0.1, at=0
        )
        passed += look.verdict == "pass"
    assert passed / 2000 <= plan.alpha + 0.01
