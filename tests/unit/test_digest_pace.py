from __future__ import annotations

import itertools

import pytest
from function_kit.deadline import Deadline
from hypothesis import given, settings
from hypothesis import strategies as st
from scheduled_digest import pace
from scheduled_digest.pace import OutOfTimeError, Pace, PaceError, Rate

START = 1_772_456_400.0


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = START
        self.oversleep = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds + self.oversleep
        self.oversleep = 0.0

    def deadline(self, seconds: float = 3600.0) -> Deadline:
        return Deadline.after(seconds, self)


class TimeLine:
    """The ledger's one item, without a ledger."""

    def __init__(self, stolen: int = 0) -> None:
        self.next_at: int | None = None
        self.writes = 0
        self.stolen = stolen

    def reserve(self, expected: int, until: int) -> int | None:
        if self.stolen:
            self.stolen -= 1
            self.next_at = (self.next_at or int(START * 1000)) + 1000
        if self.next_at not in {None, expected}:
            return self.next_at
        self.next_at = until
        self.writes += 1
        return None


def make(line: TimeLine, time: Time, per_minute: int, held_until: float = 0.0) -> Pace:
    return Pace(line, Rate(per_minute, 10), held_until=held_until, clock=time, sleep=time.sleep)  # type: ignore[arg-type]


@given(st.integers(1, 60_000))
def test_slots_of_a_minute_and_the_slack_are_no_more_than_the_limit(per_minute: int) -> None:
    # Most slots that a closed interval of that length can hold, wherever it begins.
    assert (60_000 + pace.SLACK) // pace.spacing(per_minute) + 1 <= per_minute


def test_the_price_is_five_percent() -> None:
    assert 60_000 / pace.spacing(50) > 50 * 0.95


@settings(deadline=None, max_examples=60)
@given(
    per_minute=st.integers(1, 600),
    steps=st.lists(
        st.tuples(
            st.integers(0, 3),  # which run
            st.floats(0, 3),  # what it does before it calls
            st.floats(0, 4),  # how much it oversleeps
            st.floats(0, (pace.SLACK - 1000) / 1000),  # how long the call travels
        ),
        min_size=1,
        max_size=300,
    ),
)
def test_no_minute_holds_more_calls_than_allowed_however_runs_interleave(
    per_minute: int, steps: list[tuple[int, float, float, float]]
) -> None:
    time, line = Time(), TimeLine()
    runs = [make(line, time, per_minute) for _ in range(4)]
    arrivals = []
    for run, pause, oversleep, travel in steps:
        time.now += pause
        time.oversleep = oversleep
        runs[run].wait(time.deadline(10_000_000))
        arrivals.append(time.now + travel)

    arrivals.sort()
    windows = zip(arrivals, arrivals[per_minute:], strict=False)
    assert all(later - first > 60 for first, later in windows)


def test_calls_are_evenly_spaced_and_slots_are_reserved_in_blocks() -> None:
    time, line = Time(), TimeLine()
    one = make(line, time, 50)

    moments = []
    for _ in range(40):
        one.wait(time.deadline())
        moments.append(time.now)

    gaps = [round(b - a, 2) for a, b in itertools.pairwise(moments)]
    assert set(gaps) == {1.26}
    assert line.writes == 14


def test_a_low_rate_reserves_single_slots() -> None:
    time, line = Time(), TimeLine()
    one = make(line, time, 1)

    one.wait(time.deadline())
    first = time.now
    one.wait(time.deadline())

    assert 63 <= time.now - first < 63.1
    assert line.writes == 2


def test_runs_share_the_time_line() -> None:
    time, line = Time(), TimeLine()
    daily, weekly = make(line, time, 60), make(line, time, 60)

    for _ in range(30):
        daily.wait(time.deadline())
        weekly.wait(time.deadline())

    assert time.now - START >= 59 * 1.05


def test_a_slot_that_is_overslept_is_given_up() -> None:
    time, line = Time(), TimeLine()
    one = make(line, time, 60)
    one.wait(time.deadline())
    time.oversleep = 1.5

    one.wait(time.deadline())

    # Woken at 2.551 s, for the slot at 1.051 s: too late by more than a second. The next slot,
    # at 2.102 s, is not.
    assert time.now - START == pytest.approx(2.551, abs=0.001)
    one.wait(time.deadline())
    assert time.now - START == pytest.approx(3.153, abs=0.001)


def test_nothing_is_called_while_the_backend_asks_for_quiet() -> None:
    time, line = Time(), TimeLine()
    one = make(line, time, 600)
    one.wait(time.deadline())

    one.hold(30)
    one.hold(5)
    one.wait(time.deadline())

    assert 30 <= time.now - START < 31
    assert one.held_until == START + 30


def test_the_quiet_is_handed_on() -> None:
    time, line = Time(), TimeLine()

    make(line, time, 600, held_until=START + 20).wait(time.deadline())

    assert 20 <= time.now - START < 21


def test_out_of_time_is_said_without_waiting() -> None:
    time, line = Time(), TimeLine()
    one = make(line, time, 60)
    one.wait(time.deadline())
    deadline = time.deadline(0.5)

    with pytest.raises(OutOfTimeError):
        one.wait(deadline)

    assert time.now == START


def test_no_slot_beyond_the_deadline_is_reserved_or_lost() -> None:
    time, line = Time(), TimeLine()
    one = make(line, time, 6)  # ten seconds apart, blocks of one
    one.wait(time.deadline())
    writes = line.writes
    deadline = time.deadline(5)

    for _ in range(5):
        with pytest.raises(OutOfTimeError):
            one.wait(deadline)

    assert line.writes == writes


def test_a_line_reserved_far_ahead_by_others_is_out_of_time() -> None:
    time, line = Time(), TimeLine()
    line.next_at = int((START + 900) * 1000)
    one = make(line, time, 60)

    with pytest.raises(OutOfTimeError):
        one.wait(time.deadline(200))

    assert time.now == START


@pytest.mark.parametrize("held", [False, True])
def test_an_expired_deadline_lets_nobody_through(held: bool) -> None:
    time, line = Time(), TimeLine()
    one = make(line, time, 60_000)
    if held:
        one.hold(10)

    with pytest.raises(OutOfTimeError):
        one.wait(time.deadline(0))


def test_lost_races_for_a_block_are_run_again() -> None:
    time, line = Time(), TimeLine(stolen=3)

    make(line, time, 60).wait(time.deadline())

    assert time.now >= START + 3


def test_an_endless_crowd_is_an_error() -> None:
    time, line = Time(), TimeLine(stolen=10_000)

    with pytest.raises(PaceError, match="too many runs"):
        make(line, time, 60).wait(time.deadline())
