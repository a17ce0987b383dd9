"""From a container's start to the first answer, and warm calls, of every function on the stack.

    FLEET_STACK=… python -m tests.performance.calls     → build/bench.json ("calls")

The stack must be up and bootstrapped. A call is a smoke event, which looks at everything that the
function depends on. The floor, a function that returns its event, is called beside each one.
"""

from __future__ import annotations

import json
import statistics
import sys
from typing import Any

from fleet import environments
from fleet.commands.options import Workplace
from fleet.docker import docker, drop_containers
from fleet.project import Project
from fleet.release.control import FunctionControl
from fleet.release.told import ALIAS

from tests.performance import fifteen, results
from tests.performance.cold_start import build_peer

FLOOR = "bench-floor"
ROUNDS, WARM_CALLS = 3, 9


def floor(place: Workplace) -> FunctionControl:
    """The function that does nothing, made on the stack unless it is there."""
    if not place.registry.has_repository(FLOOR):
        place.environment.client("ecr").create_repository(
            repositoryName=place.environment.repository(FLOOR)
        )
        image = fifteen.build(build_peer(place.project, "floor"), "floor")
        docker("tag", image, f"{place.project.name}/{FLOOR}:floor")
        place.registry.login()
        place.registry.push(FLOOR, "floor")
        uri = place.registry.image(FLOOR, "floor").uri
        fifteen.function(place, FLOOR, fifteen.role(place, FLOOR), uri)
    return place.control(FLOOR)


def timed(place: Workplace, control: FunctionControl, event: Any) -> dict[str, float]:
    """Milliseconds of one cold call, and the median of some warm ones."""
    drop_containers(control.version(control.alias().version).image, place.environment.network)
    answers = [control.invoke(ALIAS, event) for _ in range(1 + WARM_CALLS)]
    if bad := [a for a in answers if a.function_error]:
        raise RuntimeError(f"{control.function} failed: {bad[0].payload}")
    cold, *warm = [answer.milliseconds for answer in answers]
    return {"cold_ms": round(cold, 1), "warm_ms": round(statistics.median(warm), 2)}


def run(place: Workplace) -> dict[str, Any]:
    """Every function, and the floor beside it, in rounds."""
    bare, names = floor(place), place.project.functions
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name, found in rounds.items():
            beside = timed(place, bare, fifteen.EVENT)
            own = timed(place, place.control(name), place.project.smoke(name).event)
            found.append(own | {f"floor_{key}": value for key, value in beside.items()})
    return {name: _summary(found) for name, found in rounds.items()}


def _summary(rounds: list[dict[str, float]]) -> dict[str, Any]:
    medians = {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}
    ratios = {
        kind: [round(each[f"{kind}_ms"] / each[f"floor_{kind}_ms"], 3) for each in rounds]
        for kind in ("cold", "warm")
    }
    times = {f"{kind}_times": statistics.median(each) for kind, each in ratios.items()}
    return medians | times | {"samples": ratios}


def main() -> None:
    """Measure and write it down."""
    project = Project(results.ROOT)
    report = run(Workplace(project, environments.load(project, "local")))
    results.keep("calls", report)
    print(json.dumps(report, indent=1))
    sys.exit(0)


if __name__ == "__main__":
    main()
