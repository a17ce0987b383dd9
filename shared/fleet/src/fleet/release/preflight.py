"""Whether a release may start: everything that can be known before the first change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from fleet.errors import ExitCode, FleetError
from fleet.release.control import CONSISTENCY_SECONDS, FunctionControl
from fleet.release.told import LATEST, Alias, Version

if TYPE_CHECKING:
    from function_kit.releases import Release

    from fleet.images.registry import Image
    from fleet.project import SampleEvent
    from fleet.release.strategy import Options
    from fleet.release.tools import Tools

_READ_AGAIN_SECONDS = 0.5


@dataclass(frozen=True)
class Plan:
    """What a release starts from, and what it is to reach.

    Attributes:
        live: the version that `live` points at ($LATEST before the first release).
        latest: $LATEST as it is now.
        runs: an event that the new version has to pass before it goes live; None for most.
        previous_tag: what `live` was released as; empty when that is unknown.
        bake_seconds: how long each share of traffic is watched.
        firing: alarms that were firing before and are to be overlooked.
        notes: what a person should know although it is no obstacle.
    """

    image: Image
    alias: Alias
    live: Version
    latest: Version
    smoke: SampleEvent
    runs: SampleEvent | None = None
    previous_tag: str = ""
    bake_seconds: float = 0
    firing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_first(self) -> bool:
        """Whether nothing was ever released: there is no version to share traffic with."""
        return self.alias.version == LATEST

    @property
    def nothing_to_do(self) -> bool:
        """Whether `live` already is this image with this configuration."""
        return (
            not self.is_first
            and not self.alias.weights
            and self.live.digest == self.latest.digest == self.image.digest
            and self.live.configuration == self.latest.configuration
        )


def check(
    tools: Tools, control: FunctionControl, tag: str, options: Options, firing: tuple[str, ...]
) -> Plan:
    """Look at everything a release of one function needs; raise before anything is changed.

    Args:
        tools: what releases work with.
        control: the function's control plane.
        tag: the image's tag, or its digest.
        options: how the release is to go.
        firing: the function's alarms that fire now, or cannot be read.
    """
    function = control.function
    smoke = tools.project.smoke(function)
    latest = control.version(LATEST)
    image = tools.registry.image(function, tag)
    _require_architecture(image, latest, control)
    releases = tools.history.of(function)
    alias = current_alias(tools, control, releases)
    live = latest if alias.version == LATEST else control.version(alias.version)
    notes = _overlooked(tools, function, live, firing, options)
    if alias.weights:
        shared = ", ".join(f"{share:.0%} to {number}" for number, share in alias.weights.items())
        notes += (f"live shared traffic outside of a release ({shared}); this release ends that",)
    if options.gradual and alias.version != LATEST and control.has_provisioned_concurrency():
        raise FleetError(
            f"{control.name} has provisioned concurrency on live, and Lambda refuses to weigh "
            "such an alias",
            "release it with --strategy all-at-once",
        )
    made = [r for r in releases if r.version == alias.version and r.tag]
    return Plan(
        image=image,
        alias=alias,
        live=live,
        latest=latest,
        smoke=smoke,
        runs=tools.project.runs(function),
        previous_tag=made[0].tag if made else "",
        bake_seconds=options.bake(latest.timeout, is_local=tools.environment.is_local),
        firing=firing,
        notes=notes,
    )


def _require_architecture(image: Image, latest: Version, control: FunctionControl) -> None:
    if image.architecture != latest.architecture:
        raise FleetError(
            f"{control.function}:{image.tag} is built for {image.architecture}, "
            f"and {control.name} runs on {latest.architecture}",
            f"build it with ARCHITECTURE={latest.architecture}, or change it in Terraform",
        )


def _overlooked(
    tools: Tools, function: str, live: Version, firing: tuple[str, ...], options: Options
) -> tuple[str, ...]:
    """Refuse what forbids a release; with --fix-forward, say what is overlooked."""
    if firing and tools.environment.is_local:
        # It ignores an alarm's dimensions: one function's error sets off everybody's alarm.
        return (f"overlooked, as the local AWS mixes functions up: {', '.join(firing)}",)
    found = []
    if firing:
        found.append(f"alarm before the release: {', '.join(firing)}")
    if live.digest and not tools.registry.has_digest(function, live.digest):
        found.append(
            f"the image of the live version {live.number} is no longer in the registry: "
            "$LATEST could not be put back"
        )
    if found and not options.fix_forward:
        raise FleetError(
            f"{function}: {'; '.join(found)}",
            "mend that first; when this release is what mends it, add --fix-forward",
            ExitCode.REFUSED if firing else ExitCode.PREFLIGHT,
        )
    return tuple(found)


def current_alias(tools: Tools, control: FunctionControl, releases: list[Release]) -> Alias:
    """Where `live` points, also when a release ended so lately that a read may not show it."""
    alias = control.alias()
    ended = next((r for r in releases if r.finished_at), None)
    if ended is None or tools.environment.is_local:
        return alias
    until = datetime.fromisoformat(ended.finished_at).timestamp() + CONSISTENCY_SECONDS
    expected = ended.version if ended.state == "succeeded" else ended.previous_version
    while (alias.version, alias.weights) != (expected, {}) and tools.runner.now() < until:
        tools.runner.sleep(_READ_AGAIN_SECONDS)
        alias = control.alias()
    return alias
