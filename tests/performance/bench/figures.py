"""The figures that people asked for, taken out of the benchmarks' reports."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from tests.performance.bench import serving
from tests.performance.bench.figure import Figure
from tests.performance.bench.sections import SECTIONS

COMMANDS = {section.name: section.command for section in SECTIONS}

type Report = dict[str, Any]


def of(reports: dict[str, Report]) -> list[Figure]:
    """Every figure of the reports there are, in the order of the sections."""
    found: list[Figure] = []
    for section in SECTIONS:
        if section.report in reports:
            told = reports[section.report]
            found += TOLD[section.name](functools.partial(_figure, section.name), told)
    if "stack" in reports:
        found += _stack(functools.partial(_figure, "terraform"), reports["stack"])
    return found


def understood(section: str, report: Report) -> str:
    """Why no figures can be made of a report; "" when they can."""
    try:
        list(TOLD[section](functools.partial(_figure, section), report))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        return f"its report is not as expected: {type(error).__name__} {error}"
    return ""


def _figure(section: str, key: str, system: str, title: str, value: float, **rest: Any) -> Figure:
    rest = {"asked": "", "unit": "", "command": COMMANDS[section]} | rest
    rest["samples"] = tuple(rest.get("samples", ()))
    return Figure(f"{section}/{key}", system, title, value=value, **rest)


def _cold_start(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    words = {"times_the_floor": "x floor", "of_the_common_build": "of common build"}
    titles = {
        "times_the_floor": "initialisation, CPU, beside the floor",
        "of_the_common_build": "initialisation, CPU, beside the common build",
    }
    for name, row in report["functions"].items():
        for key, unit in words.items():
            limit = row["budget"][key]
            yield figure(
                f"{name}/{key}", name, titles[key], row[key], asked=f"≤ {limit:g} {unit}",
                unit=unit, limit=limit, relative=True, samples=row["samples"][key],
            )  # fmt: skip
        size = row["budget"]["compressed_mb_above_base"]
        yield figure(
            f"{name}/compressed_mb_above_base", name, "compressed, above the base image",
            row["compressed_mb_above_base"], asked=f"≤ {size} MB", unit="MB", limit=size,
            exact=True,
        )  # fmt: skip
    yield figure(
        "rebuild_seconds", "fleet", "every image built again, nothing changed",
        report["rebuild_seconds"], asked="< 3 s", unit="s", limit=3,
    )  # fmt: skip


def _sizes(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    for name, row in report["images"].items():
        yield figure(f"{name}/mb", name, "compressed image, base included", row["mb"], unit="MB",
                     exact=True)  # fmt: skip
    yield figure("kept_mb", "fleet", "what a registry keeps of all images", report["kept_mb"],
                 unit="MB", exact=True)  # fmt: skip
    yield figure("kept_of_unshared", "fleet", "of what they would be without shared layers",
                 report["kept_of_unshared"], exact=True, relative=True)  # fmt: skip


def _builds(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    titles = {
        "cold": "every image built from nothing",
        "no_change": "every image, nothing changed",
        "one_line": "every image, one line of one function changed",
        "shared_line": "every image, one line of the shared library changed",
    }
    cold = report["seconds"]["cold"]
    for key, title in titles.items():
        each = report["each"][key]
        yield figure(key, "fleet", title, report["seconds"][key], unit="s", samples=each)
        if key != "cold":
            yield figure(f"{key}_of_cold", "fleet", f"{title}, beside from nothing",
                         report["seconds"][key] / cold, relative=True,
                         samples=[one / cold for one in each])  # fmt: skip


def _terraform(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    for key, title in (("plan", "fleet plan"), ("apply", "fleet apply, nothing changed")):
        yield figure(f"{key}_seconds", "terraform", title, report[f"{key}_seconds"], unit="s",
                     samples=report["each"][key])  # fmt: skip


def _stack(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    yield figure("up_seconds", "terraform", "fleet up", report["up_seconds"], unit="s")
    yield figure("bootstrap_seconds", "terraform",
                 "fleet bootstrap: images, first plan and apply, first release",
                 report["bootstrap_seconds"], unit="s")  # fmt: skip


def _calls(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    titles = {"cold": "container start to first answer", "warm": "warm smoke event"}
    for name, row in report.items():
        for kind, title in titles.items():
            yield figure(f"{name}/{kind}_ms", name, title, row[f"{kind}_ms"], unit="ms")
            yield figure(f"{name}/{kind}_times", name, f"{title}, beside the floor's",
                         row[f"{kind}_times"], unit="x floor", relative=True,
                         samples=row["samples"][kind])  # fmt: skip


def _delivery(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    titles = {
        "one_line": "one line of a handler, from the push to live",
        "shared_line": "one line of the shared library, from the push to live everywhere",
    }
    for kind, title in titles.items():
        for step in ("changed", "build", "push", "release"):
            yield figure(f"{kind}/{step}_seconds", "delivery", f"{title}: {step}",
                         report[kind][step], unit="s")  # fmt: skip
        yield figure(f"{kind}/seconds", "delivery", title, report[kind]["all"], unit="s",
                     samples=report[kind]["samples"])  # fmt: skip
    yield figure("new_function/seconds", "delivery", "fleet new, until the function answers",
                 report["new_function"]["all"], asked="< 60 s", unit="s", limit=60)  # fmt: skip


def _releases(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    hand, many = report["rollback"], report["fifteen_functions"]
    yield figure("rollback_seconds", "releases", "fleet rollback, from the shell",
                 hand["process_seconds"], asked="< 3 s", unit="s", limit=hand["budget_seconds"],
                 samples=hand["each_process_seconds"])  # fmt: skip
    yield figure("live_moved_seconds", "releases", "rollback, until live has moved",
                 hand["live_moved_seconds"], unit="s")  # fmt: skip
    guard = report["alarm_to_restored_traffic"]
    for start in ("cold", "warm"):
        yield figure(f"{start}_guard_seconds", "releases",
                     f"an alarm, until live answers well; guard {start}",
                     guard[f"{start}_guard_seconds"], unit="s",
                     samples=guard["each"][start])  # fmt: skip
    yield figure("one_release_seconds", "releases", "one real function released",
                 many["one_command_seconds"], unit="s")  # fmt: skip
    yield figure("fifteen_times_one", "releases", "15 functions released, times one",
                 many["ratio"], asked=f"< {many['budget']:g} x", unit="x", limit=many["budget"],
                 relative=True, samples=many["samples"])  # fmt: skip


def _demo(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    for key, title, asked, limit in (
        ("first", "make demo on a fresh clone", "< 10 min", 600),
        ("second", "make demo again", "< 2 min", 120),
    ):
        yield figure(f"{key}_seconds", "fleet", title, report[key], asked=asked, unit="s",
                     limit=limit)  # fmt: skip


TOLD: dict[str, Callable[[Callable[..., Figure], Report], Iterator[Figure]]] = {
    "cold_start": _cold_start,
    "sizes": _sizes,
    "builds": _builds,
    "terraform": _terraform,
    "calls": _calls,
    "delivery": _delivery,
    "releases": _releases,
    "demo": _demo,
    **serving.TOLD,
}
