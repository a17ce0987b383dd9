"""The environment and the checkout of a world: fleet's own, with made-up contents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fleet.environments import Environment
from fleet.project import Project, SampleEvent

from tests.kit.world import behind
from tests.kit.world.registry import HEALTHY

SMOKE = SampleEvent("smoke", {"test": True}, HEALTHY)


@dataclass(frozen=True)
class WorldEnvironment(Environment):
    """An environment in the cloud, whose clients are answered by the world around."""

    def client(self, service: str, *, attempts: int = 5, **config: Any) -> Any:
        return behind.client(service, attempts)


@dataclass(frozen=True)
class WorldProject(Project):
    """A checkout with the functions that a test made up; they share one smoke event.

    Attributes:
        images: `[tool.lambda-image]` of functions that say more than the others.
    """

    names: tuple[str, ...] = ()
    images: dict[str, dict[str, Any]] = field(default_factory=dict, hash=False)

    @property
    def functions(self) -> tuple[str, ...]:
        return self.names

    def event(self, function: str, name: str) -> SampleEvent:
        return SMOKE if name == "smoke" else SampleEvent(name, {"action": name}, HEALTHY)

    def _image(self, function: str) -> dict[str, Any]:
        return self.images.get(function, {})

    def commit(self) -> str:
        return "commit"
