"""A release of any number of functions: all of them looked at first, then all at once.

But those that come after another (`release.prerequisites`) wait for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from fleet import environments
from fleet.errors import ExitCode, FleetError
from fleet.release import preflight
from fleet.release.heartbeat import Held
from fleet.release.interrupted import find_interrupted
from fleet.release.outcome import FunctionOutcome, Report, worst
from fleet.release.prerequisites import Prerequisites, announced, waves
from fleet.release.runner import Cancelled
from fleet.release.steps import FAILURES, FunctionRelease, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from function_kit.releases import Release

    from fleet.release.preflight import Plan
    from fleet.release.strategy import Options
    from fleet.release.tools import Tools

# Enough to keep Lambda's 15 requests a second busy while updates settle.
AT_ONCE: Final = 128


@dataclass
class Engine:
    """Runs releases, and writes what happens into their report.

    Attributes:
        refresh: called after every change of the report, from any thread.
    """

    tools: Tools
    refresh: Callable[[], None] = field(default=lambda: None)

    def release(self, report: Report, targets: dict[str, str], options: Options) -> Report:
        """Release functions; every one is looked at before the first is changed.

        Args:
            report: empty; it fills while this runs.
            targets: tag or digest by function.
            options: how the releases are to go.

        Returns:
            The report, whose exit code says how it ended. One function's failure does not
            stop the others: each is wholly old or wholly new.
        """
        self.tools.environment.require_releases()
        order = waves(self.tools.project, targets)
        now = self.tools.runner.now
        report.started_at = report.started_at or now()
        outcomes = {name: FunctionOutcome(name, "refused", tag=targets[name]) for name in targets}
        report.functions.extend(outcomes.values())
        try:
            if options.dry_run:
                self._look(outcomes, options)
            else:
                # All that the report knows: a resumed command may be several releases.
                known = {outcome.function: outcome for outcome in report.functions}
                self._locked(outcomes, options, order, Prerequisites(self.tools, known))
        finally:
            report.finished_at = now()
            self.refresh()
        return report

    def _locked(
        self,
        outcomes: dict[str, FunctionOutcome],
        options: Options,
        order: list[list[str]],
        prerequisites: Prerequisites,
    ) -> None:
        held = Held(self.tools.locks, self.tools.runner)
        interrupted: dict[str, list[Release]] = {}

        def find(outcome: FunctionOutcome) -> None:
            name = outcome.function
            interrupted[name] = find_interrupted(self.tools, held, outcome)

        def release(name: str) -> None:
            self._one(outcomes[name], plans[name], options, held, interrupted[name])

        with held.kept():
            if not self._lock(outcomes, options, held):
                return
            for_each(self.tools, list(outcomes.values()), find)
            plans = self._look(outcomes, options)
            unchanged = [o for o in outcomes.values() if o.result == "unchanged"]
            for_each(self.tools, unchanged, lambda o: self._close(o, held, interrupted[o.function]))
            # At once: others may have work with them, and the guard an alarm, while these bake.
            self._free([name for name in outcomes if name not in plans], held)
            for wave in order:
                self._wave([name for name in wave if name in plans], prerequisites, release, held)

    def _wave(
        self,
        names: list[str],
        prerequisites: Prerequisites,
        release: Callable[[str], None],
        held: Held,
    ) -> None:
        """Release functions side by side, but those whose prerequisites have failed."""
        prerequisites.settle(names)
        refused = [name for name in names if prerequisites.refuse(name)]
        self._free(refused, held)
        self.tools.runner.map(release, [name for name in names if name not in refused], AT_ONCE)
        self.refresh()

    def _free(self, names: list[str], held: Held) -> None:
        with self.tools.runner.shielded():
            self.tools.runner.map(held.free, names, AT_ONCE)

    def _close(self, outcome: FunctionOutcome, held: Held, interrupted: list[Release]) -> None:
        """Nothing takes the place of these: `live` and $LATEST are what they are to be."""
        if interrupted:
            # Written again, so that a process which only slept is refused when it goes on.
            control = self.tools.control(outcome.function, held)
            control.update_image(control.version(outcome.version).image, again=True)
        for release in interrupted:
            self.tools.history.save(release)

    def _lock(self, outcomes: dict[str, FunctionOutcome], options: Options, held: Held) -> bool:
        """Take every function's lock; whether that went well. Whoever has only some frees them."""
        now = self.tools.runner.now
        deadline = now() + options.wait_seconds

        def take(outcome: FunctionOutcome) -> None:
            wait = max(0.0, deadline - now())
            held.add(self.tools.locks.take(outcome.function, self.tools.holder, "deploy", wait))

        # Whoever waits takes one after the other, and all in the same order: two commands that
        # each hold what the other waits for would wait until both are refused.
        in_order = [outcomes[name] for name in sorted(outcomes)]
        at_once = 1 if options.wait_seconds else AT_ONCE
        if not for_each(self.tools, in_order, take, at_once):
            return True
        _leave_out(outcomes, "another function of this release is locked")
        return False

    def _look(self, outcomes: dict[str, FunctionOutcome], options: Options) -> dict[str, Plan]:
        """Every function's preflight; the plans of those that are to be released."""
        plans: dict[str, Plan] = {}
        # Many are asked for within a rate; whoever stops the command is heard right after.
        with self.tools.runner.shielded():
            firing = self.tools.alarms.firing(list(outcomes))

        def look(outcome: FunctionOutcome) -> None:
            if outcome.exit_code is not ExitCode.DONE:
                return
            control = self.tools.control(outcome.function)
            with timed(outcome, "preflight", self.tools.runner.now, self.refresh):
                plan = preflight.check(
                    self.tools, control, outcome.tag, options, firing[outcome.function]
                )
            _describe(outcome, plan)
            if plan.nothing_to_do:
                outcome.result, outcome.version = "unchanged", plan.alias.version
            else:
                plans[outcome.function] = plan

        for_each(self.tools, list(outcomes.values()), look)
        if any(outcome.exit_code is not ExitCode.DONE for outcome in outcomes.values()):
            _leave_out(outcomes, "another function of this release did not pass preflight")
            return {}
        if options.dry_run:
            for name in plans:
                outcomes[name].result = "planned"
                outcomes[name].notes.extend(announced(self.tools.project, name))
            return {}
        return plans

    def _one(
        self,
        outcome: FunctionOutcome,
        plan: Plan,
        options: Options,
        held: Held,
        interrupted: list[Release],
    ) -> None:
        try:
            self.tools.runner.check()
        except Cancelled as error:
            outcome.reason, outcome.exit_code = str(error), ExitCode.REFUSED
            outcome.todo = "release it when you are ready"
            held.free(outcome.function)
            return
        control = self.tools.control(outcome.function, held)
        FunctionRelease(
            self.tools, control, plan, options, held, outcome, self.refresh, interrupted
        ).run()
        held.free(outcome.function)


def for_each(
    tools: Tools,
    outcomes: Sequence[FunctionOutcome],
    work: Callable[[FunctionOutcome], None],
    at_once: int = AT_ONCE,
) -> bool:
    """Do some work for every function; an error becomes its outcome. Whether there was one."""

    def safely(outcome: FunctionOutcome) -> bool:
        try:
            work(outcome)
        except FAILURES as error:
            explained = explain(error, tools)
            outcome.exit_code = explained.code
            outcome.reason, outcome.todo = explained.message, explained.todo
            return True
        return False

    return any(tools.runner.map(safely, outcomes, at_once))


def explain(error: BaseException, tools: Tools) -> FleetError:
    """Any failure as one with a way out."""
    if isinstance(error, FleetError):
        return error
    if isinstance(error, (ClientError, BotoCoreError)):
        return environments.explain(error, tools.environment)
    return FleetError(str(error), "run it again when you are ready", ExitCode.REFUSED)


def _describe(outcome: FunctionOutcome, plan: Plan) -> None:
    outcome.tag, outcome.digest = plan.image.tag, plan.image.digest
    outcome.previous_version, outcome.previous_tag = plan.alias.version, plan.previous_tag
    outcome.notes.extend(plan.notes)


def _leave_out(outcomes: dict[str, FunctionOutcome], reason: str) -> None:
    """Say why functions without a fault of their own were not released either."""
    code = worst(outcome.exit_code for outcome in outcomes.values())
    for outcome in outcomes.values():
        if outcome.exit_code is ExitCode.DONE and outcome.result != "unchanged":
            outcome.result, outcome.reason = "refused", reason
            outcome.todo = "mend that function, or leave it out with --function"
            outcome.exit_code = code
