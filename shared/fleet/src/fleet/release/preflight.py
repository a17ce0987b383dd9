"""Whether a release may start: everything that can be known before the first change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleet.errors import FleetError
from fleet.release.control import LATEST, Alias, FunctionControl, Version

if TYPE_CHECKING:
    from fleet.environments import Environment
    from fleet.images.registry import Image, Registry
    from fleet.project import Project, SampleEvent


@dataclass(frozen=True)
class Plan:
    """What a deploy starts from, and what it is to reach.

    Attributes:
        live: the version that `live` points at ($LATEST before the first release).
        latest: $LATEST as it is now.
    """

    image: Image
    alias: Alias
    live: Version
    latest: Version
    smoke: SampleEvent

    @property
    def nothing_to_do(self) -> bool:
        """Whether `live` already is this image with this configuration."""
        return (
            self.alias.version != LATEST
            and not self.alias.weights
            and self.live.digest == self.latest.digest == self.image.digest
            and self.live.configuration == self.latest.configuration
        )


def check(
    project: Project,
    environment: Environment,
    registry: Registry,
    control: FunctionControl,
    tag: str,
) -> Plan:
    """Look at everything a deploy needs; raise before anything is changed."""
    environment.require_releases()
    smoke = project.smoke(control.function)
    latest = control.version(LATEST)
    image = registry.image(control.function, tag)
    if image.architecture != latest.architecture:
        raise FleetError(
            f"{control.function}:{tag} is built for {image.architecture}, "
            f"and {control.name} runs on {latest.architecture}",
            f"build it with ARCHITECTURE={latest.architecture}, or change it in Terraform",
        )
    alias = control.alias()
    live = latest if alias.version == LATEST else control.version(alias.version)
    return Plan(image=image, alias=alias, live=live, latest=latest, smoke=smoke)
