"""Cold start and size of every image, beside the floor and the common way to build.

    make bench          → build/bench.json and a table

A function joins by existing: its folder's pyproject.toml says which budget it has
(`cold-start`) and the variables that it needs to initialise (`environment`). Everything
is measured in one run, in rounds over all images, because these machines are noisy:
ratios are what counts.
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
from typing import Any

from fleet import environments
from fleet.images import bake
from fleet.project import Project
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
ROUNDS, REPEATS = 3, 5
# Initialisation, as multiples of the floor's and of the common build's: by what a function needs.
BUDGETS = {"aws": (5.0, 0.35), "clients": (7.0, 0.40), "large": (12.0, 0.60)}
REBUILD_SECONDS = 3  # every image, with nothing changed
COMPRESSED_MB = {"aws": 15, "clients": 15, "large": 80}


@dataclass(frozen=True)
class Subject:
    """An image to measure, and the variables it needs."""

    name: str
    image: str
    environment: dict[str, str]


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


def measure(subject: Subject) -> dict[str, list[float]]:
    """One round: fresh processes in one container of the image."""
    variables = [part for item in subject.environment.items() for part in ("--env", "=".join(item))]
    printed = docker(
        "run", "--rm", "--network", "none", *variables,
        "--volume", f"{HERE / 'probe.py'}:/probe.py:ro", "--entrypoint", "/usr/local/bin/python3",
        subject.image, "/probe.py", str(REPEATS), "lambda_function.handler",
    )  # fmt: skip
    figures: dict[str, list[float]] = json.loads(printed.splitlines()[-1])
    return figures


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
    subjects = [floor]
    for function in project.functions:
        variables = manifest(function)["environment"]
        subjects.append(Subject(function, f"{project.name}/{function}:bench", variables))
        common = build_peer(project, "common", function)
        subjects.append(Subject(f"{function} (common build)", common, variables))
    rounds = [{s.name: measure(s) for s in subjects} for _ in range(ROUNDS)]
    figures = {s.name: _summary([r[s.name] for r in rounds]) for s in subjects}
    base = bake.base_images(project)["BASE_IMAGE"]
    return {
        "floor": figures["floor"],
        "functions": {
            function: _held(function, figures, f"{project.name}/{function}:bench", base)
            for function in project.functions
        },
        "rebuild_seconds": rebuild_seconds(project, architecture),
    }


def rebuild_seconds(project: Project, architecture: str) -> float:
    """Building every image with nothing changed."""
    began = time.perf_counter()
    bake.build(project, project.functions, tag="bench", architecture=architecture)
    return round(time.perf_counter() - began, 2)


def _summary(rounds: list[dict[str, list[float]]]) -> dict[str, float]:
    return {
        key: round(statistics.median([v for r in rounds for v in r[key]]), 1) for key in rounds[0]
    }


def _held(function: str, figures: dict[str, Any], image: str, base: str) -> dict[str, Any]:
    own, common = figures[function], figures[f"{function} (common build)"]
    kind = manifest(function)["cold-start"]
    measured = {
        "times_the_floor": round(own["cpu_ms"] / figures["floor"]["cpu_ms"], 2),
        "of_the_common_build": round(own["cpu_ms"] / common["cpu_ms"], 2),
        "compressed_mb_above_base": round(compressed_above_base(image, base) / 1e6, 1),
    }
    budget = dict(zip(measured, (*BUDGETS[kind], COMPRESSED_MB[kind]), strict=True))
    over = [name for name, value in measured.items() if value > budget[name]]
    return {
        "kind": kind,
        "init": own,
        "common_init": common,
        **measured,
        "budget": budget,
        "over": over,
        "within_budget": not over,
    }


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
    path = project.reports / "bench.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps(known | report, indent=2) + "\n", encoding="utf-8")
    show(report)
    held = all(row["within_budget"] for row in report["functions"].values())
    sys.exit(0 if held and report["rebuild_seconds"] < REBUILD_SECONDS else 1)


if __name__ == "__main__":
    main()
