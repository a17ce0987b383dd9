"""Tests and intervals against published tables, and against arithmetic without rounding."""

from __future__ import annotations

import time
from fractions import Fraction
from math import comb
from statistics import NormalDist

import pytest
from fleet.release.judge import statistics
from fleet.release.judge.statistics import (
    binomial_at_least,
    equivalent,
    fisher_greater,
    newcombe,
    power,
    stratified_greater,
    wilson,
    worse,
)
from hypothesis import given, settings
from hypothesis import strategies as st

type Table = tuple[int, int, int, int]
# Errors and invocations of the new version, then of the old one.
FISHER = {
    # Fisher (1935), The Design of Experiments, chapter II: four cups of each, all told right,
    # and all but one.
    "tea tasting, all right": ((4, 4, 0, 4), Fraction(1, 70)),
    "tea tasting, one wrong": ((3, 4, 1, 4), Fraction(17, 70)),
    # Fisher (1935), The logic of inductive inference, J. R. Stat. Soc. 98: convicted among
    # like-sex twins of criminals, 10 of 13 monozygotic and 2 of 17 dizygotic.
    "criminal twins": ((10, 13, 2, 17), Fraction(619, 1330665)),
    # Stokes, Davis and Koch (2000), Categorical Data Analysis Using the SAS System, chapter 2:
    # favourable with the test treatment 10 of 12, with the control 2 of 6.
    "favourable, test and control": ((10, 12, 2, 6), 0.0573),
}
# Newcombe (1998), Two-sided confidence intervals for the single proportion, Statistics in
# Medicine 17: 857-872, table I, method 3 (score without continuity correction), 95 %.
WILSON = {
    (81, 263): (0.2553, 0.3662),
    (15, 148): (0.0624, 0.1605),
    (0, 20): (0.0000, 0.1611),
    (1, 29): (0.0061, 0.1718),
}
# Newcombe (1998), Interval estimation for the difference between independent proportions,
# Statistics in Medicine 17: 873-890, table II, method 10, 95 %.
NEWCOMBE = {
    (56, 70, 48, 80): (0.0524, 0.3339),
    (9, 10, 3, 10): (0.1705, 0.8090),
    (6, 7, 2, 7): (0.0582, 0.8062),
    (5, 56, 0, 29): (-0.0381, 0.1926),
    (0, 10, 0, 20): (-0.1611, 0.2775),
    (0, 10, 0, 10): (-0.2775, 0.2775),
    (10, 10, 0, 20): (0.6791, 1.0000),
    (10, 10, 0, 10): (0.6075, 1.0000),
}
# Agresti (1990), Categorical Data Analysis, pages 231-237: rabbits cured by penicillin, at once
# and 1.5 hours later, at five doses. R's documentation of mantelhaen.test gives the exact
# one-sided p-value: 0.020.
RABBITS = [(0, 6, 0, 5), (3, 6, 0, 6), (6, 6, 2, 6), (5, 6, 6, 6), (2, 2, 5, 5)]


def exactly(errors_new: int, n_new: int, errors_old: int, n_old: int) -> Fraction:
    """The p-value in whole numbers."""
    errors = errors_new + errors_old
    ways = sum(
        comb(n_new, k) * comb(n_old, errors - k) for k in range(errors_new, min(errors, n_new) + 1)
    )
    return Fraction(ways, comb(n_new + n_old, errors))


@st.composite
def tables(draw: st.DrawFn, most: int = 60) -> Table:
    n_new, n_old = draw(st.integers(1, most)), draw(st.integers(1, most))
    return draw(st.integers(0, n_new)), n_new, draw(st.integers(0, n_old)), n_old


@pytest.mark.parametrize("example", FISHER)
def test_fisher_agrees_with_published_examples(example: str) -> None:
    table, published = FISHER[example]
    tolerance = 1e-12 if isinstance(published, Fraction) else 5e-5
    assert fisher_greater(*table) == pytest.approx(float(published), abs=tolerance)


@pytest.mark.parametrize("proportion", WILSON)
def test_wilson_agrees_with_newcombe_1998(proportion: tuple[int, int]) -> None:
    assert wilson(*proportion) == pytest.approx(WILSON[proportion], abs=5e-5)


@pytest.mark.parametrize("table", NEWCOMBE)
def test_difference_agrees_with_newcombe_1998(table: Table) -> None:
    assert newcombe(*table) == pytest.approx(NEWCOMBE[table], abs=5e-5)


def test_several_tables_agree_with_agresti_1990() -> None:
    assert stratified_greater(RABBITS) == pytest.approx(0.020, abs=5e-4)


@given(tables())
def test_fisher_is_what_whole_numbers_give(table: Table) -> None:
    assert fisher_greater(*table) == pytest.approx(float(exactly(*table)), rel=1e-9)


@pytest.mark.parametrize(
    "table",
    [
        (7, 100_000, 30, 900_000),
        (40, 500_000, 10, 500_000),
        (30, 1_000_000, 0, 1_000_000),
        (60, 1_000_000, 60, 1_000_000),
        (3, 10, 20, 1_000_000),
    ],
)
def test_fisher_keeps_its_precision_for_a_million(table: Table) -> None:
    assert fisher_greater(*table) == pytest.approx(float(exactly(*table)), rel=1e-6)


def test_a_million_with_many_errors_takes_no_time() -> None:
    began = time.monotonic()
    # 499 is 500 with the correction for continuity, in standard deviations of the difference.
    normal = NormalDist().cdf(-499 / (2e6 * 0.06025 * 0.93975) ** 0.5)
    assert fisher_greater(60_500, 1_000_000, 60_000, 1_000_000) == pytest.approx(normal, rel=1e-3)
    assert fisher_greater(100_000, 1_000_000, 60_000, 1_000_000) < 1e-300
    assert time.monotonic() - began < 0.5


@given(tables())
def test_what_blames_the_new_version_clears_the_old_one(table: Table) -> None:
    errors_new, n_new, errors_old, n_old = table
    if errors_new and errors_old < n_old:
        swapped = fisher_greater(errors_old + 1, n_old, errors_new - 1, n_new)
        assert fisher_greater(*table) + swapped == pytest.approx(1, abs=1e-9)


@given(tables())
def test_more_errors_of_the_new_version_never_excuse_it(table: Table) -> None:
    errors_new, n_new, errors_old, n_old = table
    p = fisher_greater(*table)
    if errors_new < n_new:
        assert fisher_greater(errors_new + 1, n_new, errors_old, n_old) <= p + 1e-9
    if errors_old < n_old:
        assert fisher_greater(errors_new, n_new, errors_old + 1, n_old) >= p - 1e-9


@pytest.mark.parametrize("table", [(0, 0, 5, 10), (5, 10, 0, 0), (0, 10, 0, 10)])
def test_nothing_to_compare_is_no_blame(table: Table) -> None:
    assert fisher_greater(*table) == 1


@given(tables(20), tables(20))
def test_two_tables_are_dealt_out_apart(one: Table, other: Table) -> None:
    """Against every way to deal both out."""
    total = one[0] + other[0]
    chance = Fraction(0)
    for k in range(min(one[0] + one[2], one[1]) + 1):
        rest = total - k
        here = exactly(k, one[1], one[0] + one[2] - k, one[3])
        here -= exactly(k + 1, one[1], one[0] + one[2] - k - 1, one[3])
        errors = other[0] + other[2]
        beyond = 1 if rest <= 0 else exactly(rest, other[1], errors - rest, other[3])
        chance += here * (beyond if rest <= min(errors, other[1]) else 0)
    assert stratified_greater([one, other]) == pytest.approx(float(chance), abs=1e-9)


@given(st.integers(0, 500), st.integers(1, 500), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_holds_the_rate_and_has_no_sides(errors: int, n: int, confidence: float) -> None:
    errors = min(errors, n)
    low, high = wilson(errors, n, confidence)
    assert 0 <= low <= errors / n <= high <= 1
    well = wilson(n - errors, n, confidence)
    assert (1 - high, 1 - low) == pytest.approx(well, abs=1e-12)


@given(tables(300))
def test_the_difference_has_no_sides(table: Table) -> None:
    low, high = newcombe(*table)
    assert -1 <= low <= table[0] / table[1] - table[2] / table[3] <= high <= 1
    back = newcombe(table[2], table[3], table[0], table[1])
    assert (-high, -low) == pytest.approx(back, abs=1e-12)


def test_without_invocations_every_rate_is_possible() -> None:
    assert wilson(0, 0) == (0, 1)
    assert newcombe(0, 0, 1, 10) == newcombe(1, 10, 0, 0) == (-1, 1)


@given(st.integers(-1, 41), st.integers(0, 40), st.sampled_from([0.0, 0.01, 0.3, 0.97, 1.0]))
def test_binomial_is_what_whole_numbers_give(errors: int, n: int, rate: float) -> None:
    share = Fraction(rate)
    tail = sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(max(errors, 0), n + 1))
    assert binomial_at_least(errors, n, rate) == pytest.approx(float(tail), abs=1e-12)


def test_a_difference_of_just_the_floor_counts() -> None:
    assert worse([(3, 100, 2, 100)], 0.01)
    assert worse([(7, 100, 54, 900)], 0.01)
    assert not worse([(29, 1000, 20, 1000)], 0.01)


def test_one_table_is_its_own_equivalent_and_several_tell_no_more_than_their_sum() -> None:
    assert equivalent([(1, 100, 9, 900)]) == (100, 900)
    assert equivalent([(1, 100, 9, 900), (3, 100, 27, 900)]) == (200, 1800)
    new, old = equivalent([(0, 100, 0, 900), (0, 500, 0, 500)])
    assert new == 600
    assert 500 < old < 1400


def slowly(n_new: int, n_old: int, rates: tuple[float, float], alpha: float, floor: float) -> float:
    """The power by trying every outcome."""

    def chance(errors: int, n: int, rate: float) -> float:
        return comb(n, errors) * rate**errors * (1 - rate) ** (n - errors)

    return sum(
        chance(old, n_old, rates[0]) * chance(new, n_new, rates[1])
        for new in range(n_new + 1)
        for old in range(n_old + 1)
        if worse([(new, n_new, old, n_old)], floor)
        and exactly(new, n_new, old, n_old) <= Fraction(alpha)
    )


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 14),
    st.integers(1, 14),
    st.tuples(st.sampled_from([0.0, 0.01, 0.2]), st.sampled_from([0.3, 0.6, 1.0])),
    st.sampled_from([0.017, 0.2]),
    st.sampled_from([0.0, 0.4]),
)
def test_power_is_what_every_outcome_adds_up_to(
    n_new: int, n_old: int, rates: tuple[float, float], alpha: float, floor: float
) -> None:
    expected = slowly(n_new, n_old, rates, alpha, floor)
    assert power(n_new, n_old, *rates, alpha, floor) == pytest.approx(expected, abs=1e-9)


def test_power_without_invocations_is_none() -> None:
    assert power(0, 100, 0.01, 0.5, 0.05, 0.01) == power(100, 0, 0.01, 0.5, 0.05, 0.01) == 0


def test_power_for_many_invocations_is_known_soon() -> None:
    statistics.power.cache_clear()
    began = time.monotonic()
    assert power(100_000, 900_000, 0.01, 0.0112, 0.05, 0.0) > 0.9
    assert time.monotonic() - began < 5
