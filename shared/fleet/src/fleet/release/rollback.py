"""Rolling one function back: `live` first, in one call, then $LATEST."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from fleet.errors import ExitCode, FleetError
from fleet.release import history as past
from fleet.release import smoke
from fleet.release.control import LATEST, Alias, FunctionControl, Version

if TYPE_CHECKING:
    from fleet.environments import Environment
    from fleet.images.registry import Registry
    from fleet.project import Project
    from fleet.release.history import History, Release


@dataclass(frozen=True)
class Target:
    """Where a rollback goes."""

    version: str
    tag: str
    has_passed: bool
    """Whether the history holds a release of this version that passed its smoke event."""


@dataclass(frozen=True)
class Outcome:
    """How a rollback ended; milliseconds until `live` had moved, and in all."""

    function: str
    from_version: str
    to_version: str
    tag: str
    digest: str
    moved_milliseconds: float
    milliseconds: float


class Rollback:
    """Rolls one function of one environment back."""

    def __init__(
        self,
        project: Project,
        environment: Environment,
        registry: Registry,
        history: History,
        control: FunctionControl,
    ) -> None:
        self._project = project
        self._environment = environment
        self._registry = registry
        self._history = history
        self._control = control

    def run(self, *, to_tag: str | None = None, to_version: str | None = None) -> Outcome:
        """Point `live` at an earlier version: by tag, by number, or the previous release's."""
        began = time.perf_counter()
        self._environment.require_releases()
        releases = self._history.of(self._control.function)
        alias = self._control.alias()
        target = self._target(releases, alias.version, to_tag, to_version)
        version = self._control.version(target.version)
        self._check(version, target)
        release = past.begin(
            self._control.function,
            "rollback",
            tag=target.tag,
            digest=version.digest,
            previous_version=alias.version,
            previous_digest=self._control.version(alias.version).digest,
            version=version.number,
        )
        self._history.save(release)
        moved = began
        if alias.version != version.number:
            self._move(version, alias, release)
            moved = time.perf_counter()
        self._restore_latest(version, release)
        ended = time.perf_counter()
        return Outcome(
            function=self._control.function,
            from_version=alias.version,
            to_version=version.number,
            tag=target.tag,
            digest=version.digest,
            moved_milliseconds=(moved - began) * 1000,
            milliseconds=(ended - began) * 1000,
        )

    def _target(
        self, releases: list[Release], live: str, to_tag: str | None, to_version: str | None
    ) -> Target:
        if to_version:
            return self._by_version(releases, to_version)
        if to_tag:
            return self._by_tag(releases, to_tag)
        found = past.previous(releases, live)
        if found is None:
            raise FleetError(
                f"{self._control.function} has no earlier release to roll back to",
                "deploy a good tag, or name one with --to-tag or --to-version",
            )
        return Target(found.version, found.tag, has_passed=True)

    def _by_tag(self, releases: list[Release], tag: str) -> Target:
        found = past.by_tag(releases, tag)
        if found is None and self._registry.has_tag(self._control.function, tag):
            # A commit that did not change the function has an earlier one's image, and its
            # deploy had nothing to do.
            digest = self._registry.image(self._control.function, tag).digest
            found = past.by_digest(releases, digest)
        if found is None:
            raise self._not_released(releases, tag)
        return Target(found.version, tag, has_passed=True)

    def _by_version(self, releases: list[Release], number: str) -> Target:
        if not number.isdigit():
            raise FleetError(
                f"{number} is not a version",
                f"give a number that `fleet history --function {self._control.function}` shows",
                ExitCode.USAGE,
            )
        made = [r for r in releases if r.version == number and r.kind == "deploy"]
        good = next((r for r in made if r.state == "succeeded"), None)
        return Target(number, good.tag if good else "", has_passed=good is not None)

    def _not_released(self, releases: list[Release], tag: str) -> FleetError:
        known = dict.fromkeys(r.tag for r in releases if r.state == "succeeded" and r.tag)
        return FleetError(
            f"{self._control.function} was never released with the tag {tag}",
            f"use one of {', '.join(known) or '(none yet)'}, or deploy it: "
            f"`fleet deploy --function {self._control.function} --tag {tag}`",
        )

    def _check(self, version: Version, target: Target) -> None:
        """Refuse before anything changes: an image that is gone, a version that never passed."""
        if version.digest and not self._registry.has_digest(self._control.function, version.digest):
            raise FleetError(
                f"the image of version {version.number} is no longer in the registry "
                f"({version.digest})",
                "push it again from its commit, or roll back to another release",
            )
        if target.has_passed:
            return
        sample = self._project.smoke(self._control.function)
        reason = smoke.verdict(self._control.invoke(version.number, sample.event), sample)
        if reason:
            raise FleetError(
                f"version {version.number} was never released and fails its smoke event: {reason}",
                "roll back to a release that `fleet history` shows as succeeded",
            )

    def _move(self, version: Version, alias: Alias, release: Release) -> None:
        try:
            self._control.move_alias(version.number, alias)
        except (FleetError, ClientError, BotoCoreError) as error:
            self._history.finish(release, "failed", reason=str(error))
            raise

    def _restore_latest(self, version: Version, release: Release) -> None:
        """Give $LATEST the image too, or the next configuration release brings the bad one back."""
        try:
            if version.image and self._control.version(LATEST).image != version.image:
                self._control.update_image(version.image)
            self._history.finish(release, "succeeded")
        except (FleetError, ClientError, BotoCoreError) as error:
            raise FleetError(
                f"live points at version {version.number}, but $LATEST still has the image rolled "
                f"away from: {error}",
                f"run `fleet deploy --function {self._control.function} --tag {release.tag}`",
                ExitCode.NEEDS_PERSON,
            ) from error
