"""Rolling functions back: `live` first, in one call, then $LATEST."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from function_kit.releases import Release, made_live

from fleet.errors import ExitCode, FleetError
from fleet.release import target
from fleet.release.engine import explain, for_each
from fleet.release.heartbeat import Held
from fleet.release.lock import LostError, actor
from fleet.release.outcome import FunctionOutcome, Report
from fleet.release.preflight import current_alias
from fleet.release.steps import FAILURES, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from function_kit.releases import State

    from fleet.release.control import FunctionControl
    from fleet.release.target import Target, Wish
    from fleet.release.told import Alias, Version
    from fleet.release.tools import Tools

_TRIES = 3


@dataclass
class Rollback:
    """Rolls functions of one environment back, each by itself."""

    tools: Tools
    refresh: Callable[[], None] = field(default=lambda: None)

    def run(self, report: Report, functions: Sequence[str], wish: Wish) -> Report:
        """Point `live` at an earlier version: by tag, by number, or the previous release's.

        It takes over from a release that is under way, and goes to what was live before it.
        """
        self.tools.environment.require_releases()
        report.started_at = report.started_at or self.tools.runner.now()
        outcomes = [FunctionOutcome(name, "refused") for name in functions]
        report.functions.extend(outcomes)
        for_each(self.tools, outcomes, lambda outcome: self._one(outcome, wish))
        report.finished_at = self.tools.runner.now()
        self.refresh()
        return report

    def _one(self, outcome: FunctionOutcome, wish: Wish) -> None:
        control = self.tools.control(outcome.function)
        with timed(outcome, "preflight", self.tools.runner.now, self.refresh):
            # Before the lock, so that nobody's release is stopped for a rollback that cannot be.
            found = _look(self.tools, control, wish)
            target.check(self.tools, control, found.target)
        lock = self.tools.locks.take(outcome.function, self.tools.holder, "rollback")
        held = Held(self.tools.locks, self.tools.runner, [lock])
        control = self.tools.control(outcome.function, held)
        with held.kept(), self.tools.runner.shielded():
            FunctionRollback(self.tools, control, held, outcome, self.refresh).run(wish)


@dataclass(frozen=True)
class Found:
    """What a rollback starts from, and where it goes."""

    target: Target
    alias: Alias
    releases: list[Release]

    @property
    def opened(self) -> list[Release]:
        """What is under way, or was killed."""
        return [release for release in self.releases if release.state == "started"]


def _look(tools: Tools, control: FunctionControl, wish: Wish) -> Found:
    releases = tools.history.of(control.function)
    alias = current_alias(tools, control, releases)
    return Found(target.find(tools, control.function, releases, alias, wish), alias, releases)


@dataclass
class FunctionRollback:
    """Rolls one function back whose lock is held."""

    tools: Tools
    control: FunctionControl
    held: Held
    outcome: FunctionOutcome
    refresh: Callable[[], None]

    def run(self, wish: Wish) -> None:
        """Write the intent, move `live`, give $LATEST the image, write the outcome.

        An error on the way leaves the intent open: `fleet resume` goes on with it.
        """
        found, version, release = self._begin(wish)
        try:
            with self._step("alias"):
                self.control.set_traffic(found.alias, version.number, {}, None)
            self.outcome.weights.append((self.tools.runner.now(), 1.0))
            self.outcome.result = "rolled-back"
            with self._step("$LATEST"):
                # Or the next configuration release would bring the bad image back.
                if version.image:
                    self.control.update_image(version.image, again=bool(found.opened))
            steps = {step.name: (step.seconds or 0) * 1000 for step in self.outcome.steps}
            self.tools.history.finish(replace(release, steps=steps), "succeeded")
        except LostError:
            self.outcome.result = "stopped"
            raise
        except FAILURES as error:
            raise self._half_done(error, version) from error

    def _begin(self, wish: Wish) -> tuple[Found, Version, Release]:
        """Write the intent, and in the same write close what it takes over from."""
        for attempt in range(_TRIES):
            found = _look(self.tools, self.control, wish)
            version = self.control.version(found.target.version)
            self._describe(found, version)
            closing = [self._closed(release) for release in found.opened]
            lock = self.held.lock(self.outcome.function)
            try:
                release = self.tools.history.begin(self._intent(found), lock, closing)
            except LostError:
                # What was under way may have ended by itself in this moment.
                self.held.confirm(self.outcome.function)
                if attempt == _TRIES - 1:
                    raise
            else:
                self.outcome.notes.extend(
                    f"stopped the {r.kind} of {r.tag[:12]} under way" for r in closing
                )
                return found, version, release
        raise AssertionError  # the last attempt returns or raises

    def _closed(self, release: Release) -> Release:
        state: State = "stopped" if release.kind == "deploy" else "interrupted"
        return replace(
            release,
            state=state,
            reason=f"a rollback by {actor()} took over",
            finished_at=self._now(),
        )

    def _now(self) -> str:
        now = datetime.fromtimestamp(self.tools.runner.now(), UTC)
        return now.isoformat(timespec="milliseconds")

    def _describe(self, found: Found, version: Version) -> None:
        outcome = self.outcome
        outcome.tag, outcome.digest = found.target.tag, version.digest
        outcome.version = version.number
        # During a canary the version to get away from is the one that has a share.
        outcome.previous_version = next(iter(found.alias.weights), found.alias.version)
        made = [r for r in found.releases if r.version == outcome.previous_version and r.tag]
        outcome.previous_tag = made[0].tag if made else ""

    def _intent(self, found: Found) -> Release:
        release_id, now = self.tools.history.identify()
        before = made_live(found.releases, found.alias.version)
        return Release(
            function=self.outcome.function,
            release_id=release_id,
            kind="rollback",
            state="started",
            tag=self.outcome.tag,
            digest=self.outcome.digest,
            previous_version=found.alias.version,
            previous_digest=before.digest if before else "",
            actor=actor(),
            started_at=now,
            version=self.outcome.version,
            passed=True,
        )

    def _half_done(self, error: BaseException, version: Version) -> FleetError:
        self.outcome.result = "failed"
        reason = explain(error, self.tools).message
        moved = bool(self.outcome.weights)
        return FleetError(
            f"live points at version {version.number}, but $LATEST still has the image rolled "
            f"away from: {reason}"
            if moved
            else f"live could not be moved to version {version.number}: {reason}",
            f"run `fleet resume --env {self.tools.environment.name} "
            f"--function {self.outcome.function}`",
            ExitCode.NEEDS_PERSON,
        )

    def _step(self, name: str) -> AbstractContextManager[None]:
        return timed(self.outcome, name, self.tools.runner.now, self.refresh)
