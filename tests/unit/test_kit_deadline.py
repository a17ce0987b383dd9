from __future__ import annotations

from function_kit.deadline import Deadline


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 9_500


def test_runs_down_with_the_clock_and_not_below_zero() -> None:
    clock = Clock()
    deadline = Deadline.after(2.0, clock)
    assert (deadline.remaining(), deadline.expired) == (2.0, False)
    clock.now += 1.5
    assert (deadline.remaining(), deadline.expired) == (0.5, False)
    clock.now += 0.5
    assert (deadline.remaining(), deadline.expired) == (0.0, True)
    clock.now += 10
    assert (deadline.remaining(), deadline.expired) == (0.0, True)


def test_keeps_a_reserve_of_what_lambda_leaves() -> None:
    clock = Clock()
    deadline = Deadline.from_context(Context(), 2.5, clock)
    assert deadline.remaining() == 7.0
    assert Deadline.from_context(Context(), 30.0, clock).expired


def test_goes_by_real_time_unless_told_otherwise() -> None:
    assert 0 < Deadline.after(60).remaining() <= 60
    assert Deadline.after(0).expired
