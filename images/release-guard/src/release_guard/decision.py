"""Whether an alarm is a release's doing, and where to go back to; calls nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
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
class Later(Leave):
    """Nothing is to be done yet: whoever holds the lock may leave the release as it is."""


@dataclass(frozen=True, slots=True)
class GoBack:
    """A rollback.

    Attributes:
        bad: The release to get away from; still open when its command died.
        target: The release to go back to.
        begun: This event's own rollback, when an earlier delivery of the event began it.
        killed: Releases that never ended and that this one takes the place of.
    """

    bad: Release
    target: Release
    begun: Release | None = None
    killed: tuple[Release, ...] = ()


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
    lock = seen.lock
    if lock and lock.run_id != seen.run_id and not lock.is_free(seen.now):
        return _beside(seen, lock)
    own = next((r for r in seen.releases if r.run_id == seen.run_id), None)
    return _again(seen, own) if own is not None else _judge(seen)


def _beside(seen: Situation, lock: Lock) -> Leave:
    """Somebody holds the lock: for a change of the function, or only to look at it so far."""
    reason = f"{lock.holder} is at work on it since {lock.since}"
    if any(release.state == "started" for release in seen.releases):
        return Leave(reason)
    decision = _judge(seen)
    return decision if isinstance(decision, Leave) else Later(reason)


def _judge(seen: Situation) -> GoBack | Leave:
    newest = next((r for r in seen.releases if _may_have_had_traffic(r)), None)
    if newest is None:
        return Leave("it was never released")
    reason = _not_the_release(newest) or _not_in_time(seen, newest) or _not_live(seen, newest)
    return Leave(reason) if reason else _back_from(seen, newest)


def _again(seen: Situation, own: Release) -> GoBack | Leave:
    """The event came before: go on with its rollback, or leave alone what is finished."""
    if own.state != "started" or own is not seen.releases[0]:
        return Leave(f"this alarm's rollback was dealt with before: it is {own.state}")
    made = (r for r in seen.releases if r.version == own.previous_version)
    bad = next(filter(_gave_traffic, made), None)
    target = history.made_live(seen.releases, own.version)
    if bad is None or target is None:
        return Leave("the history no longer holds the releases of this alarm's rollback")
    return GoBack(bad, target, own)


def _back_from(seen: Situation, bad: Release) -> GoBack | Leave:
    if bad.state == "started":
        # Nothing came after it: what it began with is what it is to go back to.
        target = history.made_live(seen.releases, bad.previous_version)
    else:
        target = history.previous(seen.releases, bad.version)
    if target is None:
        return Leave("there is no earlier release to go back to")
    killed = tuple(r for r in seen.releases if r.state == "started")
    return GoBack(bad, target, killed=killed)


def _may_have_had_traffic(release: Release) -> bool:
    """`live` never points at a version that has not passed its smoke event.

    And a release of what was live already has changed nothing: an alarm may be about the one
    before it.
    """
    if release.kind == "rollback":
        return release.passed or release.state in {"started", "succeeded"}
    return _gave_traffic(release)


def _gave_traffic(release: Release) -> bool:
    """Whether this is a release that may have given a version traffic which it did not have."""
    new = release.kind == "deploy" and release.version != release.previous_version
    return new and (release.passed or release.state == "succeeded")


def _not_the_release(newest: Release) -> str:
    if newest.state == "started" and newest.kind == "rollback":
        return f"a rollback by {newest.actor} is under way since {newest.started_at}"
    if newest.kind == "rollback":
        return f"it was rolled back at {newest.finished_at}, and nothing was released since"
    if newest.state not in {"started", "succeeded"}:
        return f"its last release is {newest.state}: the one before has traffic again"
    return ""


def _not_in_time(seen: Situation, newest: Release) -> str:
    if seen.alarm_at < datetime.fromisoformat(newest.finished_at or newest.started_at):
        said = newest.finished_at or f"{newest.started_at}, which never ended"
        return f"the alarm is older than the release of {said}"
    after = (seen.alarm_at - _ended(newest)).total_seconds()
    if after > seen.window:
        return f"the last release was {after:.0f} s before, and the window is {seen.window:.0f} s"
    return ""


def _ended(release: Release) -> datetime:
    """When a release ended, or was to end when its command died."""
    if release.finished_at:
        return datetime.fromisoformat(release.finished_at)
    shares = release.shares.count(",") + 1
    began = datetime.fromisoformat(release.started_at)
    return began + timedelta(seconds=release.bake_seconds * shares)


def _not_live(seen: Situation, newest: Release) -> str:
    version, weights = seen.alias.version, seen.alias.weights
    if newest.state == "started":
        shares = {version, *weights} <= {newest.version, newest.previous_version}
        if shares and newest.version in {version, *weights}:
            return ""
        return f"its last release was killed, and version {newest.version} has no traffic"
    if version != newest.version or weights:
        return f"live is not wholly at version {newest.version}, which was released last"
    return ""
