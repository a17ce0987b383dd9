"""The source's rate, measured at the source, on a clock that only waiting moves."""

from __future__ import annotations

from itertools import pairwise

import pytest
from bronze_ingestion.rate import WIDEST, Limits, Rate, RateError
from bronze_ingestion.state import Fields
from standins.nba import Behaviour

from tests.kit.bronze import Clock, MemoryState, World


def most_in_a_minute(arrivals: list[float]) -> int:
    return max(sum(at <= other < at + 60 for other in arrivals) for at in arrivals)


def closest(arrivals: list[float]) -> float:
    return min(after - before for before, after in pairwise(arrivals))


@pytest.mark.parametrize("latency", [0.0, 0.6, 4.0])
def test_a_backfill_holds_the_rate_and_makes_use_of_it(latency: float) -> None:
    world = World(rounds=20)
    world.source.behaviour = Behaviour(latency=latency)
    world.ask(date=world.first_day, date_to=world.last_day)
    world.drain()
    arrivals = [at for at, _, _ in world.source.ledger]
    assert len(arrivals) == 20 * 15 + 40
    assert {status for _, _, status in world.source.ledger} == {200}
    assert closest(arrivals) >= 1
    assert most_in_a_minute(arrivals) <= 30
    minutes = (arrivals[-1] - arrivals[0]) / 60
    assert len(arrivals) / minutes > (27 if latency < 1 else 12)


def test_waiting_is_the_queues_and_is_not_billed() -> None:
    world = World(rounds=4)
    world.source.behaviour = Behaviour(latency=0.6)
    world.ask(date=world.first_day, date_to=world.last_day)
    world.drain()
    requests = len(world.source.ledger)
    # Latency is all that an invocation lasts, up to what it may wait rather than begin anew.
    assert world.billed <= requests * (0.6 + world.patience)
    assert world.billed == pytest.approx(requests * 0.6, rel=0.05)


def test_two_runs_at_the_same_time_share_one_rate() -> None:
    world = World(2023, 2024, rounds=3)
    for each in world.source.seasons:
        world.ask(date=min(each.by_day), date_to=max(each.by_day))
    world.drain()
    arrivals = [at for at, _, _ in world.source.ledger]
    assert len(arrivals) == 2 * (3 * 15 + 6)
    assert closest(arrivals) >= 1
    assert most_in_a_minute(arrivals) <= 30


class Line:
    """A rate with its clock and its table."""

    def __init__(self, state: MemoryState | None = None, clock: Clock | None = None) -> None:
        self.state, self.clock = state or MemoryState(), clock or Clock()
        self.rate = Rate(
            self.state,  # type: ignore[arg-type]
            Limits.of(30, 1.0),
            0.2,
            clock=self.clock.time,
            sleep=self.clock.sleep,
        )

    def next(self) -> float:
        """Seconds until a request could be made, as a queue would wait for it."""
        began = self.clock.time()
        while wait := self.rate.take():
            self.clock.seconds += wait
        return self.clock.time() - began


def test_each_429_doubles_the_distance_up_to_a_minute_and_answers_narrow_it() -> None:
    line = Line()
    line.next()
    waits = []
    for _ in range(8):
        line.rate.refused(None)
        waits.append(round(line.next(), 1))
    assert waits == [2.2, 4.4, 8.8, 17.6, 35.2, 60.0, 60.0, 60.0]
    for _ in range(40):
        line.rate.accepted()
        waits.append(round(line.next(), 1))
    assert waits[8:11] == [54.0, 48.6, 43.7]
    assert waits[-3:] == [1.1, 1.1, 1.1]


def test_a_wider_distance_is_everyones() -> None:
    one = Line()
    other = Line(one.state, one.clock)
    one.next()
    one.rate.refused(None)
    assert other.rate.take() == pytest.approx(2.2, abs=0.01)


def test_retry_after_is_kept_where_it_is_longer() -> None:
    line = Line()
    line.next()
    line.rate.refused(45.0)
    assert line.next() == pytest.approx(45, abs=0.01)


def test_a_moment_that_another_took_is_not_taken_twice() -> None:
    one = Line()
    other = Line(one.state, one.clock)
    assert one.rate.take() == 0
    assert other.rate.take() == pytest.approx(1.1)
    other.clock.seconds += 1.1
    assert other.rate.take() == 0
    # The first has an old view of the table; the write's condition tells it.
    assert one.rate.take() == pytest.approx(1.1)


def test_an_entry_that_was_written_too_late_is_not_used() -> None:
    line = Line()
    real, slow = line.state.swap, iter([5.0])

    def swap(key: str, known: Fields, fields: Fields) -> Fields | None:
        done = real(key, known, fields)
        line.clock.seconds += next(slow, 0.0)
        return done

    line.state.swap = swap  # type: ignore[method-assign]
    assert line.rate.take() == 0
    assert len(str(line.state.items["rate#source"]["recent"]).split(",")) == 2


def test_a_table_that_never_takes_an_entry_ends_it() -> None:
    line = Line()
    line.state.swap = lambda key, known, fields: {"recent": "1", "gap": 1}  # type: ignore[method-assign]
    with pytest.raises(RateError):
        line.rate.take()
    with pytest.raises(RateError):
        line.rate.refused(None)


def test_limits() -> None:
    assert Limits.of(30, 1.0) == (30, 63_000, 1100)
    assert Limits.of(6000, 0.0) == (60, 630, 0)
    assert WIDEST == 60_000


def test_a_source_that_says_429_is_left_in_peace_and_everything_lands() -> None:
    """The source allows less than the function believes."""
    world = World(rounds=2)
    world.source.behaviour = Behaviour(rate_per_minute=6)
    world.ask(date=world.first_day, date_to=world.last_day)
    world.drain()
    refused = [at for at, _, status in world.source.ledger if status == 429]
    assert refused
    after = [next(b for b, _, _ in world.source.ledger if b > at) - at for at in refused]
    assert min(after) >= 2.1
    assert len(refused) < len(world.source.ledger) / 4
    assert world.records() == []
    assert all(entry["complete"] for entry in world.summary()["dates"].values())
