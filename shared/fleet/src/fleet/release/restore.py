"""Putting back what a killed release left behind, where it cannot be gone on with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fleet.errors import ExitCode, FleetError
from fleet.release import target
from fleet.release.engine import explain
from fleet.release.heartbeat import Held
from fleet.release.interrupted import find_interrupted
from fleet.release.lock import LostError
from fleet.release.steps import FAILURES
from fleet.release.target import Target
from fleet.release.told import LATEST

if TYPE_CHECKING:
    from function_kit.releases import Release

    from fleet.release.control import FunctionControl
    from fleet.release.outcome import FunctionOutcome
    from fleet.release.told import Alias
    from fleet.release.tools import Tools


def restore(tools: Tools, outcome: FunctionOutcome) -> None:
    """Put a function back to how it was before its killed release; its outcome says how that went.

    Nothing is done where the release is no longer open: somebody else has dealt with it.

    Raises:
        FleetError: another command holds the lock, or takes it meanwhile (REFUSED).
    """
    lock = tools.locks.take(outcome.function, tools.holder, "deploy")
    held = Held(tools.locks, tools.runner, [lock])
    with held.kept(), tools.runner.shielded():
        try:
            _Restoring(tools, tools.control(outcome.function, held), held, outcome).run()
        except LostError:
            raise
        except FAILURES as error:
            outcome.result = "failed"
            raise FleetError(
                f"{outcome.reason}; it could not be put back: {explain(error, tools).message}",
                f"mend that, then run `fleet resume --env {tools.environment.name} "
                f"--function {outcome.function}`, or roll it back with `fleet rollback`",
                ExitCode.NEEDS_PERSON,
            ) from error


@dataclass
class _Restoring:
    tools: Tools
    control: FunctionControl
    held: Held
    outcome: FunctionOutcome

    def run(self) -> None:
        """`live` first, then $LATEST; the records are closed when both are as they were."""
        interrupted = find_interrupted(self.tools, self.held, self.outcome)
        if not interrupted or interrupted[0].kind == "rollback":
            return  # a rollback that was killed is gone on with, never undone
        release, alias = interrupted[0], self.control.alias()
        if alias.version == release.version != release.previous_version:
            alias = self._back(alias, release)
            interrupted[0] = replace(
                release,
                state="failed",
                reason=f"it was killed after live had moved, and put back: {self.outcome.reason}",
            )
        if alias.version != LATEST:
            self.control.update_image(self.control.version(alias.version).image, again=True)
        for each in interrupted:
            self.tools.history.save(each)
        self._tell(alias, release)

    def _back(self, alias: Alias, release: Release) -> Alias:
        """Give the version that was live before the release all traffic again."""
        if release.previous_version == LATEST:
            raise FleetError(
                f"live points at version {release.version}, and nothing was released before it",
                "release a good tag",
            )
        before = Target(release.previous_version, "", release.previous_digest, has_passed=True)
        target.check(self.tools, self.control, before)
        moved = self.control.set_traffic(alias, release.previous_version, {}, None)
        self.outcome.weights.append((self.tools.runner.now(), 0.0))
        return moved

    def _tell(self, alias: Alias, release: Release) -> None:
        self.outcome.version, self.outcome.previous_version = release.version, alias.version
        if alias.version == release.previous_version:
            self.outcome.result, self.outcome.exit_code = "put-back", ExitCode.ROLLED_BACK
            return
        self.outcome.result, self.outcome.exit_code = "failed", ExitCode.NEEDS_PERSON
        self.outcome.reason += (
            f"; and live points at version {alias.version}, where neither the killed release nor "
            "the one before it has put it"
        )
        self.outcome.todo = f"`fleet history --function {self.outcome.function}` says what was live"
