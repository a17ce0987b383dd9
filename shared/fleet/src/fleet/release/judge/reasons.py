"""Verdicts in sentences that a person understands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet.release.judge import enough

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleet.release.judge.evidence import Counts
    from fleet.release.judge.seen import Seen
    from fleet.release.judge.verdict import Comparison, Plan


def alarms(names: Sequence[str]) -> str:
    """Why an alarm fails the version."""
    return f"alarms speak against it: {', '.join(names)}"


def fail(test: Comparison, plan: Plan, limit: float) -> str:
    """Why a test fails the version; the limit is what its p-value may not exceed."""
    against = (
        f"against {_said(test.against)} of the old version"
        if test.against
        else f"against {_percent(plan.effect_floor)} that is allowed without old traffic to compare"
    )
    return (
        f"{_said(test.new)} {test.what} failed, {against}: "
        f"chance does that with p = {test.p:.2g}, and {limit:.2g} is the limit"
    )


def passed(seen: Seen, plan: Plan) -> str:
    """Why a bad version would not have come this far."""
    counted = enough.counted(seen, plan)
    if enough.shown_alone(counted, plan):
        return (
            f"{_figures(seen, counted)}: an error rate of {_percent(plan.detectable)} "
            f"is ruled out with {_percent(1 - plan.alpha)} confidence"
        )
    return (
        f"{_figures(seen, seen.real)}: no more than chance explains, and a rate higher by "
        f"{_number(plan.detectable)} points would have been found with a probability of "
        f"{_percent(enough.compared(seen, plan))}"
    )


def inconclusive(seen: Seen, plan: Plan) -> str:
    """Why it is neither, and what would settle it."""
    more = enough.more(seen, plan)
    if not seen.new.invocations:
        return f"no invocation of the new version is counted; {more:,} without an error would do"
    figures = f"{_figures(seen, seen.new)}: too few to tell"
    if enough.smoke_counts(seen, plan):
        return f"{figures}; {more:,} more without an error would do"
    return (
        f"{figures}, and smoke events do not outweigh errors of real traffic; "
        f"about {more:,} more invocations of that would do if none of these fails"
    )


def unheard(seen: Seen, weight: float) -> str:
    """Why smoke events are not taken for the traffic that must have been there."""
    return (
        "metrics are missing: no real invocation of the new version is counted, though "
        f"{_percent(weight)} of the traffic is its own and {seen.old.invocations:,} of the old "
        "version are"
    )


def _figures(seen: Seen, counted: Counts) -> str:
    smoke = seen.smoke.invocations if counted.invocations > seen.real.invocations else 0
    said = f"{_said(counted)} invocations failed"
    if smoke == counted.invocations:
        said += " (all of them smoke events: nothing is known of real traffic)"
    elif smoke:
        said += f" ({smoke:,} of them smoke events)"
    return f"{said}, and {_said(seen.old)} of the old version" if seen.old.invocations else said


def _said(counts: Counts) -> str:
    return f"{counts.errors:,} of {counts.invocations:,} ({_percent(counts.rate)})"


def _percent(rate: float) -> str:
    return f"{_number(rate)} %"


def _number(rate: float) -> str:
    return f"{rate * 100:.3g}"
