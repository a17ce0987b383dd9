"""What is validated: a function as it is, and as Terraform says it should be."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fleet.release.told import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from function_kit.releases import Release

    from fleet.environments import Environment
    from fleet.images.registry import Registry
    from fleet.project import Project
    from fleet.release.api import LambdaApi
    from fleet.release.control import FunctionControl
    from fleet.release.history import History
    from fleet.release.runner import Runner
    from fleet.release.told import Alias, Version


@dataclass(frozen=True)
class Sources:
    """Where validation reads: one of each, shared by all functions.

    Attributes:
        outputs: Terraform's outputs.
        control: a function's control plane by the function's name.
    """

    project: Project
    environment: Environment
    registry: Registry
    history: History
    outputs: dict[str, Any]
    control: Callable[[str], FunctionControl]
    api: LambdaApi
    runner: Runner
    iam: Any
    ecr: Any
    logs: Any
    cloudwatch: Any


@dataclass(frozen=True)
class Options:
    """What the operator chose.

    Attributes:
        invoke: whether the function may be called at all.
        all_events: whether events that may have effects are sent outside the local stack too.
        inside: whether lambda-test-runner sends the events, from inside the VPC.
    """

    invoke: bool = True
    all_events: bool = False
    inside: bool = False


@dataclass(frozen=True)
class Subject:
    """One function.

    Attributes:
        declared: what Terraform's output `functions` says of it.
        routes: what Terraform's output `routes` says of it.
        live: the version that `live` points at.
        releases: newest first.
    """

    function: str
    environment: Environment
    declared: dict[str, Any]
    alias: Alias
    live: Version
    latest: Version
    releases: list[Release] = field(default_factory=list)
    routes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its name in AWS."""
        return self.environment.function_name(self.function)

    @property
    def is_released(self) -> bool:
        """Whether `live` points at a version."""
        return self.alias.version != LATEST

    @property
    def configuration(self) -> dict[str, Any]:
        """What `live` runs with, by Lambda's names."""
        return settings(self.live)

    @property
    def apply(self) -> str:
        """What brings it back to what Terraform says."""
        return f"run `make apply ENV={self.environment.name}`: it releases what it configures"


def settings(version: Version) -> dict[str, Any]:
    """A version's configuration by Lambda's names."""
    values: dict[str, Any] = json.loads(version.configuration)
    return values


def look(sources: Sources, function: str, declared: dict[str, Any]) -> Subject:
    """Read a function as it is now."""
    control = sources.control(function)
    alias = control.alias()
    latest = control.version(LATEST)
    live = latest if alias.version == LATEST else control.version(alias.version)
    return Subject(
        function=function,
        environment=sources.environment,
        declared=declared,
        alias=alias,
        live=live,
        latest=latest,
        releases=sources.history.of(function),
        routes=sources.outputs.get("routes", {}).get(function, []),
    )
