"""Offset, delay and drift against clocks whose errors are known."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sync_clock.drift import Sync, drift_ppm, leapt, since_leap
from sync_clock.exchange import LONGEST, Exchange
from sync_clock.request import ClockRequest

NOW = 1_763_888_400.0
TICK = 1e-6  # seconds; floats of this size are no finer


def exchange(offset: float, out: float, back: float, inside: float = 0.01) -> Exchange:
    """What a device that is `offset` behind would see, with these times on the way."""
    t1 = NOW
    t2 = t1 + offset + out
    t3 = t2 + inside
    return Exchange(t1, t2, t3, t3 - offset + back)


@given(st.floats(-1e6, 1e6), st.floats(0, 20), st.floats(0, 20), st.floats(0, 10))
def test_the_offset_is_right_within_half_the_delay_however_it_is_split(
    offset: float, out: float, back: float, inside: float
) -> None:
    measured = exchange(offset, out, back, inside)
    assert measured.delay == pytest.approx(out + back, abs=TICK)
    assert abs(measured.offset - offset) <= measured.error_bound + TICK
    assert measured.error_bound == pytest.approx((out + back) / 2, abs=TICK)
    assert measured.plausible


@given(st.floats(-1e6, 1e6), st.floats(0, 20))
def test_with_equal_ways_the_offset_is_exact(offset: float, way: float) -> None:
    assert exchange(offset, way, way).offset == pytest.approx(offset, abs=TICK)


def test_the_bound_is_reached_when_one_way_takes_all_the_time() -> None:
    measured = exchange(5.0, 0.8, 0.0)
    assert measured.offset - 5.0 == pytest.approx(measured.error_bound, abs=TICK)


def test_the_worked_example_of_the_specification_holds() -> None:
    """RFC 5905's definitions, by hand: offset ((2-1)+(3-6))/2, delay (6-1)-(3-2)."""
    by_hand = Exchange(1.0, 2.0, 3.0, 6.0)
    assert (by_hand.offset, by_hand.delay, by_hand.error_bound) == (-1.0, 4.0, 2.0)


@pytest.mark.parametrize("jump", [-3600.0, -1.0, LONGEST + 1, 86_400.0])
def test_a_clock_set_between_its_two_times_is_no_exchange(jump: float) -> None:
    good = exchange(0.0, 0.1, 0.1)
    assert not good._replace(t4=good.t4 + jump).plausible


def series(
    ppm: float, count: int = 20, every: float = 600.0, noise: float = 0.0, start: float = 3.0
) -> list[Sync]:
    """Syncs of a device whose clock is so many ppm fast."""
    chance = random.Random(7)
    return [
        Sync(
            NOW + n * every,
            start - ppm * 1e-6 * n * every + chance.uniform(-noise, noise),
            2 * noise + 0.02,
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("ppm", [-400.0, -20.0, 0.0, 0.5, 35.0, 499.0])
def test_the_drift_is_that_of_the_clock(ppm: float) -> None:
    assert drift_ppm(series(ppm)) == pytest.approx(ppm, abs=0.01)


@pytest.mark.parametrize("ppm", [-40.0, 0.0, 40.0])
def test_noise_of_the_network_and_one_bad_exchange_do_little_harm(ppm: float) -> None:
    syncs = series(ppm, noise=0.02)
    syncs[7] = syncs[7]._replace(offset=syncs[7].offset + 0.1)
    found = drift_ppm(syncs)
    assert found == pytest.approx(ppm, abs=5)


@pytest.mark.parametrize("count", [0, 1])
def test_one_sync_says_nothing_of_drift(count: int) -> None:
    assert drift_ppm(series(10, count)) is None


def test_syncs_within_a_minute_say_nothing_of_drift() -> None:
    assert drift_ppm(series(10, count=5, every=10)) is None


@given(st.floats(-500, 500), st.floats(1, 100_000), st.floats(0, 2))
def test_no_honest_drift_is_a_leap(ppm: float, seconds: float, delay: float) -> None:
    before = Sync(NOW, 1.0, delay)
    after = Sync(NOW + seconds, 1.0 - ppm * 1e-6 * seconds, delay)
    assert not leapt(before, after)


@pytest.mark.parametrize("jump", [0.2, -0.2, 30.0, -3600.0])
def test_a_clock_that_was_set_is_a_leap_and_its_past_says_nothing(jump: float) -> None:
    before, after = series(10, count=10), series(10, count=10)
    moved = [Sync(each.at + 5460, each.offset - 10e-6 * 5460 + jump, each.delay) for each in after]
    assert leapt(before[-1], moved[0])
    assert since_leap([*moved, *before]) == moved
    assert drift_ppm(since_leap([*before, *moved])) == pytest.approx(10, abs=0.01)


def test_a_sync_told_twice_is_one() -> None:
    syncs = series(10, count=3)
    assert since_leap([*syncs, *syncs]) == syncs


ASKED: dict[str, Any] = {"device_id": "ppu-1", "t1": NOW}


def request(**fields: Any) -> ClockRequest:
    return ClockRequest.model_validate({**ASKED, **fields})


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (0, 0.0),
        (NOW, NOW),
        (1763888400, NOW),
        ("2025-11-23T09:00:00Z", NOW),
        ("2025-11-23T04:00:00-05:00", NOW),
        ("2025-11-23T09:00:00.250000+00:00", NOW + 0.25),
    ],
)
def test_a_time_is_a_number_or_iso_8601(given: Any, seconds: float) -> None:
    assert request(t1=given).t1 == seconds


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (float("nan"), "finite"),
        (float("inf"), "finite"),
        (float("-inf"), "finite"),
        (-1, "1970"),
        (NOW * 1000, "milliseconds"),
        (10**400, "milliseconds"),
        (253_402_300_800, "milliseconds"),
        ("9999-12-31T23:59:59Z", "2200"),
        ("2025-11-23T09:00:00", "zone"),
        ("yesterday", "ISO 8601"),
        ("", "ISO 8601"),
        (True, "Unix seconds"),
        (None, "Unix seconds"),
        ([NOW], "Unix seconds"),
        ({"iso": 1}, "Unix seconds"),
    ],
)
def test_an_absurd_time_is_refused_with_its_reason(given: Any, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        request(t1=given)


@pytest.mark.parametrize("missing", ["device_id", "t1"])
def test_a_missing_field_is_named(missing: str) -> None:
    fields = {name: value for name, value in ASKED.items() if name != missing}
    with pytest.raises(ValidationError, match=missing):
        ClockRequest.model_validate(fields)


@pytest.mark.parametrize("device", ["", "a b", ".a", "a/b", "ü", "a" * 65, 7, None])
def test_a_device_has_a_plain_name(device: Any) -> None:
    with pytest.raises(ValidationError, match="device_id"):
        request(device_id=device)


def test_an_answer_cannot_have_been_made_before_the_request_was_received() -> None:
    with pytest.raises(ValidationError, match="t3 must not be before t2"):
        request(last={"t1": NOW, "t2": NOW + 2, "t3": NOW + 1, "t4": NOW})


@pytest.mark.parametrize(("ago", "word"), [(-60.0, "future"), (91 * 86_400.0, "90 days")])
def test_an_exchange_that_cannot_be_is_refused(ago: float, word: str) -> None:
    last = {"t1": NOW, "t2": NOW - ago, "t3": NOW - ago, "t4": NOW}
    problem = request(last=last).problem(NOW)
    assert problem is not None
    assert problem["field"] == "last.t3"
    assert word in problem["reason"]
    assert request().problem(NOW) is None
