"""One function's release: update, publish, smoke, shift `live`; or put everything back."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from function_kit.releases import Release

from fleet.errors import ExitCode, FleetError
from fleet.release import smoke
from fleet.release.lock import LostError, actor
from fleet.release.outcome import Step
from fleet.release.runner import Cancelled
from fleet.release.shift import Shift
from fleet.release.told import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleet.project import SampleEvent
    from fleet.release.control import FunctionControl
    from fleet.release.heartbeat import Held
    from fleet.release.outcome import FunctionOutcome
    from fleet.release.preflight import Plan
    from fleet.release.strategy import Options
    from fleet.release.told import Answer, Version
    from fleet.release.tools import Tools

FAILURES = (FleetError, ClientError, BotoCoreError, Cancelled)


@dataclass
class FunctionRelease:
    """Releases one function whose preflight has passed, and whose lock is held.

    Until its smoke event has passed, the new version gets no traffic. Killed anywhere, it
    leaves a record that says how far it came; the next release or `fleet resume` goes on.

    Attributes:
        interrupted: what it takes over from, with the state that it ends in.
    """

    tools: Tools
    control: FunctionControl
    plan: Plan
    options: Options
    held: Held
    outcome: FunctionOutcome
    refresh: Callable[[], None]
    interrupted: list[Release]

    def run(self) -> None:
        """Release it; what became of it is in the outcome."""
        self._shift = Shift(
            self.tools, self.control, self.plan, self.options, self.held, self.outcome,
            self.refresh, self.plan.alias, bool(self.interrupted),
        )  # fmt: skip
        self._updated = self._begun = False
        self._record = self._intent()
        try:
            self._release()
        except LostError as error:
            self._end("stopped", error.code, error.message, error.todo)
        except Exception as error:  # noqa: BLE001  a defect of ours must not leave traffic split
            with self.tools.runner.shielded():
                self._put_back(error)

    def _release(self) -> None:
        lock = self.held.lock(self.outcome.function)
        self._record = self.tools.history.begin(self._record, lock, self.interrupted)
        self._begun = True
        with self._step("update"):
            self._updated = True
            # Again: whoever this takes over from may yet wake up and give it another image.
            self.control.update_image(self.plan.image.uri, again=bool(self.interrupted))
        with self._step("publish"):
            self.held.lock(self.outcome.function)
            version = self.control.publish(f"{self.plan.image.tag} {self._record.release_id}")
            self.outcome.version = version.number
            self._check_published(version)
            self._save(version=version.number)
        with self._step("smoke"):
            self._smoke(version)
        if self.plan.runs:
            # Before `live` moves, so that what fails here is put back like any bad version.
            with self._step(self.plan.runs.name):
                self.held.lock(self.outcome.function)
                self._send(version, self.plan.runs)
        # Before `live` moves: whoever finds it moved knows that it may be.
        self._save(passed=True, cold_ms=self.outcome.cold_ms, warm_ms=self.outcome.warm_ms)
        with self._step("shift"):
            self._shift.to(version.number)
        self.tools.history.finish(self._record, "succeeded", steps=self._milliseconds())
        moved = version.number != self.plan.alias.version or self.plan.alias.weights
        self.outcome.result = "released" if moved else "unchanged"

    def _intent(self) -> Release:
        release_id, now = self.tools.history.identify()
        return Release(
            function=self.outcome.function,
            release_id=release_id,
            kind="deploy",
            state="started",
            tag="" if self.plan.image.tag.startswith("sha256:") else self.plan.image.tag,
            digest=self.plan.image.digest,
            previous_version=self.plan.alias.version,
            previous_digest=self.plan.live.digest,
            actor=actor(),
            started_at=now,
            strategy=self.options.strategy,
            shares=self.options.percent(),
            bake_seconds=self.plan.bake_seconds,
            audit="; ".join(self.plan.notes) if self.options.fix_forward else "",
        )

    def _save(self, **changes: object) -> None:
        self._record = self.tools.history.save(replace(self._record, **changes))  # type: ignore[arg-type]

    def _check_published(self, version: Version) -> None:
        """Refuse to go on with an image that somebody else gave $LATEST in the meantime."""
        if version.digest != self.plan.image.digest:
            self.outcome.version = ""
            raise self.control.changed_by_others(LATEST)

    def _smoke(self, version: Version) -> None:
        """Send the smoke event twice: once to a cold instance, once to a warm one."""
        first = self._send(version, self.plan.smoke)
        self.outcome.smoke = first.payload
        self.outcome.cold_ms = round(first.milliseconds, 1)
        self.outcome.warm_ms = round(self._send(version, self.plan.smoke).milliseconds, 1)

    def _send(self, version: Version, sample: SampleEvent) -> Answer:
        answer = self.control.invoke(version.number, sample.event)
        reason = smoke.verdict(answer, sample)
        if reason:
            function = self.outcome.function
            raise FleetError(
                f"version {version.number} of {function} failed its {sample.name} event: {reason}",
                f"live still points at {self.plan.alias.version}; "
                f"`fleet logs --function {function}` shows why it failed",
                ExitCode.ROLLED_BACK,
            )
        return answer

    def _put_back(self, error: BaseException) -> None:
        """Undo what was changed: `live` first, in one call, then $LATEST."""
        reason = getattr(error, "message", None) or f"{type(error).__name__}: {error}"
        todo = getattr(error, "todo", "mend the reason above, then release again")
        code = ExitCode.ROLLED_BACK
        if getattr(error, "code", None) == ExitCode.REFUSED:
            code = ExitCode.REFUSED
        try:
            with self._step("put back"):
                self._back()
                if self._begun:
                    self.tools.history.finish(
                        self._record, "failed", reason=reason, steps=self._milliseconds()
                    )
        except LostError:
            self._end("stopped", ExitCode.REFUSED, reason, todo)
        except Exception as second:  # noqa: BLE001  whatever it is, a person has to hear of it
            self._end(
                "failed",
                ExitCode.NEEDS_PERSON,
                f"{reason}; putting things back failed too: {second}",
                f"run `fleet resume --env {self.tools.environment.name}`, and look at "
                f"`fleet status --env {self.tools.environment.name}`",
            )
        else:
            self._end("put-back", code, reason, todo)

    def _back(self) -> None:
        if not self._begun:
            return
        self.held.lock(self.outcome.function)
        live = self.plan.alias.version
        try:
            self._shift.back()
        except FleetError as error:
            if error.code != ExitCode.REFUSED:
                raise
            # Somebody else's version stays live: $LATEST is to have what they chose.
            live = self.control.alias().version
        if self._updated:
            before = self.plan.latest if live == LATEST else self.control.version(live)
            if before.image:
                self.control.update_image(before.image, again=True)

    def _end(self, result: str, code: ExitCode, reason: str, todo: str) -> None:
        self.outcome.result = result  # type: ignore[assignment]
        self.outcome.exit_code, self.outcome.reason, self.outcome.todo = code, reason, todo
        self.refresh()

    def _milliseconds(self) -> dict[str, float]:
        return {step.name: (step.seconds or 0) * 1000 for step in self.outcome.steps}

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        with timed(self.outcome, name, self.tools.runner.now, self.refresh):
            yield


@contextmanager
def timed(
    outcome: FunctionOutcome, name: str, now: Callable[[], float], refresh: Callable[[], None]
) -> Iterator[None]:
    """A step in an outcome, with how long it took and whether it failed."""
    step = Step(name, now())
    outcome.steps.append(step)
    refresh()
    try:
        yield
    except BaseException:
        step.failed = True
        raise
    finally:
        step.seconds = now() - step.began
        refresh()
