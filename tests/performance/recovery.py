"""How long it takes to get away from a bad release: by hand, and by the release guard."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from typing import Any, Final

from fleet.commands.options import Workplace
from fleet.docker import drop_containers
from fleet.release.told import ALIAS

from tests.kit import program
from tests.kit.alarms import Alarms
from tests.performance import fifteen

FUNCTION: Final = "generate-presigned-url"
GUARD: Final = "release-guard"
ROUNDS: Final = 5
GUARD_ROUNDS: Final = 3
SHELL_SECONDS: Final = 3.0
SECOND: Final = "5ec04d" + "0" * 34  # looks like a commit's


def push_second(place: Workplace, tag: str) -> None:
    """Another image of the function: it does the same."""
    name = f"{place.project.name}/{FUNCTION}"
    fifteen.labelled(f"{name}:{tag}", f"{name}:{SECOND}", "second")
    place.registry.login()
    place.registry.push(FUNCTION, SECOND)


def by_hand(place: Workplace, tag: str, stack: str) -> dict[str, Any]:
    """`fleet rollback` from the shell: the whole process, and when `live` moved; medians."""
    push_second(place, tag)
    rounds = [_rolled_back(stack) for _ in range(ROUNDS)]
    whole, moved = (statistics.median(column) for column in zip(*rounds, strict=True))
    return {
        "process_seconds": round(whole, 2),
        "live_moved_seconds": round(moved, 2),
        "each_process_seconds": [round(seconds, 2) for seconds, _ in rounds],
        "budget_seconds": SHELL_SECONDS,
        "within_budget": whole < SHELL_SECONDS,
    }


def _rolled_back(stack: str) -> tuple[float, float]:
    _release(stack, SECOND)
    began, command = time.time(), program.command("rollback", "--function", FUNCTION, "--json")
    ended = subprocess.run(
        command,
        cwd=program.ROOT,
        env=program.environment(FLEET_STACK=stack),
        check=True,
        capture_output=True,
        text=True,
    )
    whole = time.time() - began
    (outcome,) = json.loads(ended.stdout)["functions"]
    return whole, outcome["weights"][-1][0] - began


def _release(stack: str, tag: str) -> None:
    ended = program.fleet("release", "--function", FUNCTION, "--tag", tag, FLEET_STACK=stack)
    if ended.code:
        raise RuntimeError(f"the release failed: {ended.err}")


def by_guard(place: Workplace, stack: str) -> dict[str, Any]:
    """From the alarm's event until a call of `live` is answered by the version before."""
    rule = place.terraform.outputs()["release_guard"]["rule"]
    alarms = Alarms(place.environment, rule)
    starts = ("cold", "warm")
    seconds = {
        start: [_guarded(place, alarms, start, stack) for _ in range(GUARD_ROUNDS)]
        for start in starts
    }
    medians: dict[str, Any] = {
        f"{start}_guard_seconds": round(statistics.median(seconds[start]), 2) for start in starts
    }
    return medians | {"each": {key: [round(s, 3) for s in each] for key, each in seconds.items()}}


def _guarded(place: Workplace, alarms: Alarms, start: str, stack: str) -> float:
    control, guard = place.control(FUNCTION), place.control(GUARD)
    alarm = f"{control.name}-errors"
    alarms.set(alarm, "OK")
    good = control.alias().version
    _release(stack, SECOND)
    drop_containers(guard.version(guard.alias().version).image, place.environment.network)
    if start == "warm":
        guard.invoke(ALIAS, {"test": True})
    event = alarms.set(alarm)
    began = time.perf_counter()
    alarms.deliver(event)
    while _answered_by(place) != good:
        if time.perf_counter() - began > 60:
            raise RuntimeError("the guard did not bring the version before back")
        time.sleep(0.05)
    seconds = time.perf_counter() - began
    _until_recorded(place)
    return seconds


def _answered_by(place: Workplace) -> str:
    """The version that answers a caller of `live` now."""
    answer = place.environment.client("lambda").invoke(
        FunctionName=place.environment.function_name(FUNCTION),
        Qualifier=ALIAS,
        Payload=b'{"test": true}',
    )
    return str(answer["ExecutedVersion"])


def _until_recorded(place: Workplace) -> None:
    """The guard gives $LATEST the image and closes its record after `live` has moved."""
    while place.history.of(FUNCTION, limit=1)[0].state == "started":
        time.sleep(0.05)
