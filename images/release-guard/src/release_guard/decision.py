"""Whether an alarm is a release's doing, and where to go back to; calls nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from function_kit import releases as history

if TYPE_CHECKING:
    from collections.abc import Sequence

    from function_kit.releases import Lock, Release

    from release_guard.functions import Alias


@dataclass(frozen=True, slots=True)
class Leave:
    """Nothing is to be done.

    Attributes:
        reason: Why, for people.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class GoBack:
    """A rollback.

    Attributes:
        bad: The release to get away from.
        target: The release to go back to.
        begun: This event's own rollback, when an earlier delivery of the event began it.
    """

    bad: Release
    target: Release
    begun: Release | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a function when its alarm goes off.

    Attributes:
        releases: Newest first.
        lock: As it is; None when nobody ever took it.
        alias: Where `live` points.
        run_id: What this event's rollback is known by.
        alarm_at: When the alarm went off.
        now: Seconds since the epoch.
        window: Seconds after a release in which an alarm is its doing.
    """

    releases: Sequence[Release]
    lock: Lock | None
    alias: Alias
    run_id: str
    alarm_at: datetime
    now: float
    window: float


def decide(seen: Situation) -> GoBack | Leave:
    """What to do about an error alarm."""
    if seen.lock and seen.lock.run_id != seen.run_id and not seen.lock.is_free(seen.now):
        return Leave(f"{seen.lock.holder} is at work on it since {seen.lock.since}")
    own = next((r for r in seen.releases if r.run_id == seen.run_id), None)
    if own is not None:
        return _again(seen, own)
    newest = next((r for r in seen.releases if _may_have_had_traffic(r)), None)
    if newest is None:
        return Leave("it was never released")
    reason = _not_the_release(newest) or _not_in_time(seen, newest) or _not_live(seen, newest)
    return Leave(reason) if reason else _back_from(seen, newest)


def _again(seen: Situation, own: Release) -> GoBack | Leave:
    """The event came before: go on with its rollback, or leave alone what is finished."""
    if own.state != "started" or own is not seen.releases[0]:
        return Leave(f"this alarm's rollback was dealt with before: it is {own.state}")
    bad = history.made_live(seen.releases, own.previous_version)
    target = history.made_live(seen.releases, own.version)
    if bad is None or target is None:
        return Leave("the history no longer holds the releases of this alarm's rollback")
    return GoBack(bad, target, own)


def _back_from(seen: Situation, bad: Release) -> GoBack | Leave:
    target = history.previous(seen.releases, bad.version)
    if target is None:
        return Leave("there is no earlier release to go back to")
    return GoBack(bad, target)


def _may_have_had_traffic(release: Release) -> bool:
    """`live` never points at a version that has not passed its smoke event."""
    return release.passed or release.state in {"started", "succeeded"}


def _not_the_release(newest: Release) -> str:
    if newest.state == "started":
        return f"a {newest.kind} by {newest.actor} is under way since {newest.started_at}"
    if newest.kind == "rollback":
        return f"it was rolled back at {newest.finished_at}, and nothing was released since"
    if newest.state != "succeeded":
        return f"its last release is {newest.state}: the one before has traffic again"
    return ""


def _not_in_time(seen: Situation, newest: Release) -> str:
    after = (seen.alarm_at - datetime.fromisoformat(newest.finished_at)).total_seconds()
    if after < 0:
        return f"the alarm is older than the release of {newest.finished_at}"
    if after > seen.window:
        return f"the last release was {after:.0f} s before, and the window is {seen.window:.0f} s"
    return ""


def _not_live(seen: Situation, newest: Release) -> str:
    if seen.alias.version != newest.version or seen.alias.weights:
        return f"live is not wholly at version {newest.version}, which was released last"
    return ""
