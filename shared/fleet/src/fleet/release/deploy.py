"""One function's deploy: update, publish, smoke, move `live`; or put everything back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from fleet.errors import ExitCode, FleetError
from fleet.release import preflight, smoke
from fleet.release.control import LATEST, FunctionControl, Version
from fleet.release.history import History, Release, State, begin

if TYPE_CHECKING:
    from fleet.environments import Environment
    from fleet.images.registry import Registry
    from fleet.project import Project

Progress = Callable[[str], None]


@dataclass
class Outcome:
    """How a release of one function ended.

    Attributes:
        result: released, unchanged or rolled-back.
        steps: milliseconds of each step.
        smoke: the new version's answer to its smoke event.
    """

    function: str
    result: str
    tag: str
    digest: str
    version: str
    previous_version: str
    steps: dict[str, float] = field(default_factory=dict)
    smoke: Any = None


class Deployer:
    """Releases one function of one environment."""

    def __init__(
        self,
        project: Project,
        environment: Environment,
        registry: Registry,
        history: History,
        control: FunctionControl,
        progress: Progress = lambda _: None,
    ) -> None:
        self._project = project
        self._environment = environment
        self._registry = registry
        self._history = history
        self._control = control
        self._progress = progress
        self._steps: dict[str, float] = {}

    def deploy(self, tag: str) -> Outcome:
        """Release a tag. Safe to run again after being killed anywhere.

        Until `live` moves, in one call and as the last change, callers get the old
        version. A killed deploy leaves at most a new image on $LATEST and a published
        version without traffic; the next deploy takes both over.
        """
        with self._step("preflight"):
            plan = preflight.check(
                self._project, self._environment, self._registry, self._control, tag
            )
        self._close_interrupted(plan)
        if plan.nothing_to_do:
            return self._outcome(plan, "unchanged", plan.alias.version)
        release = begin(
            self._control.function,
            "deploy",
            tag=tag,
            digest=plan.image.digest,
            previous_version=plan.alias.version,
            previous_digest=plan.live.digest,
        )
        self._history.save(release)
        self._made = release
        try:
            return self._release(plan, release)
        except (FleetError, ClientError, BotoCoreError, KeyboardInterrupt) as error:
            raise self._put_back(plan, error) from error

    def _release(self, plan: preflight.Plan, release: Release) -> Outcome:
        with self._step("update"):
            self._control.update_image(plan.image.uri)
        with self._step("publish"):
            version = self._control.publish(f"{release.tag} {release.release_id}")
            # The version belongs to the intent: a deploy that is killed after `live` has moved
            # is then known to have succeeded.
            self._made = release = replace(release, version=version.number)
            self._history.save(release)
            self._check_published(version, plan)
        with self._step("smoke"):
            answer = self._control.invoke(version.number, plan.smoke.event)
        reason = smoke.verdict(answer, plan.smoke)
        if reason:
            raise FleetError(
                f"version {version.number} of {self._control.function} "
                f"failed its smoke event: {reason}",
                f"live still points at {plan.alias.version}; "
                f"`fleet logs --function {self._control.function}` shows why it failed",
                ExitCode.ROLLED_BACK,
            )
        with self._step("alias"):
            self._control.move_alias(version.number, plan.alias)
        self._history.finish(release, "succeeded", steps=self._steps)
        return self._outcome(plan, "released", version.number, answer.payload)

    def _check_published(self, version: Version, plan: preflight.Plan) -> None:
        """Refuse to go on with an image that somebody else gave $LATEST in the meantime."""
        if version.digest != plan.image.digest:
            self._made = replace(self._made, version="")
            raise FleetError(
                f"somebody else changed $LATEST of {self._control.name} during this release",
                f"look at `fleet history --env {self._environment.name}`, then run it again",
                ExitCode.REFUSED,
            )

    def _close_interrupted(self, plan: preflight.Plan) -> None:
        """Say in the history how an earlier release ended that was killed before it could."""
        for release in self._history.of(self._control.function, limit=5):
            if release.state != "started":
                continue
            # `live` moves only after the smoke event has passed.
            done = release.version == plan.alias.version
            state: State = "succeeded" if done else "interrupted"
            self._history.finish(release, state, reason="it was killed")
            self._progress(f"an earlier {release.kind} of {release.tag} was killed: {state}")

    def _put_back(self, plan: preflight.Plan, error: BaseException) -> FleetError:
        """Undo what was changed: `live` first, then $LATEST."""
        reason = getattr(error, "message", None) or str(error) or type(error).__name__
        todo = getattr(error, "todo", "mend the reason above, then deploy again")
        try:
            self._restore(plan)
            self._history.finish(self._made, "failed", reason=reason, steps=self._steps)
        except (FleetError, ClientError, BotoCoreError) as second:
            return FleetError(
                f"{reason}; putting things back failed too: {second}",
                f"check `fleet status --env {self._environment.name}`, then deploy a good tag",
                ExitCode.NEEDS_PERSON,
            )
        refused = getattr(error, "code", None) == ExitCode.REFUSED
        return FleetError(reason, todo, ExitCode.REFUSED if refused else ExitCode.ROLLED_BACK)

    def _restore(self, plan: preflight.Plan) -> None:
        with self._step("put back"):
            alias = self._control.alias()
            # Only what this release moved: another operator's version stays live.
            if self._made.version and alias.version == self._made.version != plan.alias.version:
                alias = self._control.move_alias(plan.alias.version, alias)
            released = alias.version != LATEST
            before = self._control.version(alias.version).image if released else plan.latest.image
            if self._control.version(LATEST).image != before:
                self._control.update_image(before)

    def _outcome(
        self, plan: preflight.Plan, result: str, version: str, answer: Any = None
    ) -> Outcome:
        return Outcome(
            function=self._control.function,
            result=result,
            tag=plan.image.tag,
            digest=plan.image.digest,
            version=version,
            previous_version=plan.alias.version,
            steps=dict(self._steps),
            smoke=answer,
        )

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        self._progress(name)
        began = time.perf_counter()
        try:
            yield
        finally:
            self._steps[name] = (time.perf_counter() - began) * 1000
