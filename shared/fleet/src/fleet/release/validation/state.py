"""Whether Lambda has made up its mind about the function, and where `live` points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet.release.told import ALIAS
from fleet.release.validation.checks import Check, failed, passed, warned
from fleet.release.validation.subject import settings

if TYPE_CHECKING:
    from fleet.release.told import Version
    from fleet.release.validation.subject import Subject


def check(subject: Subject) -> list[Check]:
    """Alias, state of the live version, last update of $LATEST, and how these two differ."""
    return [
        _alias(subject),
        _live(subject.live, subject.function),
        _latest(subject.latest, subject.apply),
        _drift(subject),
    ]


def _alias(subject: Subject) -> Check:
    name, alias = "state.alias", subject.alias
    if not subject.is_released:
        return failed(
            name,
            f"{ALIAS} points at $LATEST: it was never released",
            f"run `make deploy ENV={subject.environment.name} FN={subject.function}`",
        )
    if alias.weights:
        shares = ", ".join(f"{share:.0%} to {v}" for v, share in sorted(alias.weights.items()))
        return warned(
            name,
            f"{ALIAS} shares its traffic: {shares}, the rest to {alias.version}",
            "a release is under way, or was left: `fleet status` shows which, `fleet resume` ends "
            "one that was left",
        )
    return passed(name, f"{ALIAS} points at version {alias.version}")


def _live(version: Version, function: str) -> Check:
    name = "state.live"
    if version.failed:
        return failed(
            name,
            f"version {version.number} is {version.state}: {version.reason or 'no reason given'}",
            f"mend the reason, then roll back or release: `fleet rollback --function {function}`",
        )
    if version.state == "Inactive":
        return warned(
            name,
            f"version {version.number} is asleep: Lambda refuses its next call, and wakes it",
            f"call it once: `fleet invoke --function {function}`",
        )
    if not version.settled:
        return failed(
            name,
            f"version {version.number} is {version.state}: it cannot be called yet",
            "run this again in a minute",
        )
    return passed(name, f"version {version.number} is {version.state}")


def _latest(version: Version, apply: str) -> Check:
    name = "state.latest"
    if version.failed:
        reason = version.reason or "no reason given"
        return failed(
            name, f"the last update of $LATEST failed: {reason}", f"mend it, then {apply}"
        )
    if not version.settled:
        return warned(name, "an update of $LATEST is in progress", "run this again in a minute")
    return passed(name, f"the last update of $LATEST was {version.update.lower()}")


def _drift(subject: Subject) -> Check:
    name = "state.drift"
    live, latest = settings(subject.live), settings(subject.latest)
    differing = sorted(key for key in {*live, *latest} if live.get(key) != latest.get(key))
    if subject.live.image != subject.latest.image:
        differing.append("image")
    if differing:
        return warned(
            name, f"$LATEST differs from {ALIAS} in {', '.join(differing)}", subject.apply
        )
    return passed(name, f"$LATEST is what {ALIAS} runs")
