"""From a push to the new version live, step by step; from `fleet new` to an answer.

    FLEET_STACK=… python -m tests.performance.delivery     → build/bench.json ("delivery")

The stack must be up and bootstrapped. The steps are those of deploy.yml, run one after the other in
a clone of this commit: for one line of a handler, and for one of the library in every image.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from fleet.project import Project

from tests.kit.clones import git
from tests.kit.program import fleet
from tests.performance import results
from tests.performance.bench.sections import STACK
from tests.performance.builds import ONE, SHARED
from tests.performance.compare import checkout

STEPS = (
    ("changed", ("changed", "--base", "HEAD^", "--json")),
    ("build", ("build", "--function", "changed")),
    ("push", ("push", "--function", "changed")),
    ("release", ("release", "--function", "changed")),
)
NEW = "bench-new"
ROUNDS = 2


def verb(project: Project, *words: str) -> float:
    """Seconds that one verb takes in a checkout."""
    began = time.perf_counter()
    ended = fleet(*words, cwd=project.root, FLEET_STACK=STACK)
    if ended.code:
        raise RuntimeError(f"fleet {words[0]} failed: {ended.err}")
    return round(time.perf_counter() - began, 2)


def push(project: Project, path: str) -> dict[str, float]:
    """Commit one more line in a file; seconds of each step until it is live."""
    with (project.root / path).open("a", encoding="utf-8") as file:
        file.write(f"# {time.time_ns()}\n")
    git(project.root, "commit", "--quiet", "--all", "-m", "one line")
    steps = {name: verb(project, *words) for name, words in STEPS}
    return steps | {"all": round(sum(steps.values()), 2)}


def new(project: Project) -> dict[str, float]:
    """Make a function, commit it, bring it up, ask it."""
    made = verb(project, "new", NEW, "--trigger", "http")
    git(project.root, "add", "--all", "--", ".", ":!.fleet")
    git(project.root, "commit", "--quiet", "-m", "a new function")
    live = verb(project, "bootstrap", "--function", NEW)
    answer = verb(project, "invoke", "--function", NEW, "--event", "get")
    steps = {"new": made, "bootstrap": live, "invoke": answer}
    return steps | {"all": round(made + live + answer, 2)}


def run(project: Project) -> dict[str, Any]:
    """Both kinds of a change in turns, and a new function."""
    with tempfile.TemporaryDirectory() as folder:
        clone = checkout(project, "HEAD", Path(folder) / "clone")
        rounds = [(push(clone, ONE), push(clone, SHARED)) for _ in range(ROUNDS)]
        made = new(clone)
    one, shared = ([each[kind] for each in rounds] for kind in (0, 1))
    return {"one_line": _medians(one), "shared_line": _medians(shared), "new_function": made}


def _medians(each: list[dict[str, float]]) -> dict[str, Any]:
    medians = {step: round(statistics.median(e[step] for e in each), 2) for step in each[0]}
    return medians | {"samples": [e["all"] for e in each]}


def main() -> None:
    """Measure and write it down."""
    report = run(Project(results.ROOT))
    results.keep("delivery", report)
    print(json.dumps(report, indent=1))
    sys.exit(0)


if __name__ == "__main__":
    main()
