"""How much the gateway lets be under way: nothing waits, everything is counted right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lambda_action.errors import TooMany
from lambda_action.limits import Places, Rates


def test_as_many_as_there_are_places_and_no_more() -> None:
    places = Places(2)
    with places.one(), places.one():
        with pytest.raises(TooMany) as refused, places.one():
            pass
        assert refused.value.retry_after == 1
        assert (places.taken, places.refused) == (2, 1)
    assert places.taken == 0
    with places.one():
        assert places.taken == 1


def test_a_place_is_given_back_by_who_fails() -> None:
    places = Places(1)
    with pytest.raises(ValueError, match="boom"), places.one():
        raise ValueError("boom")
    assert places.take_if_free()


def test_a_client_has_its_rate_and_is_told_when_to_come_back() -> None:
    now = [0.0]
    rates = Rates(lambda: now[0])
    for _ in range(5):
        rates.spend("ada", 5)
    with pytest.raises(TooMany) as refused:
        rates.spend("ada", 5)
    assert refused.value.retry_after == pytest.approx(0.2)
    rates.spend("bob", 5)  # another client's is its own
    now[0] = 0.2
    rates.spend("ada", 5)
    with pytest.raises(TooMany):
        rates.spend("ada", 5)


def test_without_a_rate_there_is_no_limit() -> None:
    rates = Rates(lambda: 0.0)
    for _ in range(10_000):
        rates.spend("ada", 0)


def test_a_batch_larger_than_the_rate_is_let_through_once_and_is_owed() -> None:
    now = [0.0]
    rates = Rates(lambda: now[0])
    rates.spend("ada", 10, 100)
    now[0] = 9.0
    with pytest.raises(TooMany):
        rates.spend("ada", 10)
    now[0] = 9.2
    rates.spend("ada", 10)


def test_clients_that_were_not_seen_for_long_make_room() -> None:
    rates = Rates(lambda: 0.0)
    for number in range(20_000):
        rates.spend(f"client-{number}", 1)
    rates.spend("client-0", 1)  # forgotten, so it has its share again
    with pytest.raises(TooMany):
        rates.spend("client-19999", 1)


@given(
    rate=st.floats(0.1, 1000),
    steps=st.lists(st.floats(0, 3), min_size=1, max_size=60),
)
def test_never_more_than_the_rate_and_what_may_come_at_once(
    rate: float, steps: list[float]
) -> None:
    now = [0.0]
    rates = Rates(lambda: now[0])
    let_through = 0
    for step in steps:
        now[0] += step
        let_through += is_let_through(rates, rate)
    assert let_through <= max(rate, 1) + rate * now[0] + 1e-6


def is_let_through(rates: Rates, rate: float) -> bool:
    try:
        rates.spend("ada", rate)
    except TooMany as problem:
        refused = problem
    else:
        return True
    assert refused.retry_after is not None
    assert 0 < refused.retry_after <= 1 / rate + 0.001
    return False
