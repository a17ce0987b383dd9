"""Cold start and size of every image, beside the floor and the common way to build.

    make bench          → build/bench.json and a table

A function joins by existing: its folder's pyproject.toml says which budget it has
(`cold-start`) and the variables that it needs to initialise (`environment`). These machines
are noisy for minutes on end, so ratios are what counts, and each is of two images measured
within seconds of each other: the floor's own time is taken anew beside every function.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from fleet import environments
from fleet.images import bake
from fleet.project import Project
from rich.console import Console
from rich.table import Table

from tests.performance import results

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
ROUNDS, REPEATS = 5, 3
COMMON_ROUNDS = 2  # ten times slower than ours, and far from its budget
# Initialisation, as multiples of the floor's and of the common build's: by what a function needs.
BUDGETS = {"aws": (5.0, 0.35), "clients": (7.0, 0.40), "large": (12.0, 0.60)}
BUDGETS["arrow"] = BUDGETS["large"]
REBUILD_SECONDS = 3  # every image, with nothing changed
COMPRESSED_MB = {"aws": 15, "clients": 15, "large": 15, "arrow": 80}


@dataclass(frozen=True)
class Subject:
    """An image to measure, and the variables it needs."""

    name: str
    image: str
    environment: dict[str, str]


class Round(NamedTuple):
    """One function's figures and the floor's, seconds apart; the common build's in some."""

    floor: dict[str, float]
    own: dict[str, float]
    common: dict[str, float] | None


def docker(*arguments: str) -> str:
    done = subprocess.run(
        ["docker", *arguments], check=False, capture_output=True, text=True, cwd=ROOT
    )
    if done.returncode:
        raise RuntimeError(f"docker {' '.join(arguments)}\nfailed: {done.stderr[-4000:]}")
    return done.stdout


def manifest(function: str) -> dict[str, Any]:
    text = (ROOT / "images" / function / "pyproject.toml").read_text(encoding="utf-8")
    settings: dict[str, Any] = tomllib.loads(text)["tool"]["lambda-image"]
    return settings


def runtime_client() -> str:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    (version,) = [p["version"] for p in lock["package"] if p["name"] == "awslambdaric"]
    return f"awslambdaric=={version}"


def build_peer(project: Project, stage: str, function: str = "") -> str:
    """Build the floor, or a function the common way; return the image's name."""
    name = f"{project.name}/bench-{stage}{'-' if function else ''}{function}:bench"
    package = function.replace("-", "_")
    base = bake.base_images(project)["BASE_IMAGE"]
    arguments = {"BASE_IMAGE": base, "RUNTIME_CLIENT": runtime_client()}
    arguments |= {"FUNCTION": function, "PACKAGE": package} if function else {}
    given = [part for item in arguments.items() for part in ("--build-arg", "=".join(item))]
    docker(
        "buildx", "build", "--quiet", "--load", "--target", stage, "--tag", name, *given,
        "--build-context", f"uv={project.state / 'context' / 'uv'}",
        "--secret", "id=ca_bundle,src=/etc/ssl/certs/ca-certificates.crt",
        "--file", str(HERE / "floor" / "floor.Dockerfile"), ".",
    )  # fmt: skip
    return name


def measure(subject: Subject) -> dict[str, float]:
    """Fresh processes in one container of the image: the median of each figure."""
    variables = [part for item in subject.environment.items() for part in ("--env", "=".join(item))]
    printed = docker(
        "run", "--rm", "--network", "none", *variables,
        "--volume", f"{HERE / 'probe.py'}:/probe.py:ro", "--entrypoint", "/usr/local/bin/python3",
        subject.image, "/probe.py", str(REPEATS), "lambda_function.handler",
    )  # fmt: skip
    figures: dict[str, list[float]] = json.loads(printed.splitlines()[-1])
    return {key: statistics.median(values) for key, values in figures.items()}


def compressed_above_base(image: str, base: str) -> int:
    """Bytes of the image's own layers, compressed as a registry keeps them."""
    own = json.loads(docker("image", "inspect", image))[0]["RootFS"]["Layers"]
    below = set(json.loads(docker("image", "inspect", base))[0]["RootFS"]["Layers"])
    return sum(_gzipped(image, own, layer) for layer in own if layer not in below)


def _gzipped(image: str, order: list[str], layer: str) -> int:
    script = (
        "import gzip,io,json,sys,tarfile\n"
        "image=tarfile.open(fileobj=sys.stdin.buffer, mode='r|')\n"
        "files={m.name: image.extractfile(m).read() for m in image if m.isfile()}\n"
        "names=json.loads(files['manifest.json'])[0]['Layers']\n"
        f"print(len(gzip.compress(files[names[{order.index(layer)}]], 6)))"
    )
    saved = subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE)
    ended = subprocess.run(
        [sys.executable, "-c", script], stdin=saved.stdout, capture_output=True, check=True
    )
    return int(ended.stdout)


def run(project: Project) -> dict[str, Any]:
    """Build what is compared, measure it, and hold it against the budgets."""
    architecture = environments.load(project, "local").architecture
    bake.build(project, project.functions, tag="bench", architecture=architecture)
    floor = Subject("floor", build_peer(project, "floor"), {})
    own, common = {}, {}
    for name in project.functions:
        variables = manifest(name)["environment"]
        own[name] = Subject(name, f"{project.name}/{name}:bench", variables)
        common[name] = Subject(name, build_peer(project, "common", name), variables)
    rounds: dict[str, list[Round]] = {name: [] for name in project.functions}
    for number in range(ROUNDS):
        for name, found in rounds.items():
            beside = measure(common[name]) if number < COMMON_ROUNDS else None
            found.append(Round(measure(floor), measure(own[name]), beside))
    base = bake.base_images(project)["BASE_IMAGE"]
    every_floor = [one.floor for found in rounds.values() for one in found]
    return {
        "floor": _summary(every_floor),
        "functions": {
            name: _held(manifest(name)["cold-start"], found, own[name].image, base)
            for name, found in rounds.items()
        },
        "rebuild_seconds": rebuild_seconds(project, architecture),
    }


def rebuild_seconds(project: Project, architecture: str) -> float:
    """Building every image with nothing changed."""
    began = time.perf_counter()
    bake.build(project, project.functions, tag="bench", architecture=architecture)
    return round(time.perf_counter() - began, 2)


def _summary(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(r[key] for r in rounds), 1) for key in rounds[0]}


def _held(kind: str, rounds: list[Round], image: str, base: str) -> dict[str, Any]:
    commons = [(one.own, one.common) for one in rounds if one.common]
    measured = {
        "times_the_floor": _ratio([(one.own, one.floor) for one in rounds]),
        "of_the_common_build": _ratio(commons),
        "compressed_mb_above_base": round(compressed_above_base(image, base) / 1e6, 1),
    }
    budget = dict(zip(measured, (*BUDGETS[kind], COMPRESSED_MB[kind]), strict=True))
    over = [name for name, value in measured.items() if value > budget[name]]
    return {
        "kind": kind,
        "samples": {
            "times_the_floor": _ratios([(one.own, one.floor) for one in rounds]),
            "of_the_common_build": _ratios(commons),
        },
        "init": _summary([one.own for one in rounds]),
        "common_init": _summary([common for _, common in commons]),
        **measured,
        "budget": budget,
        "over": over,
        "within_budget": not over,
    }


def _ratio(pairs: list[tuple[dict[str, float], dict[str, float]]]) -> float:
    return round(statistics.median(_ratios(pairs)), 2)


def _ratios(pairs: list[tuple[dict[str, float], dict[str, float]]]) -> list[float]:
    return [round(a["cpu_ms"] / b["cpu_ms"], 3) for a, b in pairs]


def show(report: dict[str, Any]) -> None:
    """The table for people."""
    table = Table(title="initialisation (CPU ms of a fresh process until it asks for an event)")
    for heading in ("function", "kind", "init", "x floor", "of common", "MB above base", "budget"):
        table.add_column(heading)
    table.add_row("floor", "", str(report["floor"]["cpu_ms"]), "1", "", "", "")
    for name, row in report["functions"].items():
        figures = [f"{row[key]} (≤ {limit})" for key, limit in row["budget"].items()]
        over = ", ".join(key.replace("_", " ") for key in row["over"])
        verdict = f"[red]over: {over}[/red]" if over else "[green]held[/green]"
        table.add_row(name, row["kind"], str(row["init"]["cpu_ms"]), *figures, verdict)
    console = Console(stderr=True)
    console.print(table)
    console.print(f"nothing to build: {report['rebuild_seconds']} s (budget {REBUILD_SECONDS} s)")


def main() -> None:
    """Measure, add to build/bench.json, show; exit 1 when a budget is missed."""
    project = Project(ROOT)
    report = run(project)
    results.keep("cold_start", report)
    show(report)
    held = all(row["within_budget"] for row in report["functions"].values())
    sys.exit(0 if held and report["rebuild_seconds"] < REBUILD_SECONDS else 1)


if __name__ == "__main__":
    main()
