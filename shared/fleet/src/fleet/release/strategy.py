"""How traffic goes over to a new version: all at once, or in shares that are watched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, get_args

from fleet.errors import ExitCode, FleetError
from fleet.release.outcome import Strategy

# CloudWatch shows a minute's metrics about a minute later.
METRIC_LAG_SECONDS: Final = 60.0
_CANARY = "10,50,100"
_LINEAR = "10"
_WHOLE = 100
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Options:
    """How a release is to go.

    Attributes:
        shares: of traffic on the new version, 0 to 1, rising to 1.
        bake_seconds: how long each share is watched; None for the shortest that makes sense.
        bake_at_least: watch longer than that where the function needs it, and do not refuse.
        fix_forward: go on although an alarm fires or the live image is gone.
        wait_seconds: how long to wait for somebody else's release.
    """

    strategy: Strategy = "all-at-once"
    shares: tuple[float, ...] = (1.0,)
    bake_seconds: float | None = None
    bake_at_least: bool = False
    fix_forward: bool = False
    dry_run: bool = False
    wait_seconds: float = 0

    @property
    def gradual(self) -> bool:
        """Whether old and new share the traffic for a while."""
        return len(self.shares) > 1

    def percent(self) -> str:
        """The shares as a person writes them."""
        return ",".join(f"{share * _WHOLE:g}" for share in self.shares)

    def bake(self, timeout: int, *, is_local: bool) -> float:
        """Seconds to watch each share of a function with this timeout.

        What was invoked in the last moment may still fail a timeout later, and is seen when
        its minute's metrics are. The local AWS has no metrics of versions to wait for.

        Raises:
            FleetError: less was asked for than that (USAGE).
        """
        shortest = 0.0 if is_local else timeout + METRIC_LAG_SECONDS
        if self.bake_seconds is None:
            return shortest if self.gradual else 0.0
        if self.bake_at_least:
            return max(self.bake_seconds, shortest)
        if self.bake_seconds < shortest and (self.gradual or self.bake_seconds):
            raise FleetError(
                f"a bake of {self.bake_seconds:g} s sees too little: an invocation may take "
                f"{timeout} s, and its metrics {METRIC_LAG_SECONDS:g} s more",
                f"give --bake {shortest:g} or more, or leave it out",
                ExitCode.USAGE,
            )
        return self.bake_seconds


def parse(strategy: str, steps: str = "") -> tuple[Strategy, tuple[float, ...]]:
    """A strategy and its shares, from the command line.

    Args:
        strategy: all-at-once, canary or linear.
        steps: percentages that rise to 100, such as 10,50,100; or for linear their number.
    """
    names = get_args(Strategy)
    if strategy not in names:
        raise _usage(f"unknown strategy: {strategy}", f"use one of {', '.join(names)}")
    if strategy == "all-at-once":
        if steps:
            raise _usage("--steps has no meaning with all-at-once", "add --strategy canary")
        return "all-at-once", (1.0,)
    if strategy == "linear":
        return "linear", _linear(steps or _LINEAR)
    return "canary", _percentages(steps or _CANARY)


def shares(percent: str) -> tuple[float, ...]:
    """The shares that `Options.percent` wrote."""
    return tuple(float(share) / _WHOLE for share in percent.split(","))


def seconds(text: str) -> float:
    """A duration from the command line: 90, 90s, 5m or 1h."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if not found:
        raise _usage(f"{text} is not a duration", "write it as 90, 90s, 5m or 1h")
    return float(found[1]) * _UNITS[found[2]]


def _linear(steps: str) -> tuple[float, ...]:
    if "," in steps:
        return _percentages(steps)
    if not steps.isdigit() or not 1 < int(steps) <= _WHOLE:
        raise _usage(f"{steps} is not a number of steps", "give 2 to 100, or percentages")
    count = int(steps)
    return tuple(round((number + 1) / count, 4) for number in range(count))


def _percentages(steps: str) -> tuple[float, ...]:
    try:
        values = [float(step) for step in steps.split(",")]
    except ValueError:
        values = []
    rising = all(before < after for before, after in pairwise(values))
    if not values or not rising or values[0] <= 0 or values[-1] != _WHOLE:
        raise _usage(f"--steps {steps} does not rise to 100", "write it as 10,50,100")
    return tuple(value / _WHOLE for value in values)


def _usage(message: str, todo: str) -> FleetError:
    return FleetError(message, todo, ExitCode.USAGE)
