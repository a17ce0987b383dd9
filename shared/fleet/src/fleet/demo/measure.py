"""What the demo measures of a function."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from fleet.docker import docker, drop_containers
from fleet.release.told import ALIAS

if TYPE_CHECKING:
    from fleet.commands.options import Workplace

_WARM_CALLS = 9


def function(place: Workplace, name: str, tag: str) -> dict[str, Any]:
    """A function's image, version, and times.

    Returns:
        cold_ms: a smoke event with no container running, container start included;
        warm_ms: the median of nine more; sizes in bytes, the base included.
    """
    control = place.control(name)
    image = place.registry.image(name, tag)
    smoke = place.project.smoke(name)
    drop_containers(image.uri, place.environment.network)
    cold = control.invoke(ALIAS, smoke.event)
    warm = [control.invoke(ALIAS, smoke.event).milliseconds for _ in range(_WARM_CALLS)]
    local = f"{place.project.name}/{name}:{tag}"
    return {
        "digest": image.digest,
        "version": control.alias().version,
        "smoke": cold.payload,
        "cold_ms": round(cold.milliseconds, 1),
        "warm_ms": round(statistics.median(warm), 1),
        "uncompressed_bytes": int(docker("image", "inspect", "--format", "{{.Size}}", local)),
        "compressed_bytes": image.compressed,
    }
