"""How traffic is shifted: what the command line may say, and how long each share is watched."""

from __future__ import annotations

import pytest
from fleet.errors import ExitCode, FleetError
from fleet.release import strategy
from fleet.release.strategy import Options


@pytest.mark.parametrize(
    ("name", "steps", "shares"),
    [
        ("all-at-once", "", (1.0,)),
        ("canary", "", (0.1, 0.5, 1.0)),
        ("canary", "1,5.5,100", (0.01, 0.055, 1.0)),
        ("linear", "4", (0.25, 0.5, 0.75, 1.0)),
        ("linear", "30,100", (0.3, 1.0)),
    ],
)
def test_strategies(name: str, steps: str, shares: tuple[float, ...]) -> None:
    chosen, found = strategy.parse(name, steps)
    assert (chosen, found) == (name, shares)
    assert strategy.shares(Options(chosen, found).percent()) == pytest.approx(shares)


def test_linear_takes_ten_steps_by_default() -> None:
    assert len(strategy.parse("linear")[1]) == 10


@pytest.mark.parametrize(
    ("name", "steps", "says"),
    [
        ("blue-green", "", "unknown strategy"),
        ("all-at-once", "10,100", "no meaning"),
        ("canary", "10,50", "does not rise to 100"),
        ("canary", "50,10,100", "does not rise to 100"),
        ("canary", "0,100", "does not rise to 100"),
        ("canary", "ten,100", "does not rise to 100"),
        ("linear", "1", "not a number of steps"),
        ("linear", "x", "not a number of steps"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(name: str, steps: str, says: str) -> None:
    with pytest.raises(FleetError, match=says) as error:
        strategy.parse(name, steps)
    assert error.value.code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("text", "expected"), [("90", 90), ("90s", 90), ("5m", 300), ("1.5h", 5400), ("0", 0)]
)
def test_durations(text: str, expected: float) -> None:
    assert strategy.seconds(text) == expected


def test_a_duration_that_is_none() -> None:
    with pytest.raises(FleetError, match="not a duration"):
        strategy.seconds("soon")


def test_a_share_is_watched_for_the_timeout_and_the_lag_of_metrics_at_least() -> None:
    canary = strategy.parse("canary")
    assert Options(*canary).bake(30, is_local=False) == 90
    assert Options(*canary, bake_seconds=300).bake(30, is_local=False) == 300
    with pytest.raises(FleetError, match="sees too little") as error:
        Options(*canary, bake_seconds=60).bake(30, is_local=False)
    assert error.value.code == ExitCode.USAGE
    assert "--bake 90" in error.value.todo


def test_all_at_once_is_watched_only_when_asked_to() -> None:
    assert Options().bake(30, is_local=False) == 0
    assert Options(bake_seconds=120).bake(30, is_local=False) == 120
    with pytest.raises(FleetError):
        Options(bake_seconds=10).bake(30, is_local=False)


def test_the_local_aws_has_no_metrics_to_wait_for() -> None:
    canary = strategy.parse("canary")
    assert Options(*canary).bake(300, is_local=True) == 0
    assert Options(*canary, bake_seconds=2).bake(300, is_local=True) == 2


def test_a_resumed_release_is_watched_longer_where_the_timeout_has_grown() -> None:
    resumed = Options(*strategy.parse("canary"), bake_seconds=63, bake_at_least=True)
    assert resumed.bake(3, is_local=False) == 63
    assert resumed.bake(40, is_local=False) == 100
