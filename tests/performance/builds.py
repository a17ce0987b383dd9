"""How long builds take: from nothing, with nothing changed, with one line, with a shared line.

    python -m tests.performance.builds     → build/bench.json ("builds")

In a clone of this commit, so that nobody's files are changed. The base images stay: a build from
nothing is one without the layers of ours, and what uv has downloaded stays with it.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from fleet import environments
from fleet.images import bake
from fleet.project import Project

from tests.performance import results
from tests.performance.compare import checkout

FUNCTION = "sync-clock"
ONE = f"images/{FUNCTION}/src/sync_clock/handler.py"
SHARED = "shared/function_kit/src/function_kit/settings.py"
ROUNDS = 3
TAG = "bench-builds"


def seconds(
    project: Project, *, no_cache: bool = False, touched: str = "", note: str = ""
) -> float:
    """Build every image, after a line was added to a file."""
    if touched:
        with (project.root / touched).open("a", encoding="utf-8") as file:
            file.write(f"# {note}\n")
    architecture = environments.load(project, "local").architecture
    began = time.perf_counter()
    bake.build(project, project.functions, tag=TAG, architecture=architecture, no_cache=no_cache)
    return round(time.perf_counter() - began, 2)


def run(project: Project) -> dict[str, Any]:
    """All four, the quick ones in turns."""
    timed: dict[str, list[float]] = {"cold": [], "no_change": [], "one_line": [], "shared_line": []}
    with tempfile.TemporaryDirectory() as folder:
        clone = checkout(project, "HEAD", Path(folder) / "clone")
        clone.reports.mkdir(parents=True, exist_ok=True)
        timed["cold"].append(seconds(clone, no_cache=True))
        seconds(clone)  # a build without the cache leaves none to be found by the first with it
        for number in range(ROUNDS):
            note = f"{number} {time.time_ns()}"  # new to the builder's cache, too
            timed["no_change"].append(seconds(clone))
            timed["one_line"].append(seconds(clone, touched=ONE, note=note))
            timed["shared_line"].append(seconds(clone, touched=SHARED, note=note))
    return {
        "images": len(project.functions),
        "seconds": {name: round(statistics.median(each), 2) for name, each in timed.items()},
        "each": timed,
    }


def main() -> None:
    """Measure and write it down."""
    report = run(Project(results.ROOT))
    results.keep("builds", report)
    print(json.dumps(report, indent=1))
    sys.exit(0)


if __name__ == "__main__":
    main()
