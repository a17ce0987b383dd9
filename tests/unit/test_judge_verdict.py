"""Verdicts: what fails a version, what passes it, and what is not enough to tell."""

from __future__ import annotations

import pytest
from fleet.release.judge.evidence import Counts
from fleet.release.judge.verdict import Plan, judge, needed, top_up
from fleet.release.outcome import Look
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.canaries import counts

PLAN = Plan()


def look(
    old: Counts | None,
    new: Counts | None,
    *,
    smoke: int = 0,
    smoke_errors: int = 0,
    alarms: tuple[str, ...] = (),
    plan: Plan = PLAN,
) -> Look:
    return judge(
        old,
        new,
        plan=plan,
        alarms=alarms,
        synthetic=smoke,
        synthetic_errors=smoke_errors,
        weight=0.1,
        at=1000,
    )


@st.composite
def seen(draw: st.DrawFn, most: int = 250) -> Counts:
    invocations = draw(st.integers(0, most))
    return Counts(invocations, draw(st.integers(0, invocations)))


def test_a_look_says_what_it_saw() -> None:
    seen = look(Counts(900, 9), Counts(100, 12))
    assert (seen.at, seen.weight, seen.alpha) == (1000, 0.1, pytest.approx(0.05 / 3))
    assert (seen.new.invocations, seen.new.errors, seen.old.errors) == (100, 12, 9)
    assert seen.new.low < 0.12 < seen.new.high
    assert seen.p_value == pytest.approx(7.29e-8, rel=0.01)


def test_more_errors_than_chance_and_the_floor_explain_fail() -> None:
    seen = look(Counts(900, 9), Counts(100, 12))
    assert seen.verdict == "fail"
    assert seen.reason == (
        "12 of 100 (12 %) invocations failed, against 9 of 900 (1 %) of the old version: "
        "chance does that with p = 7.3e-08, and 0.017 is the limit"
    )


def test_a_difference_below_the_floor_never_fails() -> None:
    seen = look(Counts(900_000, 900), Counts(100_000, 1000))
    assert seen.p_value is not None
    assert seen.p_value < 1e-100
    assert seen.verdict == "pass"


def test_each_look_may_spend_its_part_of_alpha_only() -> None:
    old, new = Counts(180, 2), Counts(20, 3)
    assert look(old, new, plan=Plan(looks=1)).verdict == "fail"
    assert look(old, new, plan=Plan(looks=10)).verdict == "inconclusive"


def test_a_version_with_few_errors_passes_by_itself() -> None:
    seen = look(Counts(900, 9), Counts(100, 1))
    assert seen.verdict == "pass"
    assert "1 of 100 (1 %) invocations failed, and 9 of 900 (1 %) of the old" in seen.reason
    assert "an error rate of 5 % is ruled out with 95 % confidence" in seen.reason


def test_a_version_with_as_many_errors_as_the_old_one_passes_by_comparison() -> None:
    seen = look(Counts(9000, 720), Counts(1000, 80))
    assert seen.verdict == "pass"
    assert "no more than chance explains, and a rate higher by 5 points" in seen.reason


def test_the_same_rates_with_little_traffic_are_inconclusive() -> None:
    old, new = Counts(900, 72), Counts(100, 8)
    seen = look(old, new)
    assert seen.verdict == "inconclusive"
    more = needed(PLAN, old, new)
    assert f"about {more:,} more" in seen.reason
    growth = (100 + more) / 100
    grown = look(Counts(round(900 * growth), round(72 * growth)), Counts(100 + more, 8))
    assert grown.verdict == "pass"


@pytest.mark.parametrize("old", [None, Counts(0, 0), Counts(900, 9)])
@pytest.mark.parametrize("new", [None, Counts(0, 0)])
def test_no_count_of_the_new_version_is_inconclusive(
    old: Counts | None, new: Counts | None
) -> None:
    seen = look(old, new)
    assert seen.verdict == "inconclusive"
    assert seen.p_value is None
    assert seen.reason.startswith("no invocation of the new version is counted; 59 without an")
    assert (seen.new.low, seen.new.high) == (0, 1)
    assert needed(PLAN, old, new) == top_up(PLAN, old, new) == 59


def test_alarms_fail_whatever_the_counts_say() -> None:
    hidden = "x-throttles (cannot be read: AccessDenied)"
    seen = look(Counts(9000, 9), Counts(1000, 1), alarms=("x-errors", hidden))
    assert seen.verdict == "fail"
    assert seen.alarms == ("x-errors", hidden)
    assert seen.reason == f"alarms speak against it: x-errors, {hidden}"


def test_without_any_old_traffic_the_effect_floor_is_the_measure() -> None:
    bad = look(None, Counts(100, 9))
    assert bad.verdict == "fail"
    assert "against 1 % that is allowed without old traffic" in bad.reason
    assert look(None, Counts(100, 3)).verdict == "inconclusive"
    assert look(None, Counts(100, 1)).verdict == "pass"
    assert look(None, Counts(100_000, 1001)).verdict == "pass"


def test_at_a_weight_of_one_the_old_version_is_what_it_was_before() -> None:
    """Its last stretch is held against what the new version does alone."""
    old = counts([Counts(900, 9), Counts(500, 5), Counts(0, 0)])
    good = counts([Counts(100, 1), Counts(500, 5), Counts(1000, 10)])
    bad = counts([Counts(100, 1), Counts(500, 5), Counts(1000, 60)])
    assert look(old, good).verdict == "pass"
    assert look(old, bad).verdict == "fail"


def test_an_outage_behind_both_versions_is_not_blamed_on_the_new_one() -> None:
    old = counts([Counts(1800, 9), Counts(1000, 50)])
    new = counts([Counts(200, 1), Counts(1000, 50)])
    assert look(old, new).verdict == "pass"
    thrown_together = look(Counts(2800, 59), Counts(1200, 51))
    assert thrown_together.verdict == "fail"


def test_an_outage_behind_both_versions_hides_nothing() -> None:
    old = counts([Counts(1800, 180), Counts(1000, 10)])
    new = counts([Counts(200, 20), Counts(1000, 40)])
    assert look(old, new).verdict == "fail"
    assert look(Counts(2800, 190), Counts(1200, 60)).verdict != "fail"


def test_a_stretch_of_the_old_version_alone_says_nothing() -> None:
    old = counts([Counts(1000, 300), Counts(450, 4)])
    new = counts([Counts(0, 0), Counts(50, 6)])
    seen = look(old, new)
    assert seen.verdict == "fail"
    assert look(Counts(1450, 304), Counts(50, 6)).verdict != "fail"


def test_a_stretch_that_begins_with_the_new_version_alone_is_not_lost() -> None:
    old = counts([Counts(0, 0), Counts(450, 4)])
    new = counts([Counts(10, 5), Counts(50, 3)])
    assert look(old, new).verdict == "fail"


def test_smoke_events_alone_pass_and_the_reason_says_that_they_are_all() -> None:
    seen = look(None, Counts(59, 0), smoke=59)
    assert seen.verdict == "pass"
    assert seen.synthetic == 59
    assert "(all of them smoke events: nothing is known of real traffic)" in seen.reason


def test_smoke_events_do_not_stand_in_for_traffic_whose_metrics_are_missing() -> None:
    seen = look(Counts(900, 9), Counts(59, 0), smoke=59)
    assert seen.verdict == "inconclusive"
    assert "though 10 % of the traffic is its own and 900 of the old version are" in seen.reason
    assert look(Counts(900, 9), Counts(60, 0), smoke=59).verdict == "pass"


def test_what_the_old_version_did_at_earlier_shares_is_no_missing_traffic() -> None:
    """A share of 10 % of the last stretch's 20 invocations may well be none."""
    old = counts([Counts(900, 9), Counts(20, 0)])
    assert look(old, Counts(59, 0), smoke=59).verdict == "pass"


def test_smoke_events_fill_up_real_traffic() -> None:
    old, new = Counts(90, 0), Counts(10, 0)
    assert look(old, new).verdict == "inconclusive"
    wanted = top_up(PLAN, old, new)
    seen = look(old, new + Counts(wanted, 0), smoke=wanted)
    assert seen.verdict == "pass"
    assert f"({wanted} of them smoke events)" in seen.reason


def test_smoke_events_do_not_water_down_the_errors_of_real_traffic() -> None:
    old, real = Counts(540, 5), Counts(60, 7)
    assert look(old, real).verdict == "fail"
    assert look(old, real + Counts(5000, 0), smoke=5000).verdict == "fail"


def test_smoke_events_do_not_pass_what_real_traffic_makes_doubtful() -> None:
    old, real = Counts(90, 0), Counts(10, 1)
    assert top_up(PLAN, old, real) == 0
    seen = look(old, real + Counts(500, 0), smoke=500)
    assert seen.verdict == "inconclusive"
    assert "smoke events do not outweigh errors of real traffic" in seen.reason


def test_doubtful_real_traffic_without_an_old_version_is_not_outweighed_either() -> None:
    assert top_up(PLAN, None, Counts(50, 1)) == 0
    assert look(None, Counts(550, 1), smoke=500).verdict == "inconclusive"


def test_smoke_events_that_fail_fail_the_version() -> None:
    seen = look(Counts(90, 0), Counts(69, 6), smoke=59, smoke_errors=6)
    assert seen.verdict == "fail"
    assert "6 of 59 (10.2 %) smoke events failed" in seen.reason


def test_errors_that_cannot_be_of_real_traffic_are_of_smoke_events() -> None:
    assert look(Counts(90, 0), Counts(59, 6), smoke=59).verdict == "fail"


def test_what_is_settled_needs_nothing() -> None:
    assert needed(PLAN, Counts(9000, 720), Counts(1000, 80)) == 0
    assert top_up(PLAN, Counts(9000, 720), Counts(1000, 80)) == 0


@settings(deadline=None, max_examples=50)
@given(st.none() | seen(500), seen(), st.integers(1, 20))
def test_more_errors_are_never_a_better_verdict(
    old: Counts | None, new: Counts, looks: int
) -> None:
    order = ["pass", "inconclusive", "fail"]
    plan = Plan(looks=looks)
    verdict = look(old, new, plan=plan).verdict
    if new.errors < new.invocations:
        worse = look(old, new + Counts(0, 1), plan=plan).verdict
        assert order.index(worse) >= order.index(verdict)


@settings(deadline=None, max_examples=50)
@given(st.none() | seen(500), seen(100))
def test_a_top_up_that_goes_well_settles_it(old: Counts | None, new: Counts) -> None:
    smoke = top_up(PLAN, old, new)
    before = look(old, new).verdict
    after = look(old, new + Counts(smoke, 0), smoke=smoke)
    if smoke and "metrics are missing" not in after.reason:
        assert after.verdict == ("fail" if before == "fail" else "pass")
    assert needed(PLAN, old, new) >= 0


@settings(deadline=None, max_examples=50)
@given(st.none() | seen(500), st.none() | seen(), st.integers(0, 300))
def test_nothing_passes_on_little_or_against_an_alarm(
    old: Counts | None, new: Counts | None, smoke: int
) -> None:
    assert look(old, new, smoke=smoke, alarms=("x-errors",)).verdict == "fail"
    seen = look(old, new, smoke=smoke)
    if seen.verdict == "pass":
        assert seen.new.invocations >= 20
        assert seen.p_value is not None
    assert seen.reason
