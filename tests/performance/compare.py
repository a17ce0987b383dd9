"""Size and cold start of images beside those of another commit: what a change does to them.

    make compare FN=sync-clock BASE=origin/main    → build/compare.json, and the job's summary

Both are built here and measured in turns, so that the machine's own moods meet both alike.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from fleet import environments
from fleet.changes import changed_functions
from fleet.errors import FleetError
from fleet.github.run import summarise
from fleet.images import bake
from fleet.project import Project
from rich.console import Console

from tests.performance.cold_start import ROOT, Subject, compressed_above_base, manifest, measure

ROUNDS = 5


def main() -> None:
    """Compare, write the figures, show them."""
    project, base = Project(ROOT), os.environ.get("BASE") or "HEAD^"
    wanted = os.environ.get("FN") or "changed"
    names = changed_functions(project, base) if wanted == "changed" else project.select(wanted)
    with tempfile.TemporaryDirectory() as folder:
        before = checkout(project, base, Path(folder) / "base")
        rows = {name: compare(project, before, name) for name in names}
    report = {"base": base, "functions": rows}
    (project.reports / "compare.json").write_text(json.dumps(report, indent=2) + "\n")
    text = markdown(base, rows)
    Console(stderr=True).print(text, markup=False)
    summarise(text)


def checkout(project: Project, commit: str, folder: Path) -> Project:
    """The project at another commit, in a folder of its own with this one's tools."""
    for command in (
        ["git", "clone", "--quiet", "--shared", "--no-checkout", str(project.root), str(folder)],
        ["git", "-C", str(folder), "checkout", "--quiet", "--detach", commit],
    ):
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise FleetError(f"{commit} cannot be checked out: {ended.stderr.strip()}", "fetch it")
    (folder / ".fleet").symlink_to(project.state)
    return Project(folder)


def compare(project: Project, before: Project, name: str) -> dict[str, Any]:
    """One function's figures now and at the base; without a base, of now alone."""
    now = built(project, name, "compare-now")
    then = built(before, name, "compare-base") if name in before.functions else None
    times: dict[str, list[float]] = {"now": [], "base": []}
    for _ in range(ROUNDS):
        times["now"].append(measure(now)["cpu_ms"])
        if then:
            times["base"].append(measure(then)["cpu_ms"])
    base = bake.base_images(project)["BASE_IMAGE"]
    row = {
        "mb": round(compressed_above_base(now.image, base) / 1e6, 2),
        "init_cpu_ms": round(statistics.median(times["now"]), 1),
    }
    if then:
        row["base_mb"] = round(compressed_above_base(then.image, base) / 1e6, 2)
        row["base_init_cpu_ms"] = round(statistics.median(times["base"]), 1)
    return row


def built(project: Project, name: str, tag: str) -> Subject:
    architecture = environments.load(project, "local").architecture
    bake.build(project, [name], tag=tag, architecture=architecture)
    return Subject(name, f"{project.name}/{name}:{tag}", manifest(name)["environment"])


def markdown(base: str, rows: dict[str, dict[str, Any]]) -> str:
    """A table for people."""
    lines = [
        f"| {name} | {figure(row, 'mb', 'MB')} | {figure(row, 'init_cpu_ms', 'ms')} |"
        for name, row in rows.items()
    ]
    head = f"| beside {base[:12]} | above the base image | initialisation, CPU |"
    return "\n".join([head, "| --- | --- | --- |", *lines])


def figure(row: dict[str, Any], key: str, unit: str) -> str:
    """A figure, and by how much of the base's it differs."""
    now, before = row[key], row.get(f"base_{key}")
    if not before:
        return f"{now} {unit} (new)"
    return f"{now} {unit} ({(now - before) / before:+.1%})"


if __name__ == "__main__":
    main()
