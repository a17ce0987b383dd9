"""Traffic as it is stated: terraform/environments/traffic.toml, scaled for each environment."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fleet.errors import FleetError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Traffic:
    """Figures of a month.

    Attributes:
        stated: kind of resource → name or `default` → figure → value.
        scale: what every figure is multiplied by, except durations and sizes of one call.
    """

    stated: dict[str, dict[str, dict[str, float]]]
    scale: float = 1.0

    @classmethod
    def read(cls, file: Path, environment: str) -> Traffic:
        """The file's figures for one environment.

        Raises:
            FleetError: the file is not there, or is not to be understood.
        """
        try:
            text = file.read_text(encoding="utf-8")
            content: dict[str, Any] = tomllib.loads(text)
            scale = float(content.pop("scale", {}).get(environment, 1.0))
        except (OSError, ValueError, AttributeError) as error:
            raise FleetError(
                f"{file} cannot be read as traffic: {error}",
                "state a month's traffic there, as terraform/environments/traffic.toml does",
            ) from error
        return cls(content, scale)

    def of(self, kind: str, name: str, figure: str) -> float:
        """A figure that grows with traffic: a resource's own, else its kind's, else 0."""
        return self.each(kind, name, figure) * self.scale

    def each(self, kind: str, name: str, figure: str) -> float:
        """A figure of one call, such as its duration."""
        named = self.stated.get(kind, {})
        own, general = named.get(name, {}), named.get("default", {})
        return float(own.get(figure, general.get(figure, 0.0)))
