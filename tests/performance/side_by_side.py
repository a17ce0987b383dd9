"""One real function released, and fifteen at once, beside what their containers take to start.

The budget is for the command as an operator runs it: from the shell's prompt to the next one.
A release has one cold start in it. Fifteen of them share the machine's cores, whoever asks for
them: the engine alone is therefore timed too, without the program's start and its reports, and
the same containers are started by fifteen bare calls, with no release around them, in the same
round.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from fleet import environments
from fleet.commands.conduct import new_report
from fleet.commands.options import Workplace
from fleet.docker import docker
from fleet.project import Project
from fleet.release.engine import Engine
from fleet.release.strategy import Options
from fleet.release.told import ALIAS

from tests.performance import fifteen
from tests.performance.cold_start import build_peer

ROUNDS: Final = 3
LIMIT: Final = 2.0  # times one function's release
PARTS: Final = ("command-one", "command-all", "one", "all")  # an image for each release


def measure(project: Project) -> dict[str, Any]:
    """Releases of one and of fifteen functions, and the same cold starts alone; medians."""
    place = _prepare(fifteen.BenchProject(project.root))
    one, every = fifteen.NAMES[:1], fifteen.NAMES
    timed: dict[str, list[float]] = {}

    def note(what: str, seconds: float) -> None:
        timed.setdefault(what, []).append(seconds)

    for number in range(ROUNDS):
        tag = {part: f"round-{number}-{part}" for part in PARTS}
        note("command_one", _commanded(one, tag["command-one"]))
        note("command_all", _commanded(every, tag["command-all"]))
        note("one", _released(place, one, tag["one"]))
        note("all", _released(place, every, tag["all"]))
        note("one_start", _started(place, one))
        note("all_starts", _started(place, every))
    pairs = zip(timed["command_all"], timed["command_one"], strict=True)
    samples = [round(every / one, 3) for every, one in pairs]
    medians = {key: statistics.median(values) for key, values in timed.items()}
    return _summary(medians) | {"samples": samples}


def _summary(seconds: dict[str, float]) -> dict[str, Any]:
    one, fifteen_, start, starts = (
        seconds[key] for key in ("one", "all", "one_start", "all_starts")
    )
    ratio, least = seconds["command_all"] / seconds["command_one"], (one - start + starts) / one
    beside = (fifteen_ - starts) / (one - start)
    figures = {
        "one_command_seconds": seconds["command_one"],
        "fifteen_command_seconds": seconds["command_all"],
        "ratio": ratio,
        "one_engine_seconds": one,
        "fifteen_engine_seconds": fifteen_,
        "engine_ratio": fifteen_ / one,
        "one_cold_start_seconds": start,
        "fifteen_cold_starts_seconds": starts,
        "least_ratio_the_cold_starts_allow": least,
        "ratio_without_cold_starts": beside,
    }
    return {key: round(value, 2) for key, value in figures.items()} | {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "budget": LIMIT,
        "within_budget": ratio < LIMIT,
    }


def _prepare(project: Project) -> Workplace:
    """The functions, and an image for every release to come."""
    place = Workplace(project, environments.load(project, "local"))
    fifteen.make(place)
    place.registry.login()
    floor = build_peer(project, "floor")
    tags = ["first", *(f"round-{n}-{part}" for n in range(ROUNDS) for part in PARTS)]
    for tag in tags:
        fifteen.push(place, fifteen.build(floor, tag), tag)
    fifteen.make_functions(place, tags[0])
    _released(place, fifteen.NAMES, tags[0])
    return place


def _commanded(names: tuple[str, ...], tag: str) -> float:
    """Seconds that the whole command takes: start, release, messages, reports."""
    _stop_containers()
    command = [sys.executable, "-m", "tests.performance.release_command", tag, *names]

    def run() -> None:
        subprocess.run(command, check=True, capture_output=True)

    return _clocked(run)


def _released(place: Workplace, names: tuple[str, ...], tag: str) -> float:
    """Seconds that a release takes, as a process does it that has just started."""
    _stop_containers()
    fresh = Workplace(place.project, place.environment)
    report = new_report(fresh, "release")
    engine = Engine(fresh.tools)
    seconds = _clocked(lambda: engine.release(report, dict.fromkeys(names, tag), Options()))
    bad = [o.reason for o in report.functions if o.result != "released"]
    if bad:
        raise RuntimeError(f"{len(bad)} releases failed: {bad[0]}")
    return seconds


def _started(place: Workplace, names: tuple[str, ...]) -> float:
    """Seconds until every function has answered from a new container, all asked at once."""
    _stop_containers()

    def ask(name: str) -> None:
        answer = place.control(name).invoke(ALIAS, fifteen.EVENT)
        if answer.payload != fifteen.EVENT:
            raise RuntimeError(f"{name} answered {answer.payload}")

    return _clocked(lambda: place.runner.map(ask, names, len(names)))


def _clocked(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _stop_containers() -> None:
    """No function of the benchmark has a container: what comes next is as cold as the rest."""
    shown = [line.split() for line in docker("ps", "--format", "{{.ID}} {{.Image}}").splitlines()]
    mine = [key for key, image in shown if _repository(image) in fifteen.NAMES]
    if mine:
        docker("rm", "--force", *mine)
        time.sleep(1)  # their networks and mounts go a moment later


def _repository(image: str) -> str:
    return image.rpartition("/")[2].partition("@")[0]
